"""Reading a request body in pieces, never more of it than is allowed.

Up to 1 MB any operation may take. Beyond that only one with a batch may (`contract.Batches`), up to 8 MB, and it has to
show early: at 1 MB reading goes on only if the field's name occurs in what has come so far, so the document stands
before the variables or the body is refused half read. That the operation really has a batch is checked once it is
decoded (`http`).
"""

import asyncio

from starlette.types import Message, Receive

from graphql_edge.errors import ClientError
from graphql_edge.limits import Limits


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


def too_large(limits: Limits, field: str | None) -> TooLarge:
    """The refusal of a body, saying what is allowed. `field` is that of batches, if there are any."""
    allowed = f"A body has at most {limits.body_bytes_max} bytes"
    if field is None:
        return TooLarge(f"{allowed}.")
    return TooLarge(
        f"{allowed}; one that is nothing but {field} {limits.batch_body_bytes_max}, with the document before the "
        "variables."
    )


async def read_body(receive: Receive, declared: bytes | None, limits: Limits, field: str | None) -> bytes:
    """The whole body; TooLarge, TooSlow or Disconnected otherwise. `field` is that of batches, if there are any."""
    most = limits.body_bytes_max if field is None else limits.batch_body_bytes_max
    if declared is not None:
        try:
            length = int(declared)
        except ValueError:
            raise ClientError("Content-Length is not a number.") from None
        if length > most:
            raise too_large(limits, field)
    deadline_s = asyncio.get_running_loop().time() + limits.body_timeout_s
    message = await _next(receive, deadline_s)
    piece: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(piece) > most:
            raise too_large(limits, field)
        return piece
    return await _rest(receive, piece, deadline_s, limits, field)


async def _next(receive: Receive, deadline_s: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline_s):
            message = await receive()
    except TimeoutError:
        raise TooSlow("The body did not arrive in time.") from None
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message


async def _rest(receive: Receive, first: bytes, deadline_s: float, limits: Limits, field: str | None) -> bytes:
    body = bytearray(first)
    most = limits.body_bytes_max
    more = True
    while True:
        if field is not None and len(body) > most == limits.body_bytes_max and body.find(field.encode(), 0, most) >= 0:
            most = limits.batch_body_bytes_max
        if len(body) > most:
            raise too_large(limits, field)
        if not more:
            return bytes(body)
        message = await _next(receive, deadline_s)
        body += message.get("body", b"")
        more = message.get("more_body", False)
