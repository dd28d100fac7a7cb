"""Positions as text that clients hand back: what kind of position, of which customer, and the position itself.

Opaque to clients and the same in every process. The kind and the customer are part of it, so that a cursor that belongs
elsewhere is told apart from one that is behind.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

CURSOR_CHARS_MAX = 512
"""A longer one is not ours (`api.scalars` says the same of every Cursor)."""

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(list[Any])


class BadCursor(Exception):
    """Not a cursor of ours, or one of another kind or customer."""

    def __init__(self, message: str = "this is not a cursor that Tollgate gave") -> None:
        super().__init__(message)
        self.message = message


def encode_cursor(kind: str, owner: str, position: Any) -> str:
    """`position` is anything JSON has a form for."""
    raw = _encoder.encode([kind, owner, position])
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_cursor(cursor: str, kind: str, owner: str, position: type[Any]) -> Any:
    """The position, of the type `position`. Raises BadCursor."""
    if not cursor or len(cursor) > CURSOR_CHARS_MAX or not cursor.isascii():
        raise BadCursor
    try:
        found = _decoder.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        given_kind, given_owner, given = found
        value = msgspec.convert(given, position)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise BadCursor from None
    if given_kind != kind:
        raise BadCursor("this cursor belongs to another field")
    if given_owner != owner:
        raise BadCursor("this cursor belongs to another customer")
    return value


def journal_cursor(customer_id: str, seq: int) -> str:
    """The place after entry `seq` in the journal of one customer."""
    return encode_cursor("journal", customer_id, seq)
