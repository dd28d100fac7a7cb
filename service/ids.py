"""Ids are TypeIDs: a prefix that says what it is, and a uuid7 in Crockford's base32, so that they sort by creation.

See https://github.com/jetify-com/typeid (spec 0.3).
"""

import re

from uuid_utils import uuid7

from domain.identity import typeid

_SHAPE = re.compile(r"[a-z]([a-z_]{0,61}[a-z])?_[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(prefix: str) -> str:
    """`new_id("customer")` → "customer_01jd…"."""
    return typeid(prefix, uuid7().int)


def prefix_of(id: str) -> str | None:
    """What the id names, or None when it is not an id of ours."""
    return id.rpartition("_")[0] if _SHAPE.fullmatch(id) else None
