"""Reading a request body in pieces, never more of it than is allowed.

Up to 1 MB any operation may take. Beyond that only recordUsage may, up to 8 MB, and it has to show early: at 1 MB
reading goes on only if the field's name occurs in what has come so far, so the document stands before the variables or
the body is refused half read. That the operation really is recordUsage is checked once it is decoded (`http`).
"""

import asyncio
from typing import Final

from starlette.types import Message, Receive

from api.web.errors import ClientError
from api.web.limits import Limits
from api.web.usage_batch import FIELD

_USAGE: Final = FIELD.encode()


class TooLarge(ClientError):
    """More bytes than are read."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413


class TooSlow(ClientError):
    """The body did not arrive in time."""

    code = "REQUEST_TIMEOUT"
    status = 408


class Disconnected(Exception):
    """The client went away before its request was complete."""


def too_large(limits: Limits) -> TooLarge:
    """The refusal of a body, saying what is allowed."""
    return TooLarge(
        f"A body has at most {limits.body_bytes_max} bytes; one that only records usage {limits.usage_body_bytes_max}, "
        "with the document before the variables."
    )


async def read_body(receive: Receive, declared: bytes | None, limits: Limits) -> bytes:
    """The whole body; TooLarge, TooSlow or Disconnected otherwise."""
    if declared is not None:
        try:
            length = int(declared)
        except ValueError:
            raise ClientError("Content-Length is not a number.") from None
        if length > limits.usage_body_bytes_max:
            raise too_large(limits)
    deadline_s = asyncio.get_running_loop().time() + limits.body_timeout_s
    message = await _next(receive, deadline_s)
    piece: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(piece) > limits.usage_body_bytes_max:
            raise too_large(limits)
        return piece
    return await _rest(receive, piece, deadline_s, limits)


async def _next(receive: Receive, deadline_s: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline_s):
            message = await receive()
    except TimeoutError:
        raise TooSlow("The body did not arrive in time.") from None
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message


async def _rest(receive: Receive, first: bytes, deadline_s: float, limits: Limits) -> bytes:
    body = bytearray(first)
    most = limits.body_bytes_max
    more = True
    while True:
        if len(body) > most == limits.body_bytes_max and body.find(_USAGE, 0, most) >= 0:
            most = limits.usage_body_bytes_max
        if len(body) > most:
            raise too_large(limits)
        if not more:
            return bytes(body)
        message = await _next(receive, deadline_s)
        body += message.get("body", b"")
        more = message.get("more_body", False)
