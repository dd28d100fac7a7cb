"""The gate: may this customer do this, now? Every answer names its reason and tells, step by step, how it came so."""

from decimal import Decimal

import pytest
from double_entry import JANUARY, invoice, line, received
from msgspec.structs import replace
from timeline import CATALOG, FEATURES, PRO, Timeline, flat, gives, on, plan

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.books.credit import Credit, CreditKind
from domain.catalog import BillingMode, Catalog, ChargeModel, Plan, PlanVersion, Price
from domain.evolve import evolve_account
from domain.money import Money
from domain.period import Cadence
from domain.policy import TrialUsage
from domain.rights.gate import Decision, DecisionReason, FeatureUsage, cheapest_plan, decide_use
from domain.seller import BillingSettings, Seller
from domain.subscription import AddAddOn, Pause
from domain.tax import TaxRate

D = Decimal
MONTH = Cadence.MONTH
NOW = "2026-01-20"


def ask(life: Timeline, feature: str, quantity: str = "1", used: str = "0", at: str = NOW, **usage: str) -> Decision:
    life.until(at)
    spent = FeatureUsage(D(used), **{name: D(amount) for name, amount in usage.items()})
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
        decision = decide_use(account, CATALOG, "sso", D(1), FeatureUsage(), on(NOW))
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


# ── debts ──
def indebted(*, pay: str | None = None, suspend: str | None = None) -> Timeline:
    """119.00 fell due on 15 January; rights are kept for 14 days."""
    life = holding(calls("100"))
    life.grant("2026-01-11", "sso", enabled=True, reason="beta test")
    life.grant("2026-01-11", "calls", "10")
    final = invoice("1", line("100.00", JANUARY), at="2026-01-15")
    events = [("2026-01-15", replace(final, invoice=replace(final.invoice, currency="USD")))]
    if suspend is not None:
        events.append((suspend, e.BillingSuspended("invoice_1")))
    if pay is not None:
        events.append((pay, received("p1", "119.00", invoice_1="119.00")))
    for at, event in events:
        life.account = evolve_account(life.account, event, on(at))
    return life


def may(life: Timeline, at: str, feature: str = "calls") -> tuple[bool, DecisionReason, str]:
    decision = decide_use(life.account, CATALOG, feature, D(1), FeatureUsage(), on(at))
    return decision.allowed, decision.reason, decision.trace[-1]


def test_within_grace_rights_are_kept_and_after_it_they_are_not_until_it_is_paid() -> None:
    life = indebted()
    allowed = decide_use(life.account, CATALOG, "calls", D(1), FeatureUsage(), on("2026-01-14"))
    assert (allowed.allowed, len(allowed.trace)) == (True, 3)
    grace = decide_use(life.account, CATALOG, "calls", D(1), FeatureUsage(), on("2026-01-28 23:59"))
    assert (grace.allowed, grace.reason) == (True, DecisionReason.WITHIN_LIMIT)
    assert "USD 119.00 is overdue since 2026-01-15: rights are kept until 2026-01-29" in grace.trace
    over = "USD 119.00 is overdue since 2026-01-15: rights were kept until 2026-01-29"
    assert may(life, "2026-01-29") == (False, DecisionReason.PAYMENT_OVERDUE, over)
    assert may(indebted(pay="2026-01-30"), "2026-01-30")[:2] == (True, DecisionReason.WITHIN_LIMIT)


def test_at_the_end_of_dunning_rights_are_suspended_whatever_grace_says() -> None:
    told = "USD 119.00 is overdue since 2026-01-15: suspended since 2026-01-20"
    assert may(indebted(suspend="2026-01-20"), "2026-01-21") == (False, DecisionReason.SUSPENDED, told)


def test_debts_close_what_plans_give_also_where_a_grant_adds_to_it() -> None:
    decision = decide_use(indebted().account, CATALOG, "calls", D(1), FeatureUsage(), on("2026-02-01"))
    assert decision.trace[:2] == ("plan Basic: 100", "grant goodwill: 10")
    assert decision.reason is DecisionReason.PAYMENT_OVERDUE


def test_what_is_held_by_hand_alone_does_not_depend_on_debts() -> None:
    assert may(indebted(), "2026-02-01", "sso") == (True, DecisionReason.GRANTED, "grant beta test")
    assert may(indebted(suspend="2026-01-20"), "2026-02-01", "sso")[0]


def test_debts_are_no_reason_where_there_is_no_right() -> None:
    assert may(indebted(), "2026-02-01", "region")[1] is DecisionReason.NOT_INCLUDED


# ── prepaid ──
def metered(amount: str, cadence: Cadence = MONTH, **terms: object) -> Price:
    return Price("p", "calls", ChargeModel.PER_UNIT, cadence, "USD", D(amount), meter_key="calls", **terms)


def drawing(price: Price, credit: str, *, resets: Cadence | None = MONTH, limit: str | None = None) -> Timeline:
    """A customer on a prepaid plan, with this much credit."""
    sold = plan("pay", price, gives("calls", limit, hard=True, resets=resets))
    life = holding(replace(sold, terms=replace(sold.terms, billing=BillingMode.PREPAID)))
    if D(credit):
        bought = Credit("credit_1", CreditKind.PREPAID, "USD", D(credit), D(credit), "bought", on("2026-01-10"))
        life.account = evolve_account(life.account, e.CreditGranted(bought), on("2026-01-10"))
    return life


def test_prepaid_use_is_allowed_as_long_as_credit_covers_the_periods_usage() -> None:
    life = drawing(metered("0.10"), "10.00")
    decision = ask(life, "calls", "5", used="90", held="5")
    assert (decision.allowed, decision.reason) == (True, DecisionReason.PREPAID_CREDIT)
    assert decision.trace[-1] == "prepaid: USD 10.00 of credit is left, 100 in this period come to USD 10.00"
    denied = ask(life, "calls", "6", used="90", held="5")
    assert (denied.allowed, denied.reason) == (False, DecisionReason.CREDIT_EXHAUSTED)
    assert denied.trace[-1] == "prepaid: USD 10.00 of credit is left, 101 in this period come to USD 10.10"


def test_without_credit_prepaid_use_is_refused_but_included_units_need_none() -> None:
    life = drawing(metered("0.10", included=D(50)), "0")
    assert ask(life, "calls", used="49").reason is DecisionReason.WITHIN_LIMIT
    assert ask(life, "calls", used="50").reason is DecisionReason.CREDIT_EXHAUSTED


def test_the_tax_that_comes_on_top_has_to_be_covered_too() -> None:
    """100 used at 0.10 are 10.00, and 11.90 with 19 % on top; a price with the tax in it stays 10.00."""
    german = BillingSettings(seller=Seller(country="DE"), tax_rates=(TaxRate("DE", "standard", "VAT", D(19)),))
    shop = replace(CATALOG, settings=german)
    for price, covered in ((metered("0.10"), False), (metered("0.10", tax_inclusive=True), True)):
        account = drawing(price, "10.00").account
        assert decide_use(account, shop, "calls", D(1), FeatureUsage(D(99)), on(NOW)).allowed is covered
    enough = drawing(metered("0.10"), "11.90").account
    assert decide_use(enough, shop, "calls", D(1), FeatureUsage(D(99)), on(NOW)).allowed


def test_a_limit_comes_before_credit() -> None:
    life = drawing(metered("0.10"), "1000", limit="10")
    assert ask(life, "calls", used="9").reason is DecisionReason.PREPAID_CREDIT
    assert ask(life, "calls", used="10").reason is DecisionReason.LIMIT_REACHED


@pytest.mark.parametrize("resets", [None, Cadence.DAY])
def test_counted_by_another_period_than_the_price_it_is_allowed_while_any_credit_is_left(resets: Cadence) -> None:
    assert ask(drawing(metered("0.10"), "0.01", resets=resets), "calls", used="5000").allowed
    assert not ask(drawing(metered("0.10"), "0", resets=resets), "calls").allowed


def test_the_price_that_the_subscriber_agreed_on_is_the_one_that_counts() -> None:
    sold = plan("pay", metered("0.10"), gives("calls", resets=MONTH))
    prepaid = replace(sold, terms=replace(sold.terms, billing=BillingMode.PREPAID))
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", prepaid, overrides=(metered("0.05"),))
    life.account = replace(life.account, prepaid={"USD": D(10)})
    assert ask(life, "calls", used="199").allowed
    assert not ask(life, "calls", used="200").allowed


def test_a_free_trial_of_a_prepaid_plan_needs_no_credit() -> None:
    sold = plan("pay", metered("0.10"), gives("calls", resets=MONTH), trial_days=14)
    free = replace(sold, terms=replace(sold.terms, billing=BillingMode.PREPAID))
    billed = replace(free, terms=replace(free.terms, trial_usage=TrialUsage.BILLED))
    assert ask(holding(free), "calls").reason is DecisionReason.WITHIN_LIMIT
    assert ask(holding(free), "calls", at="2026-01-24").reason is DecisionReason.CREDIT_EXHAUSTED
    assert ask(holding(billed), "calls").reason is DecisionReason.CREDIT_EXHAUSTED


def test_what_else_is_allowed_needs_no_credit_either() -> None:
    """100 included and 50 granted: the 151st call is the first that costs."""
    life = drawing(metered("0.10", included=D(100)), "0", limit="100")
    life.grant("2026-01-11", "calls", "50")
    assert ask(life, "calls", used="149").reason is DecisionReason.WITHIN_LIMIT
    rolled = drawing(metered("0.10", included=D(100)), "0", limit="100")
    assert ask(rolled, "calls", used="119", carried="20").reason is DecisionReason.WITHIN_LIMIT


def test_what_another_plan_charges_for_draws_on_no_credit() -> None:
    """The plan begun first charges, in arrears; the prepaid one beside it only once that is gone."""
    life = holding(plan("first", metered("0.10"), gives("calls", resets=MONTH)))
    sold = plan("pay", metered("0.10"), gives("calls", resets=MONTH))
    life.subscribe("2026-01-11", replace(sold, terms=replace(sold.terms, billing=BillingMode.PREPAID)))
    assert ask(life, "calls").reason is DecisionReason.WITHIN_LIMIT
    life.cancel("2026-01-21", "NOW")
    assert ask(life, "calls", at="2026-01-22").reason is DecisionReason.CREDIT_EXHAUSTED


# ── the cheapest plan that would help ──
def catalog(*sold: PlanVersion, archived: str | None = None) -> Catalog:
    return Catalog(
        features=tuple(FEATURES.values()),
        plans=tuple(
            Plan(
                plan.plan_id,
                plan.plan_key,
                plan.plan_name,
                versions=(plan,),
                archived_at=on(NOW) if plan.plan_key == archived else None,
            )
            for plan in sold
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


def test_a_plan_of_which_something_is_not_sold_in_the_currency_is_not_named() -> None:
    overage = Price("p", "over", ChargeModel.PER_UNIT, MONTH, "USD", D(1), meter_key="calls")
    half = plan("half", flat("1"), flat("1", currency="EUR"), overage, gives("sso"))
    least = plan("least", flat("2"), flat("2", currency="EUR"), gives("sso"))
    least = replace(least, terms=replace(least.terms, minimum_spend=(Money(D(5), "USD"),)))
    both = plan("both", flat("3"), flat("3", currency="EUR"), gives("sso"))
    shop = catalog(half, least, both)
    assert (cheapest(shop, "sso"), cheapest(shop, "sso", currency="EUR")) == ("half", "both")


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
    mixed = plan("mixed", flat("20"), flat("900", currency="EUR"), overage, gives("sso"))
    assert cheapest(catalog(mixed, LARGE), "sso") == "mixed"


def test_of_equal_prices_the_plan_made_first_is_named() -> None:
    one, other = (plan(key, flat("10"), gives("sso")) for key in ("zebra", "ant"))
    assert cheapest(catalog(one, other), "sso") == "zebra"
