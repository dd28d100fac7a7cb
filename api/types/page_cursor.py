"""Where a page ended, as text that clients hand back: which list, and the key of its element there.

Not a position in the journal (`service.live.cursors`): the keys of some lists are long, such as those of usage events.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

from graphql_edge.errors import BAD_USER_INPUT, ClientError

CHARS_MAX = 4_096
"""Of two names of 255 characters, 4 bytes each; a longer one is not ours."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[Any])


def encode(kind: str, owner: str, key: Any) -> str:
    """`kind` and `owner` (a customer, or "") say which list. `key` is anything JSON has a form for."""
    return urlsafe_b64encode(_encoder.encode([kind, owner, key])).rstrip(b"=").decode()


def decode(cursor: str, kind: str, owner: str, key: Any) -> Any:
    """The key, which is of the type `key`: what somebody made up never reaches the database. Raises ClientError."""
    if not cursor or len(cursor) > CHARS_MAX or not cursor.isascii():
        raise _wrong()
    try:
        given_kind, given_owner, given = _decoder.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found = msgspec.convert(given, key)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _wrong() from None
    if (given_kind, given_owner) != (kind, owner):
        raise _wrong()
    return found


def _wrong() -> ClientError:
    return ClientError("This cursor is none of this list.", code=BAD_USER_INPUT)
