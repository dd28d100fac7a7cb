"""The default catalog, recorded by the same commands as the API's. Doing it twice changes nothing."""

from collections.abc import Iterator
from decimal import Decimal as D

from domain.catalog import (
    Aggregation,
    Catalog,
    ChargeModel,
    Feature,
    FeatureKind,
    Meter,
    PlanEntitlement,
    Price,
    Terms,
    Tier,
)
from domain.commands import CatalogCommand, ChangeSettings, CreateFeature, CreateMeter, CreatePlan
from domain.errors import ErrorCode, Refusal
from domain.period import Cadence
from domain.seller import BillingSettings, Seller
from service.ids import new_id
from service.write.record import By, Recording
from service.write.streams import CATALOG

# GB and TB are decimal: 10^9 and 10^12 bytes. Levels and flows of the default plans are in GB, the Drive's in bytes.
_METERS = (
    ("api_calls", Aggregation.SUM, "api.calls", "call"),
    ("storage", Aggregation.LATEST, "storage.level", "GB"),
    ("transfer", Aggregation.SUM, "transfer", "GB"),
    ("adapters", Aggregation.LATEST, "adapters.level", "adapter"),
    ("drive_storage", Aggregation.LATEST, "drive.level", "byte"),
)
_FEATURES = (
    ("api_calls", "API calls", FeatureKind.METERED, "call"),
    ("storage", "Storage", FeatureKind.METERED, "GB"),
    ("transfer", "Data transfer", FeatureKind.METERED, "GB"),
    ("adapters", "Adapters", FeatureKind.METERED, "adapter"),
    ("drive_storage", "Drive storage", FeatureKind.METERED, "byte"),
    ("parallel_downloads", "Parallel downloads", FeatureKind.VALUE, None),
)
# key, name, price a month, extra seat, calls a month, GB stored, GB transferred a month, adapters (None: unlimited)
_PLANS = (
    ("free", "Free", D(0), None, D(10_000), D(1), D(1), D(1)),
    ("starter", "Starter", D(99), D(49), D(1_000_000), D(50), D(100), D(5)),
    ("professional", "Professional", D(499), D(99), D(10_000_000), D(500), D(1_000), D(25)),
    ("enterprise", "Enterprise", D(2_499), D(199), D(100_000_000), D(5_000), D(10_000), None),
)
# $0.01 to $0.000001 per 1,000 calls, stated per call; $0.50 to $0.10 per GB. Counted from the end of what is included.
_CALL_TIERS = (
    Tier(D(1_000_000), D("0.00001")),
    Tier(D(10_000_000), D("0.000001")),
    Tier(D(100_000_000), D("0.0000001")),
    Tier(D(1_000_000_000), D("0.00000001")),
    Tier(None, D("0.000000001")),
)
# Who sells until somebody says otherwise (updateBillingSettings).
_SELLER = Seller("Example, Inc.", "1 Market Street", None, "San Francisco", "94105", "US", email="billing@example.com")
_GB_TIERS = (Tier(D(100), D("0.50")), Tier(D(1_000), D("0.30")), Tier(D(10_000), D("0.20")), Tier(None, D("0.10")))


async def seed(record: Recording) -> int:
    """Returns how many things were new. What has one of these keys and differs, because others made it or published it
    anew, is left as it is. Raises Refusal when a plan does not fit such a feature or meter."""
    new, catalog = 0, Catalog()
    for command in commands():
        try:
            recorded = await record(CATALOG, command, By("seed"))
            new, catalog = new + len(recorded.entries), recorded.state
        except Refusal as refusal:
            if refusal.code is not ErrorCode.ALREADY_EXISTS:
                raise
    if catalog.settings == BillingSettings():
        await record(CATALOG, ChangeSettings(BillingSettings(seller=_SELLER)), By("seed"))
    return new


def commands() -> Iterator[CatalogCommand]:
    for key, aggregation, event_type, unit in _METERS:
        yield CreateMeter(Meter(new_id("meter"), key, aggregation, event_type, unit=unit))
    for key, name, kind, of in _FEATURES:
        meter_key = key if kind is FeatureKind.METERED else None
        yield CreateFeature(Feature(new_id("feature"), key, name, kind, of, meter_key))
    for key, name, monthly, seat, calls, stored, transferred, adapters in _PLANS:
        hard = key == "free"
        limits = (
            PlanEntitlement("api_calls", limit=calls, hard=hard, resets=Cadence.MONTH),
            PlanEntitlement("storage", limit=stored, hard=hard),
            PlanEntitlement("transfer", limit=transferred, hard=hard, resets=Cadence.MONTH),
            PlanEntitlement("adapters", limit=adapters, hard=True),
        )
        prices = [*_recurring("base", ChargeModel.FLAT, monthly)]
        if seat is not None:
            prices += _recurring("seat", ChargeModel.PER_SEAT, seat, included=D(1))
        if not hard:
            prices += [
                _overage("api_calls", calls, _CALL_TIERS),
                _overage("storage", stored, _GB_TIERS),
                _overage("transfer", transferred, _GB_TIERS),
            ]
        yield _plan(key, name, None, Terms(prices=tuple(prices), entitlements=limits))
    drive = (
        PlanEntitlement("drive_storage", limit=D(100_000_000_000), hard=True),
        PlanEntitlement("parallel_downloads", value=4),
    )
    prices = [*_recurring("base", ChargeModel.FLAT, D(5))]
    yield _plan("drive", "Drive", "100 GB to keep files in", Terms(prices=tuple(prices), entitlements=drive))


def _plan(key: str, name: str, description: str | None, terms: Terms) -> CreatePlan:
    return CreatePlan(new_id("plan"), new_id("version"), key, name, description, terms)


def _recurring(key: str, model: ChargeModel, monthly: D, included: D | None = None) -> Iterator[Price]:
    """By the month, and by the year at ten months."""
    for cadence, months in ((Cadence.MONTH, 1), (Cadence.YEAR, 10)):
        yield Price(new_id("price"), key, model, cadence, "USD", monthly * months, included=included)


def _overage(key: str, included: D, tiers: tuple[Tier, ...]) -> Price:
    return Price(
        id=new_id("price"),
        key=f"{key}_overage",
        model=ChargeModel.GRADUATED,
        cadence=Cadence.MONTH,
        currency="USD",
        meter_key=key,
        included=included,
        tiers=tiers,
    )
