"""Rights: what plans, add-ons, trials and grants give together, and what overrides make of it."""

from decimal import Decimal

import pytest
from timeline import MICROSECOND, NEW_YORK, PARIS, Timeline, flat, gives, on, plan

from domain import commands as c
from domain.account import Grant
from domain.catalog import PlanEntitlement, PlanVersion
from domain.errors import ErrorCode
from domain.period import FOREVER, Cadence, Period
from domain.rights.account_rights import entitlement, entitlements
from domain.rights.entitlement import Entitlement
from domain.rights.source import SourceKind
from domain.subscription import AddAddOn, ChangePlan

D = Decimal
MONTH = Cadence.MONTH


def holding(*plans: PlanVersion, zone: str = "UTC", add_ons: tuple[PlanVersion, ...] = ()) -> Timeline:
    """A customer of 1 January with these plans since the 10th, the add-ons on the first of them."""
    life = Timeline("2026-01-01", zone)
    for number, sold in enumerate(plans):
        life.subscribe("2026-01-10", sold, add_ons=() if number else add_ons)
    return life


def given(*terms: PlanEntitlement, key: str = "basic", **more: int) -> PlanVersion:
    return plan(key, flat("10"), *terms, **more)


def right(life: Timeline, feature: str, at: str = "2026-01-20") -> Entitlement:
    life.until(at)
    found = entitlement(life.account, feature, on(at))
    assert found is not None
    return found


# ── SWITCH ──
def test_a_switch_is_on_when_any_source_switches_it_on() -> None:
    off, on_ = given(gives("sso", enabled=False)), given(gives("sso", enabled=True), key="secure")
    assert not right(holding(off), "sso").enabled
    assert right(holding(off, on_), "sso").enabled
    assert right(holding(off, add_ons=(on_,)), "sso").enabled


def test_a_plan_that_names_a_switch_switches_it_on() -> None:
    assert right(holding(given(gives("sso"))), "sso").enabled


def test_a_grant_switches_on_what_the_plan_leaves_off() -> None:
    life = holding(given(gives("sso", enabled=False)))
    life.grant("2026-01-11", "sso", enabled=True)
    assert right(life, "sso").enabled


def test_a_grant_by_hand_that_denies_outweighs_everything_that_switches_on() -> None:
    life = holding(given(gives("sso", enabled=True)))
    life.grant("2026-01-11", "sso", enabled=True)
    life.grant("2026-01-12", "sso", enabled=False)
    assert not right(life, "sso").enabled


def test_an_override_outweighs_a_denial() -> None:
    life = holding(given(gives("sso", enabled=True)))
    life.grant("2026-01-11", "sso", enabled=False)
    life.grant("2026-01-12", "sso", enabled=True, override=True)
    assert right(life, "sso").enabled


# ── METERED ──
def test_limits_add_up_over_plans_add_ons_and_grants() -> None:
    basic, extra = given(gives("calls", "1000", resets=MONTH)), given(gives("calls", "500"), key="extra")
    life = holding(basic, given(gives("calls", "20"), key="other"), add_ons=(extra,))
    life.grant("2026-01-11", "calls", "3.5")
    assert right(life, "calls").limit == D("1523.5")


def test_an_add_on_gives_its_limit_as_often_as_it_was_bought() -> None:
    life = holding(given(gives("calls", "1000")))
    life.change("2026-01-11", AddAddOn(given(gives("calls", "0.5"), key="extra"), 3))
    assert right(life, "calls").limit == D("1001.5")


def test_seats_of_the_plan_itself_do_not_multiply_its_limits() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", given(gives("calls", "1000")), quantity=7)
    assert right(life, "calls").limit == 1000


def test_limits_of_any_size_add_up_exactly() -> None:
    life = holding(given(gives("calls", "999999999999999999.999999999999")))
    life.grant("2026-01-11", "calls", "999999999999999999.999999999999")
    assert right(life, "calls").limit == D("1999999999999999999.999999999998")


def test_one_unlimited_source_makes_it_unlimited() -> None:
    life = holding(given(gives("calls", "1000")))
    life.grant("2026-01-11", "calls", unlimited=True)
    held = right(life, "calls")
    assert (held.unlimited, held.limit) == (True, None)
    assert right(holding(given(gives("calls"))), "calls").unlimited


def test_a_source_that_is_off_adds_nothing() -> None:
    life = holding(given(gives("calls", "1000", hard=True)), given(gives("calls", enabled=False), key="other"))
    held = right(life, "calls")
    assert (held.enabled, held.limit, held.unlimited, held.hard) == (True, 1000, False, True)


def test_a_limit_is_hard_unless_any_of_its_sources_is_soft() -> None:
    silent, hard, soft = (
        given(gives("calls", "10", hard=hard), key=key) for key, hard in (("a", None), ("b", True), ("c", False))
    )
    assert right(holding(silent), "calls").hard
    assert right(holding(silent, hard), "calls").hard
    assert not right(holding(silent, hard, soft), "calls").hard


def test_a_grant_of_more_leaves_a_soft_limit_soft_and_a_hard_one_hard() -> None:
    for hard in (True, False):
        life = holding(given(gives("calls", "10", hard=hard)))
        life.grant("2026-01-11", "calls", "5")
        assert right(life, "calls").hard is hard


# ── VALUE ──
def test_a_value_is_that_of_the_highest_priority_grants_before_add_ons_before_plans() -> None:
    life = holding(given(gives("adapters", value=5)), add_ons=(given(gives("adapters", value=7), key="extra"),))
    assert right(life, "adapters").value == 7
    life.grant("2026-01-11", "adapters", value=9, priority=2)
    assert right(life, "adapters").value == 9
    life.grant("2026-01-12", "adapters", value=3, priority=1)
    assert right(life, "adapters").value == 9


def test_of_equal_priority_the_latest_value_holds() -> None:
    life = holding(given(gives("region", value="eu")), given(gives("region", value="us"), key="other"))
    assert right(life, "region").value == "us"
    life.grant("2026-01-11", "region", value="ch")
    life.grant("2026-01-12", "region", value="jp")
    assert right(life, "region").value == "jp"


def test_any_json_can_be_a_value() -> None:
    value = {"regions": ["eu", "us"], "strict": True, "share": 0.5, "none": None}
    assert right(holding(given(gives("region", value=value))), "region").value == value


# ── overrides ──
def test_an_override_stands_in_the_place_of_every_limit_before_it() -> None:
    life = holding(given(gives("calls", "1000", hard=True, resets=MONTH)))
    life.grant("2026-01-11", "calls", "500")
    life.grant("2026-01-12", "calls", "40", override=True)
    held = right(life, "calls")
    assert (held.limit, held.unlimited, held.hard, held.resets) == (40, False, True, MONTH)
    assert [source.kind for source in held.sources] == [SourceKind.PLAN, SourceKind.GRANT, SourceKind.OVERRIDE]


def test_an_override_can_lift_a_limit_soften_it_or_forbid_the_feature() -> None:
    life = holding(given(gives("calls", "1000", hard=True)))
    life.grant("2026-01-11", "calls", "1000", override=True, hard=False)
    assert not right(life, "calls").hard
    life.grant("2026-01-12", "calls", unlimited=True, override=True)
    assert right(life, "calls").unlimited
    life.grant("2026-01-13", "calls", enabled=False, override=True)
    assert not right(life, "calls").enabled


def test_of_several_overrides_the_highest_priority_holds_and_of_equals_the_latest() -> None:
    life = holding(given(gives("adapters", value=5)))
    life.grant("2026-01-11", "adapters", value=10, override=True, priority=60)
    life.grant("2026-01-12", "adapters", value=20, override=True)
    assert right(life, "adapters").value == 10
    life.grant("2026-01-13", "adapters", value=30, override=True, priority=60)
    assert right(life, "adapters").value == 30


def test_an_override_alone_gives_a_right_that_no_plan_gives() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "calls", "40", override=True)
    held = right(life, "calls")
    assert (held.enabled, held.limit, held.hard) == (True, 40, True)
    life.grant("2026-01-11", "region", value="eu", override=True)
    life.grant("2026-01-11", "storage", unlimited=True, override=True)
    assert [right(life, feature).enabled for feature in ("region", "storage")] == [True, True]


# ── since when, until when ──
def test_the_instant_at_which_a_grant_expires_no_longer_belongs_to_it() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "sso", enabled=True, expires_at="2026-01-15")
    assert entitlement(life.account, "sso", on("2026-01-15") - MICROSECOND) is not None
    assert entitlement(life.account, "sso", on("2026-01-15")) is None
    assert life.until("2026-01-15") == ["2026-01-15: g1 expired"]


def test_when_an_override_expires_the_plan_holds_again() -> None:
    life = holding(given(gives("calls", "1000")))
    life.grant("2026-01-11", "calls", "40", override=True, expires_at="2026-01-15")
    assert right(life, "calls", "2026-01-14").limit == 40
    assert right(life, "calls", "2026-01-15").limit == 1000


def test_a_grant_ends_when_it_is_revoked_and_revoking_it_again_changes_nothing() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "sso", enabled=True)
    assert life.do("2026-01-12", c.RevokeEntitlement("g1")) == ["2026-01-12: g1 revoked"]
    assert entitlement(life.account, "sso", on("2026-01-12")) is None
    assert life.do("2026-01-13", c.RevokeEntitlement("g1")) == []
    with life.refuses(ErrorCode.NOT_FOUND):
        life.do("2026-01-13", c.RevokeEntitlement("g9"))


def test_only_what_has_started_and_not_ended_gives_rights() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", given(gives("sso")), start_at="2026-01-10")
    life.cancel("2026-01-01", "2026-01-20")
    assert [at for at in ("2026-01-09", "2026-01-10", "2026-01-19", "2026-01-20") if _has(life, "sso", at)] == [
        "2026-01-10",
        "2026-01-19",
    ]


def _has(life: Timeline, feature: str, at: str) -> bool:
    life.until(at)
    return entitlement(life.account, feature, on(at)) is not None


def test_a_right_of_a_trial_is_named_so_and_says_when_the_trial_ends() -> None:
    life = holding(given(gives("calls", "100"), trial_days=14))
    [source] = right(life, "calls").sources
    assert (source.kind, source.label, source.expires_at) == (SourceKind.TRIAL, "Basic", on("2026-01-24"))
    [source] = right(life, "calls", "2026-01-24").sources
    assert (source.kind, source.expires_at) == (SourceKind.PLAN, None)


def test_every_right_is_listed_once_by_feature() -> None:
    life = holding(given(gives("sso"), gives("calls", "5")), given(gives("calls", "6"), key="other"))
    life.grant("2026-01-11", "region", value="eu")
    assert [entitlement.feature.key for entitlement in entitlements(life.account, on("2026-01-20"))] == [
        "calls",
        "region",
        "sso",
    ]


def test_a_grant_keeps_the_meaning_its_feature_had_when_it_was_given() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "sso", enabled=True)
    assert right(life, "sso").feature.name == "Single sign-on"


# ── the period over which use is counted ──
def test_use_is_counted_from_the_subscriptions_anchor_in_its_zone() -> None:
    life = holding(given(gives("calls", "5", resets=MONTH)), zone=PARIS)
    assert right(life, "calls", "2026-03-20").period == Period(on("2026-03-10"), on("2026-04-09 23:00"))


def test_use_is_counted_in_the_rhythm_of_the_feature_whatever_the_rhythm_of_the_bill() -> None:
    life = Timeline("2026-01-01")
    sold = plan("big", flat("990", Cadence.YEAR), gives("calls", "5", resets=MONTH))
    life.subscribe("2026-01-10", sold)
    assert right(life, "calls", "2026-03-20").period == Period(on("2026-03-10"), on("2026-04-10"))


def test_use_before_the_subscription_began_does_not_count_against_it() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", given(gives("calls", "5", resets=MONTH)), anchor="2026-01-01")
    assert right(life, "calls", "2026-01-20").period == Period(on("2026-01-10"), on("2026-02-01"))
    assert right(life, "calls", "2026-02-20").period == Period(on("2026-02-01"), on("2026-03-01"))


def test_use_in_a_trial_is_counted_apart_from_use_in_the_first_paid_period() -> None:
    life = holding(given(gives("calls", "5", resets=MONTH), trial_days=14))
    assert right(life, "calls", "2026-01-20").period == Period(on("2026-01-10"), on("2026-01-24"))
    assert right(life, "calls", "2026-01-24").period == Period(on("2026-01-24"), on("2026-02-24"))


def test_a_change_of_plan_goes_on_counting_in_the_same_period() -> None:
    life = holding(given(gives("calls", "5", resets=MONTH)))
    before = right(life, "calls").period
    life.change("2026-01-20", ChangePlan(given(gives("calls", "9", resets=MONTH), key="other")))
    after = right(life, "calls", "2026-01-21")
    assert (after.period, after.limit, after.since) == (before, 9, on("2026-01-10"))


def test_use_that_never_resets_is_counted_over_the_customers_whole_life() -> None:
    assert right(holding(given(gives("storage", "5"))), "storage").period == Period(on("2026-01-01"), FOREVER)
    assert right(holding(given(gives("storage", "5", resets=Cadence.ONCE))), "storage").period == Period(
        on("2026-01-01"), FOREVER
    )


def test_a_grant_that_stands_alone_is_counted_from_the_day_it_was_given_and_never_resets() -> None:
    life = Timeline("2026-01-01", zone=NEW_YORK)
    life.grant("2026-01-11", "calls", "5")
    life.grant("2026-01-12", "calls", "6", expires_at="2026-01-20")
    life.grant("2026-01-13", "calls", "7", override=True)
    assert right(life, "calls", "2026-01-19").period == Period(on("2026-01-11"), FOREVER)
    life.do("2026-01-20", c.RevokeEntitlement("g1"))
    assert right(life, "calls", "2026-01-20").period == Period(on("2026-01-13"), FOREVER)


def test_a_grant_beside_a_plan_is_counted_with_the_plan() -> None:
    life = holding(given(gives("calls", "5", resets=MONTH)))
    life.grant("2026-01-11", "calls", "6")
    assert right(life, "calls").period == Period(on("2026-01-10"), on("2026-02-10"))


def test_the_first_source_that_resets_sets_the_rhythm_for_all() -> None:
    never, daily = given(gives("calls", "5")), given(gives("calls", "6", resets=Cadence.DAY), key="daily")
    held = right(holding(never, daily), "calls")
    assert (held.limit, held.resets, held.period) == (11, Cadence.DAY, Period(on("2026-01-20"), on("2026-01-21")))


def test_what_may_roll_over_adds_up() -> None:
    one = given(gives("calls", "5", resets=MONTH, rollover=D("2")))
    other = given(gives("calls", "6", resets=MONTH, rollover=D("0.5")), key="other")
    assert right(holding(one, other), "calls").rollover == D("2.5")
    assert right(holding(given(gives("calls", "5", resets=MONTH))), "calls").rollover is None


# ── what can be granted ──
@pytest.mark.parametrize(
    ("feature", "terms", "field"),
    [
        ("sso", {"limit": "5"}, "feature"),
        ("sso", {"unlimited": True}, "feature"),
        ("sso", {"value": 5}, "feature"),
        ("sso", {"enabled": True, "hard": True}, "hard"),
        ("calls", {}, "limit"),
        ("calls", {"enabled": True}, "limit"),
        ("calls", {"limit": "-1"}, "limit"),
        ("calls", {"limit": "5", "unlimited": True}, "unlimited"),
        ("calls", {"limit": "5", "value": 5}, "value"),
        ("adapters", {}, "value"),
        ("adapters", {"value": 5, "limit": "5"}, "limit"),
        ("adapters", {"value": 5, "unlimited": True}, "limit"),
        ("sso", {"enabled": True, "expires_at": "2026-01-11"}, "expires_at"),
    ],
)
def test_a_grant_says_what_its_kind_of_feature_takes_and_nothing_else(
    feature: str, terms: dict[str, object], field: str
) -> None:
    life = Timeline("2026-01-01")
    with life.refuses(ErrorCode.INVALID) as no:
        life.grant("2026-01-11", feature, **terms)  # type: ignore[arg-type]
    assert no.value.field == (field,)


def test_a_grant_of_nothing_is_a_limit_of_zero() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "calls", "0")
    assert right(life, "calls").limit == 0


def test_a_grant_is_given_at_the_instant_of_the_decision() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "sso", enabled=True)
    [granted] = life.account.grants
    assert isinstance(granted, Grant)
    assert granted.granted_at == on("2026-01-11")


def test_a_thousand_grants_can_be_open_at_once() -> None:
    life = Timeline("2026-01-01")
    for _ in range(1_000):
        life.grant("2026-01-11", "calls", "1")
    with life.refuses(ErrorCode.LIMIT_REACHED):
        life.grant("2026-01-11", "calls", "1")
    assert right(life, "calls").limit == 1_000
    life.do("2026-01-20", c.RevokeEntitlement("g1"))
    life.grant("2026-01-20", "calls", "1")
