"""GET /metrics: what the deployment shows of itself, for Prometheus."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.metrics import Metrics, may_read

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_HEADERS = {"Cache-Control": "no-store"}


def metrics_route(metrics: Callable[[], Metrics], token: str | None) -> Route:
    """`metrics` is there once the application has started. Without a `token`, only this machine is answered."""

    async def answer(request: Request) -> Response:
        headers = request.headers
        host = None if request.client is None else request.client.host
        forwarded = any(name in headers for name in _FORWARDED)
        if not may_read(token, headers.get("authorization"), host, forwarded=forwarded):
            if token is None:
                message = "Set BILLING_METRICS_TOKEN to read this from another machine.\n"
                return PlainTextResponse(message, 403, _HEADERS)
            refused = _HEADERS | {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse("Send BILLING_METRICS_TOKEN as a bearer token.\n", 401, refused)
        body, media = await metrics().exposition(headers.get("accept", ""))
        return Response(body, 200, _HEADERS, media)

    return Route("/metrics", answer, methods=["GET"])
