"""Cutting a connection whose client does not read any more."""

from typing import Any

from starlette.types import Send


def abort(send: Send) -> None:
    """Drop the connection with all that is buffered for it.

    ASGI has no word for this: a close waits until the client has read what is before it, which a stalled client never
    does. uvicorn's `send` is a method of its protocol or of a request of it, where the transport is found. Behind
    another server, or a middleware that wraps `send`, the server's own timeouts have to do.
    """
    owner: Any = getattr(send, "__self__", None)
    transport = getattr(owner, "transport", None)
    if transport is not None:
        transport.abort()
