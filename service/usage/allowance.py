"""How much of an entitlement is used, held and carried over: what `domain.gate` decides by."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from adapters.postgres.driver import Driver
from adapters.postgres.usage import periods, reservations
from adapters.postgres.usage.periods import Ask
from domain.catalog import Catalog, Meter
from domain.entitlement import Entitlement
from domain.gate import Usage
from domain.period import Cadence, Period, period_at
from domain.usage import carry_over
from service.snapshot import Wanted

CARRY_PERIODS_MAX = 36
"""How many periods back is looked for what rolls over; before them nothing was left."""


async def allowances(driver: Driver, catalog: Catalog, wanted: Sequence[Wanted]) -> list[Usage]:
    """The usage of each, readings up to and including its `at` counted, in a constant number of statements."""
    asks: list[Ask] = []
    for _, meter, one in _metered(catalog, wanted):
        held_period = one.entitlement.period
        assert held_period is not None
        asks += [Ask(one.customer_id, meter, period, one.at, one.at) for period in earlier(one.entitlement)]
        asks.append(Ask(one.customer_id, meter, held_period, one.at, one.at))
    figures = iter(await periods.used(driver, asks) if asks else [])
    held = await reservations.held_at(
        driver, sorted({(one.customer_id, meter.key, one.at) for _, meter, one in _metered(catalog, wanted)})
    )
    found = [Usage()] * len(wanted)
    for n, meter, one in _metered(catalog, wanted):
        carried = carry(one.entitlement, [next(figures) for _ in earlier(one.entitlement)])
        found[n] = Usage(next(figures), held.get((one.customer_id, meter.key, one.at), Decimal(0)), carried)
    return found


def earlier(held: Entitlement) -> list[Period]:
    """The complete periods from which something can roll into the present one, oldest first."""
    since, anchor, present = held.since, held.anchor, held.period
    if held.rollover is None or held.resets in (None, Cadence.ONCE) or None in (since, anchor, present):
        return []
    assert held.resets is not None
    assert since is not None
    assert anchor is not None
    assert present is not None
    found: list[Period] = []
    while present.start > since and len(found) < CARRY_PERIODS_MAX:
        tile = period_at(anchor, held.resets, held.zone, _before(present.start))
        present = Period(max(tile.start, since), tile.end)
        found.append(present)
    return found[::-1]


def carry(held: Entitlement, used: Sequence[Decimal]) -> Decimal:
    """What rolls into the present period, given what the earlier ones used."""
    if not used or held.limit is None or held.rollover is None:
        return Decimal(0)
    return carry_over(held.limit, held.rollover, used)


def _metered(catalog: Catalog, wanted: Sequence[Wanted]) -> list[tuple[int, Meter, Wanted]]:
    found = []
    for n, one in enumerate(wanted):
        meter = catalog.meter(one.entitlement.feature.meter_key or "")
        if meter is not None and one.entitlement.period is not None:
            found.append((n, meter, one))
    return found


def _before(at: datetime) -> datetime:
    return at - datetime.resolution
