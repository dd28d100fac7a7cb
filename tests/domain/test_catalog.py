"""The catalog: features, meters and plans. What is published never changes; what is sold is well formed."""

from decimal import Decimal

import pytest
from timeline import on

from domain import commands as c
from domain import events as e
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
from domain.decide import decide_catalog
from domain.errors import ErrorCode, Refusal
from domain.evolve import evolve_catalog
from domain.money import Money
from domain.period import Cadence
from domain.policy import ChangeTiming
from domain.seller import BillingSettings, Seller

D = Decimal
NOW = on("2026-01-01")
MONTH = Cadence.MONTH

CALLS = Meter("meter_1", "calls", Aggregation.SUM, "api.call")
API = Feature("feature_1", "api", "API calls", FeatureKind.METERED, meter_key="calls")
SSO = Feature("feature_2", "sso", "Single sign-on", FeatureKind.SWITCH)
SEATS = Feature("feature_3", "seats", "Seats", FeatureKind.VALUE)


class Shop:
    """A catalog and what has been asked of it."""

    def __init__(self, *commands: c.CatalogCommand) -> None:
        self.catalog = Catalog()
        for command in commands:
            self.do(command)

    def do(self, command: c.CatalogCommand) -> list[e.CatalogEvent]:
        events = list(decide_catalog(self.catalog, command, NOW))
        for event in events:
            self.catalog = evolve_catalog(self.catalog, event, NOW)
        return events

    def refuses(self, command: c.CatalogCommand) -> Refusal:
        with pytest.raises(Refusal) as refusal:
            self.do(command)
        return refusal.value


def stocked() -> Shop:
    return Shop(c.CreateMeter(CALLS), *(c.CreateFeature(feature) for feature in (API, SSO, SEATS)))


def create(terms: Terms, key: str = "pro", name: str = "Pro") -> c.CreatePlan:
    return c.CreatePlan(f"plan_{key}", f"version_{key}", key, name, None, terms)


def publish(terms: Terms, key: str = "pro", id: str = "version_2") -> c.PublishPlanVersion:
    return c.PublishPlanVersion(key, id, terms)


def price(model: ChargeModel = ChargeModel.FLAT, amount: str | None = "99", **terms: object) -> Price:
    given = {"cadence": MONTH, "currency": "USD", **terms}
    unit_amount = None if amount is None else D(amount)
    return Price("price_1", "base", model, unit_amount=unit_amount, **given)  # type: ignore[arg-type]


def metered(model: ChargeModel, amount: str | None = None, **terms: object) -> Price:
    return price(model, amount, meter_key="calls", **terms)


def tiers(*bounds: str | None, flat: str | None = None, unit: str = "1") -> tuple[Tier, ...]:
    return tuple(Tier(None if bound is None else D(bound), D(unit), flat and D(flat)) for bound in bounds)


def gives(feature: str, **terms: object) -> Terms:
    return Terms(entitlements=(PlanEntitlement(feature, **terms),))  # type: ignore[arg-type]


# ── keys ──
@pytest.mark.parametrize("key", ["a", "api_calls", "storage.gb", "eu-west-1", "a" + "b" * 62])
def test_a_key_is_lower_case_and_starts_with_a_letter(key: str) -> None:
    shop = Shop(c.CreateMeter(Meter("meter_1", key, Aggregation.COUNT, "x")))
    assert shop.catalog.meter(key) is not None


@pytest.mark.parametrize("key", ["", "A", "1a", "_a", "a b", "ä", "a/b", "a" * 64, "a\n"])
def test_any_other_key_is_refused_for_all_that_has_one(key: str) -> None:
    for command in (
        c.CreateMeter(Meter("meter_1", key, Aggregation.COUNT, "x")),
        c.CreateFeature(Feature("feature_1", key, "X", FeatureKind.SWITCH)),
        create(Terms(), key),
    ):
        refusal = Shop().refuses(command)
        assert (refusal.code, refusal.field) == (ErrorCode.INVALID, ("key",))


# ── meters ──
def test_a_meter_reads_one_type_of_event() -> None:
    assert Shop().refuses(c.CreateMeter(Meter("meter_1", "calls", Aggregation.SUM, ""))).field == ("event_type",)


def test_a_unique_meter_names_what_it_tells_apart_and_a_count_reads_nothing() -> None:
    unique = Meter("meter_1", "users", Aggregation.UNIQUE, "login")
    count = Meter("meter_1", "logins", Aggregation.COUNT, "login", property="user")
    for meter in (unique, count):
        assert Shop().refuses(c.CreateMeter(meter)).field == ("property",)


def test_creating_what_is_there_with_the_same_content_changes_nothing() -> None:
    shop = stocked()
    again = (
        c.CreateMeter(Meter("meter_9", "calls", Aggregation.SUM, "api.call")),
        c.CreateFeature(Feature("feature_9", "api", "API calls", FeatureKind.METERED, meter_key="calls")),
    )
    assert [shop.do(command) for command in again] == [[], []]


def test_creating_what_is_there_with_other_content_is_refused() -> None:
    shop = stocked()
    for other in (
        c.CreateMeter(Meter("meter_1", "calls", Aggregation.MAX, "api.call")),
        c.CreateMeter(Meter("meter_1", "calls", Aggregation.SUM, "api.call", unit="calls")),
        c.CreateFeature(Feature("feature_2", "sso", "SSO", FeatureKind.SWITCH)),
        c.CreateFeature(Feature("feature_2", "sso", "Single sign-on", FeatureKind.VALUE)),
    ):
        refusal = shop.refuses(other)
        assert (refusal.code, refusal.field) == (ErrorCode.ALREADY_EXISTS, ("key",))


# ── features ──
def test_a_metered_feature_has_a_meter_and_no_other_has() -> None:
    for feature in (
        Feature("feature_1", "api", "API", FeatureKind.METERED),
        Feature("feature_1", "sso", "SSO", FeatureKind.SWITCH, meter_key="calls"),
    ):
        assert stocked().refuses(c.CreateFeature(feature)).field == ("meter_key",)


def test_the_meter_of_a_feature_is_there_first() -> None:
    refusal = Shop().refuses(c.CreateFeature(API))
    assert (refusal.code, refusal.message) == (ErrorCode.NOT_FOUND, "no meter has the key calls")


# ── plans and their versions ──
BASIC = Terms(prices=(price(),), entitlements=(PlanEntitlement("api", limit=D(100), hard=True, resets=MONTH),))
DEARER = Terms(prices=(price(amount="109"),), entitlements=BASIC.entitlements)


def test_a_plan_is_created_with_its_first_version() -> None:
    shop = stocked()
    [created] = shop.do(create(BASIC))
    assert isinstance(created, e.PlanCreated)
    version = created.plan.current
    assert (version.number, version.plan_key, version.plan_name, version.published_at) == (1, "pro", "Pro", NOW)


def test_a_version_freezes_the_features_and_meters_it_names_and_no_others() -> None:
    shop = stocked()
    shop.do(create(BASIC))
    plan = shop.catalog.plan("pro")
    assert plan is not None
    assert (plan.current.features, plan.current.meters) == ((API,), (CALLS,))


def test_a_new_version_stands_beside_the_old_one() -> None:
    shop = stocked()
    shop.do(create(BASIC))
    [published] = shop.do(publish(DEARER))
    assert isinstance(published, e.PlanVersionPublished)
    plan = shop.catalog.plan("pro")
    assert plan is not None
    assert [(version.number, version.terms) for version in plan.versions] == [(1, BASIC), (2, DEARER)]
    assert plan.current.number == 2


def test_publishing_the_terms_that_hold_changes_nothing() -> None:
    shop = stocked()
    shop.do(create(BASIC))
    with_another_id = Terms(prices=(Price("price_9", "base", ChargeModel.FLAT, MONTH, "USD", D("99.00")),))
    assert shop.do(publish(Terms(prices=with_another_id.prices, entitlements=BASIC.entitlements))) == []


def test_going_back_to_former_terms_is_a_new_version() -> None:
    shop = stocked()
    for command in (create(BASIC), publish(DEARER), publish(BASIC, id="version_3")):
        shop.do(command)
    plan = shop.catalog.plan("pro")
    assert plan is not None
    assert [version.number for version in plan.versions] == [1, 2, 3]


def test_creating_a_plan_twice_changes_nothing_and_with_other_content_is_refused() -> None:
    shop = stocked()
    shop.do(create(BASIC))
    assert shop.do(create(BASIC)) == []
    for other in (create(DEARER), create(BASIC, name="Professional")):
        assert shop.refuses(other).code is ErrorCode.ALREADY_EXISTS


def test_an_archived_plan_takes_no_new_version_and_is_not_on_sale() -> None:
    shop = stocked()
    shop.do(create(BASIC))
    assert shop.do(c.ArchivePlan("pro")) == [e.PlanArchived("plan_pro")]
    assert shop.do(c.ArchivePlan("pro")) == []
    assert shop.refuses(publish(DEARER)).code is ErrorCode.CONFLICT
    with pytest.raises(Refusal) as no:
        shop.catalog.on_sale("pro", "plan")
    assert (no.value.code, no.value.field) == (ErrorCode.CONFLICT, ("plan",))


def test_a_plan_that_is_not_there_cannot_be_published_archived_or_sold() -> None:
    for command in (publish(BASIC), c.ArchivePlan("pro")):
        assert stocked().refuses(command).code is ErrorCode.NOT_FOUND
    with pytest.raises(Refusal) as no:
        Catalog().on_sale("pro", "plan")
    assert no.value.code is ErrorCode.NOT_FOUND


# ── prices ──
FINE = Price("price_0", "fine", ChargeModel.FLAT, MONTH, "USD", D(1))


@pytest.mark.parametrize(
    "good",
    [
        price(),
        price(amount="0"),
        price(ChargeModel.PER_SEAT, included=D(1)),
        price(ChargeModel.PER_UNIT),
        price(cadence=Cadence.ONCE),
        metered(ChargeModel.PER_UNIT, "0.000001", included=D(1000)),
        metered(ChargeModel.PACKAGE, "5", package_size=D(1000)),
        metered(ChargeModel.PERCENTAGE, percent=D("2.9")),
        metered(ChargeModel.PERCENTAGE, "0.30", percent=D("2.9")),
        metered(ChargeModel.GRADUATED, tiers=tiers("10", "20.5", None)),
        metered(ChargeModel.VOLUME, tiers=tiers(None, flat="10", unit="0")),
    ],
    ids=lambda price: f"{price.model}",
)
def test_every_model_has_a_well_formed_price(good: Price) -> None:
    shop = stocked()
    shop.do(create(Terms(prices=(good,))))
    assert shop.catalog.plan("pro") is not None


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (price(currency="BTC"), "currency"),
        (price(amount=None), "unit_amount"),
        (price(amount="-1"), "unit_amount"),
        (price(included=D(1)), "included"),
        (price(meter_key="calls"), "meter_key"),
        (price(tiers=tiers(None)), "tiers"),
        (price(package_size=D(1)), "package_size"),
        (price(percent=D(1)), "percent"),
        (price(ChargeModel.PER_SEAT, meter_key="calls"), "meter_key"),
        (price(ChargeModel.PER_SEAT, included=D(-1)), "included"),
        (price(ChargeModel.PER_UNIT, amount=None), "unit_amount"),
        (price(ChargeModel.PER_UNIT, meter_key="gone"), "meter_key"),
        (price(ChargeModel.PACKAGE, package_size=D(1)), "meter_key"),
        (metered(ChargeModel.PACKAGE, "5"), "package_size"),
        (metered(ChargeModel.PACKAGE, "5", package_size=D(0)), "package_size"),
        (metered(ChargeModel.PACKAGE, package_size=D(1)), "unit_amount"),
        (price(ChargeModel.PERCENTAGE, None, percent=D(1)), "meter_key"),
        (metered(ChargeModel.PERCENTAGE), "percent"),
        (metered(ChargeModel.PERCENTAGE, percent=D("-0.1")), "percent"),
        (metered(ChargeModel.PERCENTAGE, percent=D("100.1")), "percent"),
        (price(ChargeModel.GRADUATED, None, tiers=tiers(None)), "meter_key"),
        (metered(ChargeModel.GRADUATED, "1", tiers=tiers(None)), "unit_amount"),
        (metered(ChargeModel.GRADUATED), "tiers"),
        (metered(ChargeModel.VOLUME, tiers=tiers(*(str(n) for n in range(1, 101)), None)), "tiers"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused_by_the_field_at_fault(bad: Price, field: str) -> None:
    refusal = stocked().refuses(create(Terms(prices=(FINE, bad))))
    assert (refusal.code, refusal.field) == (ErrorCode.INVALID, ("terms", "prices", "1", field))


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (tiers("10", "10", None), ("1", "up_to")),  # an upper bound is inclusive: the next begins above it
        (tiers("10", "9", None), ("1", "up_to")),
        (tiers("0", None), ("0", "up_to")),
        (tiers("10", "20"), ("1", "up_to")),
        (tiers("10", None, None), ("1", "up_to")),
        (tiers("10", None, unit="-1"), ("0", "unit_amount")),
        (tiers("10", None, flat="-1", unit="0"), ("0", "flat_amount")),
    ],
)
def test_tiers_ascend_and_only_the_last_is_open(bad: tuple[Tier, ...], where: tuple[str, ...]) -> None:
    for model in (ChargeModel.GRADUATED, ChargeModel.VOLUME):
        refusal = stocked().refuses(create(Terms(prices=(metered(model, tiers=bad),))))
        assert refusal.field == ("terms", "prices", "0", "tiers", *where)


def test_a_price_stands_once_for_each_currency_and_rhythm() -> None:
    several = (price(), price(cadence=Cadence.YEAR), price(currency="EUR"))
    stocked().do(create(Terms(prices=several)))
    refusal = stocked().refuses(create(Terms(prices=(*several, price(amount="1")))))
    assert refusal.field == ("terms", "prices", "3", "key")


# ── what a plan gives ──
@pytest.mark.parametrize(
    "good",
    [
        gives("sso"),
        gives("sso", enabled=False),
        gives("seats", value=5),
        gives("seats", value="eu"),
        gives("seats", enabled=False),
        gives("api"),
        gives("api", limit=D(0), hard=True),
        gives("api", limit=D("1.5"), resets=MONTH, rollover=D("0.5")),
    ],
)
def test_each_kind_of_feature_is_given_in_its_own_terms(good: Terms) -> None:
    shop = stocked()
    shop.do(create(good))
    assert shop.catalog.plan("pro") is not None


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (gives("sso", limit=D(1)), "limit"),
        (gives("sso", hard=True), "hard"),
        (gives("sso", resets=MONTH), "resets"),
        (gives("sso", rollover=D(1)), "rollover"),
        (gives("sso", value=True), "value"),
        (gives("seats"), "value"),
        (gives("seats", value=5, limit=D(1)), "limit"),
        (gives("api", value=5), "value"),
        (gives("api", limit=D(-1)), "limit"),
        (gives("api", limit=D(1), rollover=D(1)), "rollover"),
        (gives("api", resets=MONTH, rollover=D(1)), "rollover"),
        (gives("api", limit=D(1), resets=MONTH, rollover=D(-1)), "rollover"),
    ],
)
def test_what_does_not_fit_the_kind_of_feature_is_refused(bad: Terms, field: str) -> None:
    refusal = stocked().refuses(create(bad))
    assert (refusal.code, refusal.field) == (ErrorCode.INVALID, ("terms", "entitlements", "0", field))


def test_a_plan_names_each_feature_once_and_only_those_that_are_there() -> None:
    twice = Terms(entitlements=(PlanEntitlement("sso"), PlanEntitlement("sso")))
    assert stocked().refuses(create(twice)).field == ("terms", "entitlements", "1", "feature")
    assert stocked().refuses(create(gives("teleport"))).code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("trial_days", [-1, 731])
def test_a_trial_lasts_at_most_two_years(trial_days: int) -> None:
    assert stocked().refuses(create(Terms(trial_days=trial_days))).field == ("terms", "trial_days")


def test_a_minimum_spend_is_an_amount_of_zero_or_more_once_for_each_currency() -> None:
    stocked().do(create(Terms(minimum_spend=(Money(D(0), "USD"), Money(D(5), "EUR")))))
    for bad in (Money(D(-1), "EUR"), Money(D(1), "BTC"), Money(D(2), "USD")):
        refusal = stocked().refuses(create(Terms(minimum_spend=(Money(D(1), "USD"), bad))))
        assert refusal.field == ("terms", "minimum_spend", "1")


def test_new_terms_are_checked_like_the_first() -> None:
    shop = stocked()
    shop.do(create(BASIC))
    assert shop.refuses(publish(gives("api", limit=D(-1)))).field == ("terms", "entitlements", "0", "limit")


@pytest.mark.parametrize("field", ["upgrades", "downgrades"])
def test_a_plan_can_say_now_or_at_the_end_of_the_period_but_no_date(field: str) -> None:
    stocked().do(create(Terms(**{field: ChangeTiming.PERIOD_END})))
    refusal = stocked().refuses(create(Terms(**{field: ChangeTiming.AT})))
    assert (refusal.code, refusal.field) == (ErrorCode.INVALID, ("terms", field))


@pytest.mark.parametrize("hours", [-1, 169])
def test_an_invoice_is_a_draft_for_at_most_a_week(hours: int) -> None:
    stocked().do(create(Terms(draft_hours=168)))
    assert stocked().refuses(create(Terms(draft_hours=hours))).field == ("terms", "draft_hours")


# ── settings ──
def test_settings_are_changed_as_a_whole_and_the_same_again_changes_nothing() -> None:
    shop, settings = stocked(), BillingSettings(seller=Seller("Acme", country="DE"), net_days=30)
    assert shop.do(c.ChangeSettings(settings)) == [e.SettingsChanged(settings)]
    assert shop.catalog.settings == settings
    assert shop.do(c.ChangeSettings(settings)) == []


def test_settings_that_make_no_sense_are_refused() -> None:
    refusal = stocked().refuses(c.ChangeSettings(BillingSettings(net_days=-1)))
    assert (refusal.code, refusal.field) == (ErrorCode.INVALID, ("net_days",))
