"""GET /documents/{id}.pdf: an invoice or a credit note, for whoever holds a link to it."""

import re
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.documents.invoice_documents import InvoiceDocuments, LinkStatus, Pdf

_REFUSED = {
    LinkStatus.FORGED: (403, "This is no link of ours.\n"),
    LinkStatus.EXPIRED: (410, "This link has expired.\n"),
}
_HEADERS = {
    "Cache-Control": "private, no-store",  # what is paid changes, and it is about one person
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'",
    "Referrer-Policy": "no-referrer",  # the address opens the document
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]")


def documents_route(documents: Callable[[], InvoiceDocuments]) -> Route:
    """`documents` is there once the application has started."""

    async def answer(request: Request) -> Response:
        id, query = request.path_params["id"], request.query_params
        worth = documents().check(id, query.get("expires", ""), query.get("signature", ""))
        if worth is not LinkStatus.GOOD:
            status, message = _REFUSED[worth]
            return PlainTextResponse(message, status, _HEADERS)
        found = await documents().pdf(id)
        if found is None:
            return PlainTextResponse("There is no such document.\n", 404, _HEADERS)
        return Response(found.content, 200, _HEADERS | _named(found), "application/pdf")

    return Route("/documents/{id}.pdf", answer, methods=["GET"])


def _named(pdf: Pdf) -> dict[str, str]:
    """Shown in the browser, and saved under its number (RFC 6266)."""
    name = f"{pdf.number}.pdf"
    plain = _UNUSUAL.sub("_", name)
    return {"Content-Disposition": f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"}
