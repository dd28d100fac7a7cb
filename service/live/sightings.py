"""What a client of a live state has seen, as cursors: digests of what it was shown.

A client is sent a state if and only if it differs from the last one that it has seen. So it can go on after a restart,
on another process, and across changes that no version column counts: a period that rolls over, a right that expires.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Hashable
from hashlib import blake2b
from itertools import count
from typing import Any

import msgspec

from service.live.cursors import BadCursor, decode_cursor, encode_cursor

DIGEST_BYTES = 6
FEATURE_BYTES = 4
FEATURES_MAX = 24
"""As many meters fit into the 512 characters of a cursor. Of a customer with more, it holds those shown last, and the
others are shown again after a reconnection."""
NUMBERED_MAX = 10_000

_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="string")


def digest(value: Any) -> bytes:
    """Tells values apart that JSON tells apart."""
    return blake2b(_encoder.encode(value), digest_size=DIGEST_BYTES).digest()


def feature_hash(key: str) -> bytes:
    """What stands for a feature in a cursor."""
    return blake2b(key.encode(), digest_size=FEATURE_BYTES).digest()


def state_cursor(kind: str, customer_id: str, seen: bytes) -> str:
    """The client has seen the state with this digest."""
    return encode_cursor(kind, customer_id, _text(seen))


def state_seen(cursor: str, kind: str, customer_id: str) -> bytes:
    """The digest that `state_cursor` was given. Raises BadCursor."""
    return _bytes(decode_cursor(cursor, kind, customer_id, str), DIGEST_BYTES)


def usage_cursor(customer_id: str, seen: dict[bytes, bytes]) -> str:
    """The client has seen these digests, by feature hash, the one shown last last."""
    return encode_cursor("usage", customer_id, _text(b"".join(key + seen[key] for key in list(seen)[-FEATURES_MAX:])))


def usage_seen(cursor: str, customer_id: str) -> dict[bytes, bytes]:
    """The digests that `usage_cursor` was given. Raises BadCursor."""
    width = FEATURE_BYTES + DIGEST_BYTES
    raw = _bytes(decode_cursor(cursor, "usage", customer_id, str), width)
    parts = (raw[start : start + width] for start in range(0, len(raw), width))
    return {part[:FEATURE_BYTES]: part[FEATURE_BYTES:] for part in parts}


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str, width: int) -> bytes:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadCursor from None
    if len(raw) % width:
        raise BadCursor
    return raw


class Numbers:
    """Numbers for the states of a channel within this process. They only grow, and a state that is still the channel's
    latest keeps its number: by them an audience is told who has seen what."""

    def __init__(self) -> None:
        self._next = count(1)
        self._latest: dict[Hashable, tuple[bytes, int]] = {}

    def number(self, channel: Hashable, seen: bytes) -> int:
        """The number of the state with this digest, which is the channel's latest."""
        latest = self._latest.pop(channel, None)
        if latest is None or latest[0] != seen:
            latest = (seen, next(self._next))
        self._latest[channel] = latest
        if len(self._latest) > NUMBERED_MAX:
            del self._latest[next(iter(self._latest))]
        return latest[1]
