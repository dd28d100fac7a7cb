"""Rows on their way to the server: one JSON text for all of them, read there by `json_to_recordset`.

Arrays would be the obvious way; but the driver asks of each element whether it is an array in turn, which takes longer
than for the server to read JSON. A figure travels as text, so it is exact.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.usage import HourRollup

_encoder = msgspec.json.Encoder()


def as_json(rows: Sequence[msgspec.Struct]) -> str:
    """The rows as a JSON array of objects, for a parameter `$n::text::json`."""
    return _encoder.encode(rows).decode()


def figures(r: HourRollup) -> tuple[int, Decimal, Decimal, datetime, datetime, Decimal, Decimal]:
    """A roll-up as the columns that hold it."""
    return r.count, r.sum, r.max, r.first_time, r.last_time, r.last_value, r.area
