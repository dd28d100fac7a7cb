"""The gate: may this customer do this, now? Every answer names its reason and tells, step by step, how it came so."""

from decimal import Decimal

import pytest
from timeline import CATALOG, FEATURES, PRO, Timeline, flat, gives, on, plan

from domain import commands as c
from domain.account import Account
from domain.catalog import Catalog, ChargeModel, Plan, PlanVersion, Price
from domain.gate import Decision, DecisionReason, Usage, cheapest_plan, decide_use
from domain.period import Cadence
from domain.subscription import AddAddOn, Pause

D = Decimal
MONTH = Cadence.MONTH
NOW = "2026-01-20"


def ask(life: Timeline, feature: str, quantity: str = "1", used: str = "0", at: str = NOW, **usage: str) -> Decision:
    life.until(at)
    spent = Usage(D(used), **{name: D(amount) for name, amount in usage.items()})
    return decide_use(life.account, CATALOG, feature, D(quantity), spent, on(at))


def holding(*plans: PlanVersion) -> Timeline:
    life = Timeline("2026-01-01")
    for sold in plans:
        life.subscribe("2026-01-10", sold)
    return life


def calls(limit: str | None, *, hard: bool = True) -> PlanVersion:
    return plan("basic", gives("calls", limit, hard=hard, resets=MONTH))


# ── metered ──
def test_within_the_limit_use_is_allowed() -> None:
    assert ask(holding(calls("100")), "calls", "5", used="10") == Decision(
        allowed=True,
        reason=DecisionReason.WITHIN_LIMIT,
        feature="calls",
        trace=("plan Basic: 100", "used 10 of 100, asked for 5: within the limit"),
        limit=D(100),
        used=D(10),
        remaining=D(90),
        resets_at=on("2026-02-10"),
    )


def test_the_last_unit_of_a_limit_is_allowed_and_the_next_is_not() -> None:
    life = holding(calls("100"))
    assert ask(life, "calls", used="99").allowed
    assert not ask(life, "calls", used="100").allowed
    assert not ask(life, "calls", "2", used="99").allowed
    assert not ask(life, "calls", "0.000000000002", used="99.999999999999").allowed


def test_at_a_hard_limit_use_is_refused() -> None:
    decision = ask(holding(calls("100")), "calls", used="100")
    assert (decision.allowed, decision.reason) == (False, DecisionReason.LIMIT_REACHED)
    assert decision.trace == (
        "plan Basic: 100",
        "used 100 of 100, asked for 1: above the limit",
        "the limit is hard",
    )
    assert decision.remaining == 0


def test_above_a_soft_limit_use_is_allowed_and_billed() -> None:
    decision = ask(holding(calls("100", hard=False)), "calls", used="250")
    assert (decision.allowed, decision.reason) == (True, DecisionReason.OVERAGE_BILLED)
    assert decision.trace[-1] == "the limit is soft: what is above it is billed"
    assert decision.remaining == 0


def test_without_a_limit_use_is_always_within_it() -> None:
    decision = ask(holding(calls(None)), "calls", "1000000", used="5")
    assert (decision.allowed, decision.reason, decision.remaining) == (True, DecisionReason.WITHIN_LIMIT, None)
    assert decision.trace == ("plan Basic: unlimited", "unlimited")
    assert decision.used == 5


def test_what_open_reservations_hold_is_taken() -> None:
    decision = ask(holding(calls("100")), "calls", "5", used="90", held="6")
    assert (decision.allowed, decision.remaining) == (False, 4)
    assert "6 held by open reservations" in decision.trace


def test_what_was_carried_over_can_be_used_too() -> None:
    decision = ask(holding(calls("100")), "calls", "5", used="120", carried="25.5")
    assert (decision.allowed, decision.limit, decision.remaining) == (True, D("125.5"), D("5.5"))
    assert "25.5 carried over from earlier periods" in decision.trace


def test_a_limit_of_zero_allows_nothing() -> None:
    assert ask(holding(calls("0")), "calls").reason is DecisionReason.LIMIT_REACHED


def test_figures_are_told_without_exponents() -> None:
    decision = ask(holding(calls("1E+3")), "calls", "1E+2")
    assert decision.trace == ("plan Basic: 1000", "used 0 of 1000, asked for 100: within the limit")


def test_a_limit_that_never_resets_says_so() -> None:
    life = holding(plan("basic", gives("storage", "5", hard=True)))
    assert ask(life, "storage").resets_at is None


# ── switches and values ──
def test_a_switch_that_is_on_is_included() -> None:
    decision = ask(holding(plan("basic", gives("sso"))), "sso")
    assert (decision.allowed, decision.reason, decision.trace) == (True, DecisionReason.INCLUDED, ("plan Basic",))


def test_a_switch_that_the_plan_leaves_off_is_not_included() -> None:
    decision = ask(holding(plan("basic", gives("sso", enabled=False))), "sso")
    assert (decision.allowed, decision.reason) == (False, DecisionReason.NOT_INCLUDED)
    assert decision.trace == ("plan Basic: off", "nothing switches it on")


@pytest.mark.parametrize(
    ("value", "asked", "allowed"), [(3, "3", True), (3, "4", False), (2.5, "2.5", True), (0, "1", False)]
)
def test_a_value_that_is_a_number_is_a_ceiling(value: float, asked: str, allowed: bool) -> None:
    decision = ask(holding(plan("basic", gives("adapters", value=value))), "adapters", asked)
    assert decision.allowed is allowed
    assert decision.reason is (DecisionReason.INCLUDED if allowed else DecisionReason.LIMIT_REACHED)
    assert decision.value == value


def test_a_refused_value_says_what_the_ceiling_is() -> None:
    decision = ask(holding(plan("basic", gives("adapters", value=3))), "adapters", "4")
    assert (decision.limit, decision.trace) == (3, ("plan Basic", "4 is above 3"))


@pytest.mark.parametrize("value", ["eu", True, ["eu", "us"], "unlimited"])
def test_a_value_that_is_no_number_allows_any_quantity(value: object) -> None:
    assert ask(holding(plan("basic", gives("region", value=value))), "region", "1000").allowed


# ── by hand ──
def test_what_is_held_by_hand_alone_is_granted() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "sso", enabled=True, reason="beta test")
    life.grant("2026-01-11", "calls", "10")
    life.grant("2026-01-11", "storage", unlimited=True)
    life.grant("2026-01-11", "adapters", value=2)
    for feature in ("sso", "calls", "storage", "adapters"):
        assert ask(life, feature).reason is DecisionReason.GRANTED
    assert ask(life, "sso").trace == ("grant beta test",)


def test_a_grant_beside_a_plan_leaves_the_reason_to_the_plan() -> None:
    life = holding(calls("100"))
    life.grant("2026-01-11", "calls", "10")
    decision = ask(life, "calls")
    assert (decision.reason, decision.trace[:2]) == (
        DecisionReason.WITHIN_LIMIT,
        ("plan Basic: 100", "grant goodwill: 10"),
    )


def test_a_denial_by_hand_is_a_revocation_and_names_its_reason() -> None:
    life = holding(plan("basic", gives("sso")))
    life.grant("2026-01-11", "sso", enabled=False, reason="audit pending")
    decision = ask(life, "sso")
    assert (decision.allowed, decision.reason) == (False, DecisionReason.REVOKED)
    assert decision.trace == ("plan Basic", "grant audit pending: off", "denied by audit pending")


def test_a_grant_that_was_revoked_is_the_reason_when_nothing_else_gives_the_feature() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-11", "sso", enabled=True, reason="beta test")
    life.do("2026-01-12", c.RevokeEntitlement("g1"))
    decision = ask(life, "sso")
    assert (decision.reason, decision.trace) == (DecisionReason.REVOKED, ("the grant (beta test) was revoked",))


# ── nothing to stand on ──
def test_an_unknown_feature_is_refused_not_an_error() -> None:
    for life in (Timeline("2026-01-01"), holding(PRO)):
        decision = ask(life, "teleport")
        assert (decision.allowed, decision.reason) == (False, DecisionReason.UNKNOWN_FEATURE)
        assert decision.trace == ("no feature has the key teleport",)


def test_an_unknown_customer_is_refused_not_an_error() -> None:
    for account in (None, Account()):
        decision = decide_use(account, CATALOG, "sso", D(1), Usage(), on(NOW))
        assert (decision.allowed, decision.reason) == (False, DecisionReason.NO_SUBSCRIPTION)
        assert decision.trace == ("no such customer",)


def test_without_a_subscription_there_is_no_right() -> None:
    decision = ask(Timeline("2026-01-01"), "sso")
    assert (decision.allowed, decision.reason) == (False, DecisionReason.NO_SUBSCRIPTION)
    assert decision.trace == ("there is no running subscription",)


def test_whatever_the_reason_what_nothing_gives_is_refused() -> None:
    pending, trial, paused, revoked = (Timeline("2026-01-01") for _ in range(4))
    pending.subscribe("2026-01-01", plan("basic", gives("sso")), start_at="2026-02-01")
    trial.subscribe("2026-01-01", plan("basic", gives("sso"), trial_days=7))
    trial.cancel("2026-01-02")
    paused.subscribe("2026-01-01", plan("basic", gives("sso")))
    paused.change("2026-01-02", Pause())
    revoked.grant("2026-01-01", "sso", enabled=True)
    revoked.do("2026-01-02", c.RevokeEntitlement("g1"))
    for life in (pending, trial, paused, revoked, holding(PRO)):
        assert not ask(life, "sso").allowed


def test_a_grant_that_expired_is_no_reason_any_more() -> None:
    life = Timeline("2026-01-01")
    life.grant("2026-01-01", "sso", enabled=True, expires_at="2026-01-15")
    assert ask(life, "sso").reason is DecisionReason.NO_SUBSCRIPTION


def test_a_subscription_that_has_not_started_is_none() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("basic", gives("sso")), start_at="2026-02-01")
    assert ask(life, "sso").reason is DecisionReason.NO_SUBSCRIPTION


def test_a_running_plan_without_the_feature_does_not_include_it() -> None:
    decision = ask(holding(calls("100")), "sso")
    assert (decision.reason, decision.trace) == (DecisionReason.NOT_INCLUDED, ("Basic does not include sso",))


def test_after_a_trial_that_was_cancelled_the_trial_has_ended() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("basic", gives("sso"), trial_days=7))
    life.cancel("2026-01-02")
    assert ask(life, "sso", at="2026-01-07").reason is DecisionReason.INCLUDED
    assert ask(life, "sso", at="2026-01-08").reason is DecisionReason.TRIAL_ENDED


def test_what_ended_last_is_what_counts() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("basic", gives("sso")))
    life.subscribe("2026-01-01", plan("team", gives("sso"), trial_days=7))
    life.cancel("2026-01-02", of="s2")
    life.cancel("2026-01-02", "2026-01-10", of="s1")
    assert ask(life, "sso").reason is DecisionReason.NO_SUBSCRIPTION


def test_a_pause_suspends_what_the_plan_and_its_add_ons_give() -> None:
    life = holding(calls("100"))
    life.change("2026-01-11", AddAddOn(plan("secure", gives("sso"))))
    life.change("2026-01-12", Pause())
    for feature in ("calls", "sso"):
        assert ask(life, feature).reason is DecisionReason.SUSPENDED
    assert ask(life, "region").reason is DecisionReason.NOT_INCLUDED


def test_a_pause_leaves_what_other_sources_give() -> None:
    life = holding(calls("100"))
    life.grant("2026-01-11", "calls", "10")
    life.change("2026-01-12", Pause())
    decision = ask(life, "calls")
    assert (decision.reason, decision.limit) == (DecisionReason.GRANTED, 10)


# ── the cheapest plan that would help ──
def catalog(*sold: PlanVersion, archived: str | None = None) -> Catalog:
    return Catalog(
        features=tuple(FEATURES.values()),
        plans=tuple(
            Plan(
                one.plan_id,
                one.plan_key,
                one.plan_name,
                versions=(one,),
                archived_at=on(NOW) if one.plan_key == archived else None,
            )
            for one in sold
        ),
    )


def cheapest(shop: Catalog, feature: str, needed: str = "1", currency: str = "USD") -> str | None:
    found = cheapest_plan(shop, feature, D(needed), currency)
    return found and found.key


SMALL = plan("small", flat("10"), gives("calls", "100", hard=True), gives("adapters", value=3))
LARGE = plan("large", flat("50"), gives("calls", "1000", hard=True), gives("adapters", value=9), gives("sso"))


def test_the_cheapest_plan_is_the_cheapest_of_those_that_would_allow_it() -> None:
    shop = catalog(LARGE, SMALL)
    assert cheapest(shop, "calls", "100") == "small"
    assert cheapest(shop, "calls", "101") == "large"
    assert cheapest(shop, "calls", "1001") is None
    assert cheapest(shop, "adapters", "3") == "small"
    assert cheapest(shop, "adapters", "4") == "large"
    assert cheapest(shop, "sso") == "large"
    assert cheapest(shop, "region") is None
    assert cheapest(shop, "teleport") is None


def test_a_soft_or_missing_limit_allows_any_amount() -> None:
    soft, open_ = plan("soft", flat("20"), gives("calls", "1", hard=False)), plan("open", flat("30"), gives("calls"))
    assert cheapest(catalog(SMALL, open_), "calls", "101") == "open"
    assert cheapest(catalog(SMALL, open_, soft), "calls", "101") == "soft"


def test_a_plan_that_leaves_the_feature_off_does_not_help() -> None:
    assert cheapest(catalog(plan("off", flat("1"), gives("sso", enabled=False)), LARGE), "sso") == "large"


def test_an_archived_plan_is_not_offered_nor_one_without_a_price_in_the_currency() -> None:
    assert cheapest(catalog(SMALL, LARGE, archived="small"), "calls") == "large"
    assert cheapest(catalog(SMALL, LARGE), "calls", currency="EUR") is None
    assert cheapest(catalog(plan("free", gives("calls", "1"))), "calls", currency="EUR") == "free"


def test_plans_are_compared_by_their_cheapest_rhythm_by_the_month() -> None:
    by_day, by_week = (plan(str(c), flat(p, c), gives("sso")) for c, p in ((Cadence.DAY, "2"), (Cadence.WEEK, "12")))
    by_month = plan("monthly", flat("55"), flat("590", Cadence.YEAR), gives("sso"))  # 49.17 by the year
    by_quarter = plan("quarterly", flat("165", Cadence.QUARTER), gives("sso"))
    assert cheapest(catalog(by_day, by_week, by_month, by_quarter), "sso") == "monthly"
    assert cheapest(catalog(by_day, by_week, by_quarter), "sso") == "WEEK"
    assert cheapest(catalog(by_day, by_quarter), "sso") == "quarterly"


def test_a_price_by_the_seat_is_compared_for_one_seat() -> None:
    def by_seat(key: str, included: str | None) -> PlanVersion:
        seat = Price("p", "seat", ChargeModel.PER_SEAT, MONTH, "USD", D(30), included=included and D(included))
        return plan(key, seat, flat("25"), gives("sso"))

    assert cheapest(catalog(by_seat("seats", None), LARGE), "sso") == "large"
    assert cheapest(catalog(by_seat("seats", "1"), LARGE), "sso") == "seats"


def test_only_prices_in_the_currency_that_follow_no_meter_count() -> None:
    overage = Price("p", "over", ChargeModel.PER_UNIT, MONTH, "USD", D(1000), meter_key="calls")
    mixed = plan("mixed", flat("20"), flat("900", currency="EUR", key="euro"), overage, gives("sso"))
    assert cheapest(catalog(mixed, LARGE), "sso") == "mixed"


def test_of_equal_prices_the_plan_made_first_is_named() -> None:
    one, other = (plan(key, flat("10"), gives("sso")) for key in ("zebra", "ant"))
    assert cheapest(catalog(one, other), "sso") == "zebra"
