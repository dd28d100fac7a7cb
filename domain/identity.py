"""Ids of what comes about by itself: worked out, not drawn, so that a repeated or previewed decision names it alike.

A TypeID like any other (prefix, uuid7 in base32), whose random part is a hash of what it stands for.
"""

import hashlib
from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def typeid(prefix: str, number: int) -> str:
    """The 128 bits in Crockford's base32, behind the prefix. 26 digits are 130 bits: the first two are zero."""
    return prefix + "_" + "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def derived_id(prefix: str, at: datetime, *parts: object) -> str:
    """The one id of this kind for these parts. Ids sort by `at`, to the millisecond."""
    milliseconds = max(0, (at - _EPOCH) // _MILLISECOND) & (1 << 48) - 1
    chance = int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:10])
    version, variant = 0x7 << 76, 0b10 << 62
    return typeid(
        prefix, milliseconds << 80 | version | (chance >> 68 & 0xFFF) << 64 | variant | chance & (1 << 62) - 1
    )
