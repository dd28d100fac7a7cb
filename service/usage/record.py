"""Records events: each id once, and every figure that follows from them in the same transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from adapters.postgres.driver import Driver
from adapters.postgres.usage import events, fold
from adapters.postgres.usage.events import EventRow, Stored
from adapters.postgres.usage.meters import Key, MeterRow
from domain.catalog import Meter
from domain.usage import Reading
from service.usage.base import Base
from service.usage.check import Ready, check
from service.usage.events import SentEvent, UsageEventStatus, UsageOutcome
from service.usage.whose import Visible

ACCEPTED = UsageOutcome(UsageEventStatus.ACCEPTED)
DUPLICATE = UsageOutcome(UsageEventStatus.DUPLICATE)

Id = tuple[str, str, str]
"""Customer, source and id: what an event is known by."""


class Arrival(NamedTuple):
    """An event, when it came in, and which customers its sender may touch."""

    event: SentEvent
    at: datetime
    visible: Visible


async def record(base: Base, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
    """What became of each, in order. All that are accepted are recorded together or not at all."""
    types = await base.meters_by_type()
    async with base.driver() as driver:
        whose = await base.whose(driver, ((one.event.customer, one.visible, one.at) for one in arrivals))
        outcomes: list[UsageOutcome | None] = [None] * len(arrivals)
        ready: dict[Id, list[tuple[int, Ready]]] = {}
        for n, (event, at, visible) in enumerate(arrivals):
            found = check(event, whose(event.customer, visible, at), types.get(event.type, ()), base.retention)
            if isinstance(found, str):
                outcomes[n] = UsageOutcome(UsageEventStatus.REJECTED, found)
            else:
                ready.setdefault(found.row[:3], []).append((n, found))
        known = await _write(base, driver, [same[0][1] for _, same in sorted(ready.items())]) if ready else set()
        told = await events.stored(driver, sorted(known))
        for id, same in ready.items():
            first = same[0][1].row
            for position, (n, one) in enumerate(same):
                if id in known:
                    outcomes[n] = _against(one.row, told[id]) if id in told else DUPLICATE
                else:
                    outcomes[n] = _like(one.row, first) if position else ACCEPTED
    base.tell({id[0] for id in ready if id not in known})
    return [outcome for outcome in outcomes if outcome is not None]


async def _write(base: Base, driver: Driver, ready: Sequence[Ready]) -> set[Id]:
    """Record those whose ids are new; gives the ids of the others. `ready` is in order of its ids."""
    wanted = {(one.row.customer_id, meter.key): meter for one in ready for meter, _ in one.readings}
    await base.prepare(driver, wanted, (one.row.time for one in ready))
    async with driver.transaction():
        rows = await fold.lock_complete(driver, wanted)
        known = set(await write(driver, wanted, rows, ready))
    return {ready[n].row[:3] for n in known}


async def write(
    driver: Driver, wanted: Mapping[Key, Meter], rows: dict[Key, MeterRow], ready: Sequence[Ready]
) -> list[int]:
    """Write the events and fold them, under the locks of all their meters. Gives the positions of those whose ids were
    known already."""
    known = await events.record(driver, [one.row for one in ready])
    skip = set(known)
    await fold.fold(driver, wanted, rows, grouped(one for n, one in enumerate(ready) if n not in skip))
    return known


def grouped(ready: Iterable[Ready]) -> dict[Key, list[Reading]]:
    """The readings of each meter's row."""
    found: defaultdict[Key, list[Reading]] = defaultdict(list)
    for row, readings in ready:
        for meter, reading in readings:
            found[row.customer_id, meter.key].append(reading)
    return found


def _against(row: EventRow, stored: Stored) -> UsageOutcome:
    """What a repeated id is: its content is that of the event as it was first sent, whatever was corrected since."""
    value, properties = stored.original_value, stored.original_properties
    if not stored.kept:  # too old for more than its id to be known
        value, properties = row.value, row.properties
    return _like(
        row, row._replace(type=stored.type, time=stored.time, dated=stored.dated, value=value, properties=properties)
    )


def _like(row: EventRow, first: EventRow) -> UsageOutcome:
    differs = [
        name
        for name, same in (
            ("type", row.type == first.type),
            ("time", row.dated == first.dated and (row.time == first.time or not row.dated)),
            ("value", row.value == first.value),
            ("properties", _decoded(row.properties) == _decoded(first.properties)),
        )
        if not same
    ]
    if not differs:
        return DUPLICATE
    return UsageOutcome(
        UsageEventStatus.CONFLICT, f"an event with this id was recorded with another {' and '.join(differs)}"
    )


def _decoded(properties: str | None) -> object:
    return None if properties is None else msgspec.json.decode(properties)
