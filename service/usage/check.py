"""What can be said of an event before anything is written: is it whole, is its time right, can its meters read it?"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.usage.events import EventRow
from domain.catalog import Meter
from domain.exact import EXACT
from domain.usage import FRACTION_DIGITS, Measured, Reading, Rejected, value_of
from service.usage.events import SentEvent

AHEAD_MAX = timedelta(seconds=30)
"""How far a sender's clock may run ahead of ours."""
OWN_SOURCE = "tollgate"
"""The source of events that are made here, by consume: nobody else's ids can meet theirs."""
PROPERTIES_BYTES_MAX = 8_192

_NAME = re.compile(r"[^\x00\ud800-\udfff]{1,255}")
_LARGEST = Decimal(10**18)
_json = msgspec.json.Encoder(order="deterministic")


class Whose(NamedTuple):
    """The customer of an event, and what time it is for them."""

    customer_id: str
    erased: bool
    now: datetime


class Ready(NamedTuple):
    """An event that can be recorded, and what each meter of its type reads off it."""

    row: EventRow
    readings: list[tuple[Meter, Reading]]


def check(event: SentEvent, whose: Whose | None, meters: tuple[Meter, ...], retention: timedelta) -> Ready | str:
    """The event ready to be recorded, or what is wrong with it, in words for its sender."""
    source = event.source or ""
    if not _NAME.fullmatch(event.id):
        return "id must be 1 to 255 characters"
    if source == OWN_SOURCE or (source and not _NAME.fullmatch(source)):
        return f"source must be at most 255 characters, and not {OWN_SOURCE}"
    if whose is None:
        return "no such customer"
    if whose.erased:
        return "the customer was erased"
    if not meters:
        return f"type {event.type[:255]!r} is of no meter"
    time = whose.now if event.time is None else event.time
    if time.tzinfo is not UTC:
        if time.tzinfo is None:
            return "time must have an offset"
        time = time.astimezone(UTC)
    if time > whose.now + AHEAD_MAX:
        return f"time lies in the future: it is {whose.now.isoformat()}"
    if time < whose.now - retention:
        return f"time lies more than {retention.days} days back"
    value, properties = event.quantity, event.properties
    read: list[tuple[Meter, Reading]] = []
    for meter in meters:
        measured = value_of(meter, value, properties)
        if isinstance(measured, Rejected):
            return measured.message
        read.append((meter, Reading(time, measured.value, measured.text)))
    if value is not None and not is_number(value):
        return f"value must have at most 18 digits before the point and {FRACTION_DIGITS} after it"
    text = stored(properties) if properties else None
    if text is None and properties:
        return f"properties must be text without zero characters, as JSON at most {PROPERTIES_BYTES_MAX} bytes"
    digest = digest_of(event.type, None if event.time is None else time, value, text)
    row = EventRow(whose.customer_id, source, event.id, event.type, time, digest, value, text)
    return Ready(row, read)


def digest_of(type: str, time: datetime | None, value: Decimal | None, properties: str | None) -> bytes:
    """16 bytes that are the same for the same content, however its number is spelled. `time` is in UTC."""
    number = None if value is None else value.normalize(EXACT) or 0  # so 1.50 is 1.5, and -0.0 is 0
    return blake2b(f"{type}\0{time}\0{number}\0{properties}".encode(), digest_size=16).digest()


def is_number(value: Decimal) -> bool:
    """Whether the value has at most 18 digits before the point and 12 after it."""
    if not value.is_finite() or abs(value) >= _LARGEST:
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and (exponent >= -FRACTION_DIGITS or value == round(value, FRACTION_DIGITS))


def readable(meters: Iterable[Meter], row: EventRow) -> Ready:
    """An event made here, read by those meters of its type that can read it."""
    properties = None if row.properties is None else msgspec.json.decode(row.properties)
    measured = ((meter, value_of(meter, row.value, properties)) for meter in meters)
    return Ready(
        row,
        [(meter, Reading(row.time, one.value, one.text)) for meter, one in measured if isinstance(one, Measured)],
    )


def stored(properties: Mapping[str, Any]) -> str | None:
    """The properties as JSON text, its keys in order, that the database can read back. None: they cannot be stored."""
    try:
        text = _json.encode(
            {name: format(found, "f") if isinstance(found, Decimal) else found for name, found in properties.items()}
        )
    except (UnicodeEncodeError, TypeError):
        return None
    return None if len(text) > PROPERTIES_BYTES_MAX or b"\\u0000" in text else text.decode()
