"""Records events: each id once, and every figure that follows from them in the same transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from adapters.postgres import directory
from adapters.postgres.driver import Driver
from adapters.postgres.partitions import month_of
from adapters.postgres.usage import events, fold
from adapters.postgres.usage.events import EventId
from adapters.postgres.usage.fold import SubscriptionMeter
from adapters.postgres.usage.meters import CustomerMeter, MeterRow
from domain.catalog import Meter
from domain.usage import ADDS_UP, Reading
from service.ids import prefix_of
from service.usage.base import Base
from service.usage.check import Ready, check
from service.usage.customer_lookup import Visible
from service.usage.events import SentEvent, UsageEventStatus, UsageOutcome

ACCEPTED = UsageOutcome(UsageEventStatus.ACCEPTED)
DUPLICATE = UsageOutcome(UsageEventStatus.DUPLICATE)
CONFLICT = UsageOutcome(UsageEventStatus.CONFLICT, "an event with this id was recorded with other content")

Arrival = tuple[SentEvent, Visible]
"""An event, and which customers its sender may touch."""


class Grouped(NamedTuple):
    """The readings of each meter's row, those of them that name a subscription, and the meter of each row."""

    readings: Mapping[CustomerMeter, list[Reading]]
    named: Mapping[SubscriptionMeter, list[Reading]]
    meters: Mapping[CustomerMeter, Meter]


async def record(base: Base, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
    """What became of each, in order. All that are accepted are recorded together or not at all."""
    outcomes = [ACCEPTED] * len(arrivals)
    first: dict[EventId, tuple[int, Ready]] = {}
    repeats: list[tuple[int, EventId, bytes]] = []
    async with base.driver() as driver:
        types = await base.meters_by_type(driver)
        lookup = await base.look_up_customers(driver, ((event.customer, visible) for event, visible in arrivals))
        owners = await _owners_of(driver, {event.subscription_id for event, _ in arrivals})
        for n, (event, visible) in enumerate(arrivals):
            found = check(event, lookup(event.customer, visible), types.get(event.type, ()), owners)
            if isinstance(found, str):
                outcomes[n] = UsageOutcome(UsageEventStatus.REJECTED, found)
            elif (id := found.row.key) in first:
                repeats.append((n, id, found.row.digest))
            else:
                first[id] = (n, found)
        ready = [first[id][1] for id in sorted(first)]
        known = await _write(base, driver, ready) if ready else {}
    recorded: dict[EventId, bytes] = {}
    if known or repeats:
        recorded = {event.row.key: known.get(n, event.row.digest) for n, event in enumerate(ready)}
        repeats += [(first[ready[n].row.key][0], ready[n].row.key, ready[n].row.digest) for n in known]
    for n, id, digest in repeats:
        outcomes[n] = DUPLICATE if digest == recorded[id] else CONFLICT
    base.tell({event.row.customer_id for n, event in enumerate(ready) if n not in known})
    return outcomes


async def _owners_of(driver: Driver, subscription_ids: set[str | None]) -> dict[str, str]:
    """Whose the subscriptions are, in one statement, or in none if no event names any."""
    ids = [id for id in subscription_ids if id is not None and prefix_of(id) == "subscription"]
    return await directory.subscription_owners(driver, ids) if ids else {}


async def _write(base: Base, driver: Driver, ready: Sequence[Ready]) -> dict[int, bytes]:
    """Record those whose ids are new; gives the positions of the others, with the digests of what was recorded."""
    groups = grouped(ready)
    wanted = groups.meters
    await base.prepare(driver, wanted, {month_of(event.row.time) for event in ready})
    async with driver.transaction():
        rows = await fold.lock_complete(driver, wanted)
        known = await events.record(driver, [event.row for event in ready])
        if known:
            groups = grouped(event for n, event in enumerate(ready) if n not in known)
        await fold.fold(driver, wanted, rows, groups.readings, groups.named)
    return known


async def write_new(
    driver: Driver, rows: dict[CustomerMeter, MeterRow], wanted: Mapping[CustomerMeter, Meter], new: list[Ready]
) -> None:
    """Write events with ids of our own making, in the transaction that has locked the rows of all their meters."""
    known = await events.record(driver, [event.row for event in new])
    assert not known, "nobody else makes such ids"
    groups = grouped(new)
    await fold.fold(driver, wanted, rows, groups.readings, groups.named)


def grouped(ready: Iterable[Ready]) -> Grouped:
    readings: defaultdict[CustomerMeter, list[Reading]] = defaultdict(list)
    named: defaultdict[SubscriptionMeter, list[Reading]] = defaultdict(list)
    meters: dict[CustomerMeter, Meter] = {}
    for event in ready:
        for meter, reading in event.readings:
            key = (event.row.customer_id, meter.key)
            readings[key].append(reading)
            meters[key] = meter
            if event.row.subscription_id is not None and meter.aggregation in ADDS_UP:
                named[(*key, event.row.subscription_id)].append(reading)
    return Grouped(readings, named, meters)
