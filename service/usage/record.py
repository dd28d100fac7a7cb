"""Records events: each id once, and every figure that follows from them in the same transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.postgres.driver import Driver
from adapters.postgres.usage import events, fold
from adapters.postgres.usage.events import Id
from adapters.postgres.usage.meters import Key, MeterRow
from domain.catalog import Meter
from domain.usage import Reading
from service.usage.base import Base
from service.usage.check import Ready, check
from service.usage.events import SentEvent, UsageEventStatus, UsageOutcome
from service.usage.whose import Visible

ACCEPTED = UsageOutcome(UsageEventStatus.ACCEPTED)
DUPLICATE = UsageOutcome(UsageEventStatus.DUPLICATE)
CONFLICT = UsageOutcome(UsageEventStatus.CONFLICT, "an event with this id was recorded with other content")


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
        told = await events.digests(driver, sorted(known))
        for id, same in ready.items():
            first = same[0][1].row.digest
            for position, (n, one) in enumerate(same):
                if id not in known and not position:
                    outcomes[n] = ACCEPTED
                else:
                    outcomes[n] = DUPLICATE if one.row.digest == told.get(id, first) else CONFLICT
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
