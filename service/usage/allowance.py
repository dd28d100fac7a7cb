"""How much of an entitlement is used, held and carried over: what `domain.gate` decides by."""

from collections.abc import Sequence
from decimal import Decimal

from adapters.postgres.driver import Driver
from adapters.postgres.usage import periods, reservations
from adapters.postgres.usage.periods import UsageQuery
from domain.catalog import Catalog, Meter
from domain.rights.gate import FeatureUsage
from service.gates.snapshot import UsageOfEntitlement


async def allowances(driver: Driver, catalog: Catalog, wanted: Sequence[UsageOfEntitlement]) -> list[FeatureUsage]:
    """The usage of each, readings up to and including its `at` counted, in a constant number of statements."""
    asks: list[UsageQuery] = []
    for _, meter, one in _metered(catalog, wanted):
        held_period = one.entitlement.period
        assert held_period is not None
        asks += [
            UsageQuery(one.customer_id, meter, before.period, one.at, one.at) for before in one.entitlement.earlier
        ]
        asks.append(UsageQuery(one.customer_id, meter, held_period, one.at, one.at))
    figures = iter(await periods.used(driver, asks) if asks else [])
    held = await reservations.held_at(
        driver, sorted({(one.customer_id, meter.key, one.at) for _, meter, one in _metered(catalog, wanted)})
    )
    found = [FeatureUsage()] * len(wanted)
    for n, meter, one in _metered(catalog, wanted):
        carried = one.entitlement.carried([next(figures) for _ in one.entitlement.earlier])
        found[n] = FeatureUsage(next(figures), held.get((one.customer_id, meter.key, one.at), Decimal(0)), carried)
    return found


def _metered(catalog: Catalog, wanted: Sequence[UsageOfEntitlement]) -> list[tuple[int, Meter, UsageOfEntitlement]]:
    found = []
    for n, one in enumerate(wanted):
        meter = catalog.meter(one.entitlement.feature.meter_key or "")
        if meter is not None and one.entitlement.period is not None:
            found.append((n, meter, one))
    return found
