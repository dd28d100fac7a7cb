"""What can be said of an event before anything is written: is it whole, is its time right, can its meters read it?"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.usage.events import EventRow
from domain.catalog import Meter
from domain.usage import ADDS_UP, FRACTION_DIGITS, Measured, Reading, Rejected, value_of
from service.usage.events import SentEvent

AHEAD_MAX = timedelta(seconds=30)
"""How far a sender's clock may run ahead of ours."""
OWN_SOURCE = "tollgate"
"""The source of events that are made here, by consume: nobody else's ids can meet theirs."""
PROPERTIES_BYTES_MAX = 8_192
NO_SUBSCRIPTION = "no such subscription"
"""Of one that is nobody's or somebody else's: which of the two is not told."""

_NAME = re.compile(r"[^\x00\ud800-\udfff]{1,255}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
_LARGEST = Decimal(10**18)
_json = msgspec.json.Encoder(order="deterministic")


class EventCustomer(NamedTuple):
    """The customer of an event, what time it is for them, and between which instants their events may lie."""

    customer_id: str
    erased: bool
    now: datetime
    earliest: datetime
    latest: datetime


class Ready(msgspec.Struct, frozen=True, gc=False):
    """An event that can be recorded, and what each meter of its type reads off it."""

    row: EventRow
    readings: list[tuple[Meter, Reading]]


def check(
    event: SentEvent, customer: EventCustomer | None, meters: tuple[Meter, ...], owners: Mapping[str, str]
) -> Ready | str:
    """The event ready to be recorded, or what is wrong with it, in words for its sender. `owners`: whose the
    subscriptions are that events name."""
    id, source, time = event.id, event.source or "", event.time
    if not (0 < len(id) <= 255 and id.isascii() and id.isprintable()) and not _NAME.fullmatch(id):
        return "id must be 1 to 255 characters"
    if source and (source == OWN_SOURCE or not _NAME.fullmatch(source)):
        return f"source must be at most 255 characters, and not {OWN_SOURCE}"
    if customer is None:
        return "no such customer"
    if customer.erased:
        return "the customer was erased"
    if not meters:
        return f"no meter reads events of type {event.type[:255]!r}"
    if event.subscription_id is not None:
        if owners.get(event.subscription_id) != customer.customer_id:
            return NO_SUBSCRIPTION
        if (reason := unnamable(meters)) is not None:
            return reason
    if time is None:
        time = customer.now
    elif time.tzinfo is not UTC:
        if time.tzinfo is None:
            return "time must have an offset"
        try:
            time = time.astimezone(UTC)
        except OverflowError:
            return "time is not on the calendar"
    if time > customer.latest:
        return f"time lies in the future: it is {customer.now.isoformat()}"
    if time < customer.earliest:
        return f"time lies more than {(customer.now - customer.earliest).days} days back"
    quantity, properties = event.quantity, event.properties
    value = None if quantity is None else _plain(quantity)
    if quantity is not None and value is None:
        return f"value must have at most 18 digits before the point and {FRACTION_DIGITS} after it"
    read: list[tuple[Meter, Reading]] = []
    for meter in meters:
        measured = value_of(meter, value, properties)
        if isinstance(measured, Rejected):
            return measured.message
        read.append((meter, Reading(time, measured.value, measured.text)))
    stored = to_json(properties) if properties else None
    if stored is None and properties:
        return f"properties must be text without zero characters, as JSON at most {PROPERTIES_BYTES_MAX} bytes"
    # Of what was sent, in one spelling: 1.50 is 1.5, properties have no order, a time given here is not repeated.
    named = () if event.subscription_id is None else (event.subscription_id,)
    content = _json.encode((event.type, None if event.time is None else time, value, stored, *named))
    digest = blake2b(content, digest_size=16).digest()
    row = EventRow(customer.customer_id, source, id, event.type, time, digest, quantity, stored, event.subscription_id)
    return Ready(row, read)


def unnamable(meters: Collection[Meter]) -> str | None:
    """Why events that these meters read can name no subscription, if so: what one subscription is charged for and what
    the others are has to come to the figure of all."""
    found = next((meter for meter in meters if meter.aggregation not in ADDS_UP), None)
    if found is None:
        return None
    return f"subscriptionId is only for meters of SUM and COUNT; {found.key}, of {found.aggregation}, reads this, too"


def is_number(value: Decimal) -> bool:
    """Whether the value has at most 18 digits before the point and 12 after it."""
    return _plain(value) is not None


def readable(meters: Iterable[Meter], row: EventRow) -> Ready:
    """An event made here, read by those meters of its type that can read it."""
    properties = None if row.properties is None else msgspec.json.decode(row.properties)
    measured = ((meter, value_of(meter, row.value, properties)) for meter in meters)
    return Ready(
        row,
        [
            (meter, Reading(row.time, measure.value, measure.text))
            for meter, measure in measured
            if isinstance(measure, Measured)
        ],
    )


def to_json(properties: Mapping[str, Any]) -> msgspec.Raw | None:
    """The properties as JSON, their keys in order, that the database can read back. None: they cannot be stored."""
    for found in properties.values():
        if type(found) is Decimal:  # never from JSON
            properties = {
                name: format(value, "f") if type(value) is Decimal else value for name, value in properties.items()
            }
            break
    try:
        text = _json.encode(properties)
    except (UnicodeEncodeError, TypeError):
        return None
    return None if len(text) > PROPERTIES_BYTES_MAX or b"\\u0000" in text else msgspec.Raw(text)


def _plain(value: Decimal) -> str | None:
    """The number's one spelling, if it has at most 18 digits before the point and 12 after it: 1.50 is 1.5."""
    text = str(value)
    if not _NUMBER.fullmatch(text):  # an exponent, zeros beyond the 12th digit, or no such number
        if not value.is_finite() or abs(value) >= _LARGEST or value != round(value, FRACTION_DIGITS):
            return None
        text = format(round(value, FRACTION_DIGITS), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
