"""POST /webhooks/{provider}: what a payment provider tells. Taken in whole, checked, kept, answered; handled later.

The answer is the same whatever was told and of whomever: that we have it, in the provider's own way, or that it is not
the provider's. Bodies are never logged.
"""

import asyncio
from collections.abc import Callable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.providers.notice import NotGenuine
from domain.providers.provider import Unknown
from service.outage import DatabaseAway
from service.providers.webhooks import NoticeIntake

log = structlog.stdlib.get_logger(__name__)

BODY_BYTES_MAX = 1_048_576
BODY_S_MAX = 10.0

_NOT_GENUINE = "not accepted\n"
_RETRY = {"Retry-After": "30"}


class _TooLarge(Exception):
    pass


def webhooks_route(intake: Callable[[], NoticeIntake]) -> Route:
    """`intake` is there once the application has started."""

    async def answer(request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_S_MAX):
                body = await _body(request)
        except _TooLarge:
            return PlainTextResponse("too large\n", 413)
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("too slow\n", 408)
        try:
            kept = await intake().receive(request.path_params["provider"], body, request.headers)
        except NotGenuine as no:
            log.info("webhook refused", why=no.why)
            return PlainTextResponse(_NOT_GENUINE, 400)
        except (DatabaseAway, Unknown) as outage:
            log.warning("webhook not kept", error=str(outage))
            return PlainTextResponse("try again later\n", 503, _RETRY)
        return PlainTextResponse(kept.acknowledgement.text, kept.acknowledgement.status)

    return Route("/webhooks/{provider}", answer, methods=["POST"])


async def _body(request: Request) -> bytes:
    """Byte for byte, as it was signed; never more of it than is allowed."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > BODY_BYTES_MAX:
        raise _TooLarge
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            raise _TooLarge
    return bytes(body)
