"""How much of an entitlement is used, held and carried over: what `domain.rights.gate` decides by."""

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
    for _, meter, query in _metered(catalog, wanted):
        held_period = query.entitlement.period
        assert held_period is not None
        asks += [
            UsageQuery(query.customer_id, meter, before.period, query.at, query.at)
            for before in query.entitlement.earlier
        ]
        asks.append(UsageQuery(query.customer_id, meter, held_period, query.at, query.at))
    figures = iter(await periods.used(driver, asks) if asks else [])
    reserved = await reservations.held_at(
        driver, sorted({(query.customer_id, meter.key, query.at) for _, meter, query in _metered(catalog, wanted)})
    )
    found = [FeatureUsage()] * len(wanted)
    for n, meter, query in _metered(catalog, wanted):
        carried = query.entitlement.carried([next(figures) for _ in query.entitlement.earlier])
        found[n] = FeatureUsage(
            next(figures), reserved.get((query.customer_id, meter.key, query.at), Decimal(0)), carried
        )
    return found


def _metered(catalog: Catalog, wanted: Sequence[UsageOfEntitlement]) -> list[tuple[int, Meter, UsageOfEntitlement]]:
    found = []
    for n, query in enumerate(wanted):
        meter = catalog.meter(query.entitlement.feature.meter_key or "")
        if meter is not None and query.entitlement.period is not None:
            found.append((n, meter, query))
    return found
