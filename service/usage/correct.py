"""Corrects what an event says. The event stays; a correction is recorded beside it and counts in its place."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.driver import Driver
from adapters.postgres.retries import Retry
from adapters.postgres.usage import events, fold
from adapters.postgres.usage.events import CurrentEvent
from domain.catalog import Aggregation, Meter
from domain.errors import ErrorCode, Refusal, invalid
from domain.usage import Rejected, value_of
from service.ids import new_id
from service.usage.base import Base
from service.usage.check import PROPERTIES_BYTES_MAX, is_number, to_json
from service.usage.customer_lookup import Visible
from service.usage.events import CustomerIds, RecordedEvent
from service.usage.once import answered, keep

REASON_CHARS_MAX = 500


class Correction(NamedTuple):
    """What the event (source, id) of a customer should read. `quantity` takes the place of the figure that its meters
    read, wherever that stands; `properties` are laid over the event's own. Neither: the event does not count at all."""

    ref: CustomerIds
    source: str | None
    id: str
    quantity: Decimal | None
    properties: Mapping[str, Any] | None
    reason: str
    visible: Visible


class _Now(NamedTuple):
    value: Decimal | None
    properties: str | None
    retracted: bool


async def correct(base: Base, correction: Correction, retry: Retry) -> RecordedEvent:
    """Record the correction; the figures of the event's own hour and period follow. Raises Refusal."""
    _check(correction)
    async with base.connection() as (connection, driver):
        customer_id, before = await _find(base, driver, correction)
        meters = (await base.meters_by_type(driver)).get(before.type, ())
        wanted = {(customer_id, meter.key): meter for meter in meters}
        await base.prepare(driver, wanted, [])
        async with connection.begin():
            if (first := await answered(connection, retry, RecordedEvent)) is not None:
                return first
            rows = await fold.lock_complete(driver, wanted)
            customer_id, before = await _find(base, driver, correction)  # as it is now that nobody else corrects it
            recorded = await _record(driver, customer_id, before, _corrected(correction, before, meters), correction)
            await fold.fold_again(driver, wanted, rows, before.time, before.subscription_id)
            await keep(connection, retry, recorded)
    base.tell([customer_id])
    return recorded


def _check(correction: Correction) -> None:
    if not 1 <= len(correction.reason) <= REASON_CHARS_MAX or "\0" in correction.reason:
        raise invalid(f"must be 1 to {REASON_CHARS_MAX} characters", "reason")
    if correction.quantity is not None and not is_number(correction.quantity):
        raise invalid("must have at most 18 digits before the point and 12 after it", "value")


async def _find(base: Base, driver: Driver, correction: Correction) -> tuple[str, CurrentEvent]:
    customer = await base.look_up_customer(driver, correction.ref, correction.visible)
    if customer is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
    id = (customer.customer_id, correction.source or "", correction.id)
    found = None if any("\0" in part for part in id) else await events.find(driver, id)
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"no such event, or one of more than {base.retention.days} days ago", "id")
    return customer.customer_id, found


def _corrected(correction: Correction, before: CurrentEvent, meters: tuple[Meter, ...]) -> _Now:
    """What the event reads from now on."""
    if correction.quantity is None and correction.properties is None:
        return _Now(before.value, before.properties, True)
    value = before.value
    properties: dict[str, Any] = {} if before.properties is None else msgspec.json.decode(before.properties)
    properties |= correction.properties or {}
    if correction.quantity is not None:
        figures = {meter.property for meter in meters if meter.aggregation is not Aggregation.COUNT}
        if not figures:
            return _counted(correction.quantity, before)
        if len(figures) > 1:
            raise invalid("the event's meters read different figures: name them in properties", "value")
        (name,) = figures
        if name is None:
            value = correction.quantity
        else:
            properties[name] = format(correction.quantity, "f")
    for meter in meters:
        # An event that a meter could not read before (it was made later) need not become readable.
        measured = value_of(meter, value, properties)
        if isinstance(measured, Rejected) and not isinstance(_before(meter, before), Rejected):
            raise invalid(measured.message, "value" if meter.property is None else "properties")
    text = to_json(properties) if properties else None
    if properties and text is None:
        raise invalid(
            f"must be text without zero characters, as JSON at most {PROPERTIES_BYTES_MAX} bytes", "properties"
        )
    return _Now(value, None if text is None else bytes(text).decode(), False)


def _counted(quantity: Decimal, before: CurrentEvent) -> _Now:
    """Events that are only counted: 0 takes one out of the count, 1 puts it back."""
    if quantity not in (0, 1):
        raise invalid("the event is counted as one: correct it to 0 or 1", "value")
    return _Now(before.value, before.properties, not quantity)


def _before(meter: Meter, before: CurrentEvent) -> object:
    properties = None if before.properties is None else msgspec.json.decode(before.properties)
    return value_of(meter, before.value, properties)


async def _record(
    driver: Driver, customer_id: str, before: CurrentEvent, now: _Now, correction: Correction
) -> RecordedEvent:
    id, source = new_id("correction"), correction.source or ""
    recorded_at = await events.correct(
        driver,
        (customer_id, source, correction.id),
        before,
        id,
        now.value,
        now.properties,
        now.retracted,
        correction.reason,
    )
    return RecordedEvent(
        id=id,
        source=source,
        type=before.type,
        time=before.time,
        value=now.value,
        properties=now.properties,
        recorded_at=recorded_at,
        corrects=correction.id,
        revision=before.revision + 1,
        retracted=now.retracted,
        reason=correction.reason,
        subscription_id=before.subscription_id,
    )
