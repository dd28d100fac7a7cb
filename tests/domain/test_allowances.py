"""What may be used and what is billed for it are one count: the gate and the invoice never disagree, and no sequence of
changes makes an allowance begin anew. Worked figures of decisions/0021; June has 30 days."""

import pytest
from billed_shop import MONTH, YEAR, calls, fee, sold, tiered
from gated import Gated
from msgspec.structs import replace
from timeline import D, gives, on, plan

from domain import commands as c
from domain.books.line import Line
from domain.catalog import ChargeModel, PlanVersion, Price
from domain.policy import TrialUsage
from domain.subscription import AddAddOn, Cancel, ChangePlan, Pause, Resume


def offer(key: str, *prices: Price, limit: str | None = "100", hard: bool = False, **given: object) -> PlanVersion:
    """So many calls a month (None: unlimited) at these prices."""
    terms = {"resets": MONTH, **given}
    return plan(key, *prices, gives("calls", limit, hard=hard, **terms))


OVER = calls("1", included=D(100))
PLAN = offer("plan", OVER)  # 100 a month, then 1.00 a unit


def steps(line: Line) -> list[str]:
    return [f"{step.label}: {step.quantity:f} × {step.rate:f} = {step.amount:f}" for step in line.steps]


# ── included units and tiers are counted once a period ──
def test_included_units_do_not_begin_anew_with_each_pause() -> None:
    """Row 9: five times 100 units, between them a pause of a minute: 500 − 100 = 400.00."""
    gated = Gated("2026-06-01", PLAN)
    for day in range(2, 7):
        gated.used("calls", f"2026-06-{day:02d} 12:00", "100")
        if day < 6:
            gated.change(f"2026-06-{day:02d} 13:00", Pause())
            gated.change(f"2026-06-{day:02d} 13:01", Resume())
    assert gated.billed("2026-07-01 01:00") == D("400.00")
    assert steps(gated.invoices[-1].lines[-1]) == [
        "included: 100 × 0 = 0",
        "units: 400 × 1 = 400",
        "billed before: 1 × -300.00 = -300.00",
    ]


@pytest.mark.parametrize("there", ["a plan without the meter", "another version", "another rhythm", "another plan"])
def test_nor_with_each_return_to_a_plan(there: str) -> None:
    both = plan("plan", fee("30"), fee("300", YEAR), OVER, gives("calls", "100", hard=False, resets=MONTH))
    away = {
        "a plan without the meter": ChangePlan(sold("free")),
        "another version": ChangePlan(plan("plan", fee("40"), replace(OVER, unit_amount=D(2)), version=2)),
        "another rhythm": ChangePlan(both, YEAR),
        "another plan": ChangePlan(offer("other", fee("50"), OVER)),
    }[there]
    gated = Gated("2026-06-01", both)
    for day in range(2, 7):
        gated.used("calls", f"2026-06-{day:02d} 12:00", "100")
        if day < 6:
            gated.change(f"2026-06-{day:02d} 13:00", away)
            gated.change(f"2026-06-{day:02d} 13:01", ChangePlan(both, MONTH))
    assert gated.billed("2026-07-01 01:00") == D("400.00")


def test_nor_by_leaving_and_coming_back_as_a_new_subscription() -> None:
    gated = Gated("2026-06-01", PLAN)
    for day in range(2, 7):
        gated.used("calls", f"2026-06-{day:02d} 12:00", "100")
        if day < 6:
            gated.cancel(f"2026-06-{day:02d} 13:00", "NOW", of=f"s{day - 1}")
            gated.subscribe(f"2026-06-{day:02d} 13:01", PLAN)
    assert gated.billed("2026-07-07") == D("400.00")
    assert gated.sub.usage_anchor == on("2026-06-01")


def test_in_a_later_period_a_new_subscription_counts_from_its_own_start() -> None:
    gated = Gated("2026-06-01", PLAN)
    gated.used("calls", "2026-06-10", "100")
    gated.cancel("2026-06-11", "NOW")
    gated.subscribe("2026-07-01", PLAN)
    assert gated.sub.usage_anchor is None
    gated.used("calls", "2026-07-02", "100")
    assert gated.billed("2026-09-01") == 0


def test_tiers_go_on_under_the_price_that_takes_over() -> None:
    """80 at 1.00, then version 2 (beyond 100: 0.50): 20 at 1.00 and 60 at 0.50 = 50.00."""
    first = plan("plan", calls("1"))
    second = plan("plan", tiered(ChargeModel.GRADUATED, ("100", "1"), (None, "0.50")), version=2)
    gated = Gated("2026-06-01", first)
    gated.used("calls", "2026-06-05", "80")
    gated.change("2026-06-10", ChangePlan(second))
    gated.used("calls", "2026-06-15", "80")
    gated.until("2026-07-01 01:00")
    assert gated.bills == [
        "2026-06-10: INV-1, 80.00: Plan: calls 80.00",
        "2026-07-01 01:00: INV-2, 50.00: Plan: calls 50.00",
    ]
    assert steps(gated.invoices[1].lines[0]) == [
        "tier 1 (up to 100): 100 × 1 = 100",
        "tier 2 (above 100): 60 × 0.5 = 30",
        "counted before: 80: 1 × -80 = -80",
    ]


def test_a_correction_below_what_was_counted_before_charges_nothing_and_gives_nothing() -> None:
    gated = Gated("2026-06-01", plan("plan", calls("1")))
    gated.used("calls", "2026-06-05", "80")
    gated.change("2026-06-10", ChangePlan(plan("plan", calls("2"), version=2)))
    gated.used("calls", "2026-06-15", "-30")
    assert gated.billed("2026-07-01 01:00") == D("80.00")


def test_trial_use_never_counts_against_what_is_paid_for() -> None:
    """Ten days of trial with 100 used; the first paid period has its own 100, also where it is short."""
    tried = replace(PLAN, terms=replace(PLAN.terms, trial_days=10))
    gated = Gated("2026-06-01")
    gated.subscribe("2026-06-01", tried, anchor="2026-06-21")
    assert gated.use("2026-06-05", "100") == "WITHIN_LIMIT"
    assert gated.use("2026-06-06", "1") == "OVERAGE_BILLED"
    assert gated.use("2026-06-12", "100") == "WITHIN_LIMIT"
    assert gated.billed("2026-06-21 01:00") == 0


def test_what_is_billed_in_a_trial_is_counted_in_the_trial() -> None:
    tried = replace(PLAN, terms=replace(PLAN.terms, trial_days=10, trial_usage=TrialUsage.BILLED))
    gated = Gated("2026-06-01")
    gated.subscribe("2026-06-01", tried, anchor="2026-06-21")
    gated.used("calls", "2026-06-05", "150")
    gated.used("calls", "2026-06-12", "170")
    assert gated.billed("2026-06-21 01:00") == D("120.00")


# ── what the gate calls within the limit ──
def test_a_grant_comes_off_like_units_that_are_included() -> None:
    """Row 12: 100 of the plan and 100 granted; 150 used."""
    gated = Gated("2026-06-01", PLAN)
    gated.grant("2026-06-02", "calls", "100")
    assert gated.use("2026-06-10", "150") == "WITHIN_LIMIT"
    assert gated.limit("2026-06-10") == 200
    assert gated.billed("2026-07-01 01:00") == 0
    assert gated.use("2026-07-02", "205") == "OVERAGE_BILLED"
    assert gated.billed("2026-08-01 01:00") == D("5.00")
    assert steps(gated.invoices[-1].lines[0]) == [
        "included: 100 × 0 = 0",
        "within the limit: 100 × 0 = 0",
        "units: 5 × 1 = 5",
    ]


def test_it_comes_off_for_as_long_as_it_holds() -> None:
    """150 within 200; then the grant expires and 10 more are overage."""
    gated = Gated("2026-06-01", PLAN)
    gated.grant("2026-06-02", "calls", "100", expires_at="2026-06-20")
    assert gated.use("2026-06-10", "150") == "WITHIN_LIMIT"
    assert gated.use("2026-06-20", "10") == "OVERAGE_BILLED"
    assert gated.billed("2026-07-01 01:00") == D("10.00")


def test_it_allows_what_was_used_before_it_in_the_same_period_too() -> None:
    """150 used, 50 of them beyond; then 100 granted: the meter says 150 of 200, and so does the invoice."""
    gated = Gated("2026-06-01", PLAN)
    assert gated.use("2026-06-05", "150") == "OVERAGE_BILLED"
    gated.grant("2026-06-10", "calls", "100")
    assert gated.use("2026-06-11", "50") == "WITHIN_LIMIT"
    assert gated.use("2026-06-12", "7") == "OVERAGE_BILLED"
    assert gated.billed("2026-07-01 01:00") == D("7.00")


def test_it_allows_nothing_of_the_period_before() -> None:
    gated = Gated("2026-06-01", PLAN)
    assert gated.use("2026-06-05", "150") == "OVERAGE_BILLED"
    gated.until("2026-07-01")
    gated.grant("2026-07-01 00:30", "calls", "100")
    assert gated.billed("2026-07-01 01:00") == D("50.00")


def test_an_override_comes_off_too_and_one_below_takes_no_included_units_away() -> None:
    gated = Gated("2026-06-01", PLAN)
    gated.grant("2026-06-02", "calls", "300", override=True)
    assert gated.use("2026-06-10", "300") == "WITHIN_LIMIT"
    assert gated.billed("2026-07-01 01:00") == 0
    lower = Gated("2026-06-01", PLAN)
    lower.grant("2026-06-02", "calls", "40", override=True)
    lower.used("calls", "2026-06-10", "100")
    assert lower.billed("2026-07-01 01:00") == 0


def test_nothing_is_charged_while_a_source_is_unlimited() -> None:
    gated = Gated("2026-06-01", PLAN)
    gated.grant("2026-06-02", "calls", unlimited=True, expires_at="2026-06-20")
    assert gated.use("2026-06-10", "5000") == "WITHIN_LIMIT"
    assert gated.use("2026-06-21", "3") == "OVERAGE_BILLED"
    assert gated.billed("2026-07-01 01:00") == D("3.00")


def test_limits_of_add_ons_and_other_plans_come_off() -> None:
    gated = Gated("2026-06-01", PLAN, offer("base", limit="1000"))
    gated.change("2026-06-01", AddAddOn(offer("extra", limit="50"), 2))
    assert gated.use("2026-06-10", "1200") == "WITHIN_LIMIT"
    assert gated.use("2026-06-11", "1") == "OVERAGE_BILLED"
    assert gated.billed("2026-07-01 01:00") == D("1.00")


def test_a_grant_that_stands_alone_is_spent_once_and_not_every_month() -> None:
    """100 for ever, beside a price without a limit: 70 in June, 30 in July, then each is charged."""
    gated = Gated("2026-06-01", plan("plan", calls("1")))
    gated.grant("2026-06-01", "calls", "100")
    assert gated.use("2026-06-10", "70") == "GRANTED"
    assert gated.use("2026-07-10", "30") == "GRANTED"
    assert gated.use("2026-07-11", "1") == "LIMIT_REACHED"
    gated.used("calls", "2026-07-12", "25")
    assert gated.billed("2026-08-01 01:00") == D("25.00")


def test_a_price_within_the_plans_own_limit_goes_on_charging() -> None:
    """1000 calls at 0.05 each are no overage; a grant lets more be used, at the same price."""
    gated = Gated("2026-06-01", offer("plan", calls("0.05"), limit="1000", hard=True))
    gated.grant("2026-06-02", "calls", "500")
    assert gated.use("2026-06-10", "1200") == "WITHIN_LIMIT"
    assert gated.billed("2026-07-01 01:00") == D("60.00")


# ── what rolls over ──
ROLLS = offer("plan", OVER, hard=True, rollover=D(50))


def test_a_new_version_that_changes_nothing_of_the_limit_takes_nothing_of_what_rolled_over() -> None:
    """Row 13: 70 of 100 used in January leave 30: February has 130."""
    gated = Gated("2026-01-01", ROLLS)
    assert gated.use("2026-01-10", "70") == "WITHIN_LIMIT"
    assert gated.limit("2026-02-01") == 130
    assert gated.use("2026-02-05", "120") == "WITHIN_LIMIT"
    version = replace(offer("plan", calls("2", included=D(100)), hard=True, rollover=D(50)), id="version_2", number=2)
    gated.change("2026-02-10", ChangePlan(version))
    assert gated.limit("2026-02-11") == 130
    assert gated.use("2026-02-12", "10") == "WITHIN_LIMIT"
    assert gated.use("2026-02-12", "1") == "LIMIT_REACHED"
    assert gated.billed("2026-03-01 01:00") == 0


def test_what_rolled_over_is_told_from_each_periods_own_limit() -> None:
    """Row 14: 100 used up in March, April and May; 1,000 granted in June give 1,100."""
    gated = Gated("2026-03-01", offer("plan", OVER, hard=True, rollover=D(1000)))
    for month in ("03", "04", "05"):
        assert gated.use(f"2026-{month}-10", "100") == "WITHIN_LIMIT"
    gated.grant("2026-06-05", "calls", "1000")
    assert gated.limit("2026-06-06") == 1100


def test_it_is_not_billed_as_overage_either() -> None:
    soft = offer("plan", OVER, rollover=D(50))
    gated = Gated("2026-01-01", soft)
    gated.use("2026-01-10", "70")
    assert gated.use("2026-02-05", "130") == "WITHIN_LIMIT"
    assert gated.use("2026-02-06", "1") == "OVERAGE_BILLED"
    assert gated.billed("2026-03-01 01:00") == D("1.00")


def test_what_rolled_into_a_period_stays_when_another_plan_takes_over() -> None:
    """30 rolled into February. A plan of 500 that lets nothing roll over has 530 there, and 500 in March."""
    gated = Gated("2026-01-01", ROLLS)
    gated.use("2026-01-10", "70")
    gated.change("2026-02-10", ChangePlan(offer("big", limit="500", hard=True)))
    assert [gated.limit(at) for at in ("2026-02-11", "2026-03-01")] == [530, 500]


def test_a_pause_of_a_whole_period_adds_nothing_and_takes_nothing() -> None:
    gated = Gated("2026-01-01", ROLLS)
    gated.use("2026-01-10", "70")
    gated.change("2026-01-31", Pause())
    gated.change("2026-03-01 12:00", Resume())
    assert gated.limit("2026-03-02") == 130


# ── the rhythm of the bill ──
def test_another_rhythm_of_billing_gives_no_limit_once_more() -> None:
    """Row 15: 100 used, to the year and back a minute later, five times."""
    both = plan("plan", fee("30"), fee("300", YEAR), gives("calls", "100", hard=True, resets=MONTH))
    gated = Gated("2026-06-01", both)
    assert gated.use("2026-06-02", "100") == "WITHIN_LIMIT"
    for day in range(3, 8):
        gated.change(f"2026-06-{day:02d} 12:00", ChangePlan(both, YEAR))
        assert gated.use(f"2026-06-{day:02d} 12:00:30", "1") == "LIMIT_REACHED"
        gated.change(f"2026-06-{day:02d} 12:01", ChangePlan(both, MONTH))
        assert gated.use(f"2026-06-{day:02d} 12:02", "1") == "LIMIT_REACHED"
    assert gated.use("2026-07-01", "100") == "WITHIN_LIMIT"


def test_usage_is_billed_when_its_own_period_is_over_whenever_fees_are() -> None:
    both = plan("plan", fee("30"), fee("300", YEAR), OVER)
    gated = Gated("2026-06-01", both)
    gated.change("2026-06-16", ChangePlan(both, YEAR))
    gated.used("calls", "2026-06-20", "103")
    gated.used("calls", "2026-07-01", "104")
    gated.until("2026-08-01 01:00")
    assert gated.bills[-2:] == [
        "2026-07-01 01:00: INV-3, 3.00: Plan: calls 3.00",
        "2026-08-01 01:00: INV-4, 4.00: Plan: calls 4.00",
    ]


# ── a second subscription beside the first ──
def test_a_subscription_beside_another_counts_in_the_same_periods() -> None:
    """100 of the first used up; the second adds 50 to them. Without the first its own 50 are used up as well."""
    gated = Gated("2026-06-01", offer("first", hard=True))
    assert gated.use("2026-06-10", "100") == "WITHIN_LIMIT"
    gated.subscribe("2026-06-16", offer("second", limit="50", hard=True))
    assert gated.use("2026-06-17", "20") == "WITHIN_LIMIT"
    gated.cancel("2026-06-18", "NOW")
    assert gated.use("2026-06-19", "1") == "LIMIT_REACHED"
    gated.subscribe("2026-06-20", offer("first", hard=True))
    assert gated.limit("2026-06-21") == 150
    assert gated.use("2026-06-21", "31") == "LIMIT_REACHED"
    assert gated.use("2026-06-21", "30") == "WITHIN_LIMIT"
    assert gated.use("2026-07-01", "150") == "WITHIN_LIMIT"


def test_leaving_for_good_forgets_nothing_that_was_billed() -> None:
    gated = Gated("2026-06-01", PLAN)
    gated.used("calls", "2026-06-10", "130")
    gated.do("2026-06-11", c.ChangeSubscription("s1", "end", Cancel()))
    assert gated.billed("2026-12-01") == D("30.00")


def test_a_plan_without_the_meter_in_between_gives_nothing_anew() -> None:
    """Cancelled, subscribed to something free, moved back to the plan: the month's 100 are used up."""
    free = sold("free")
    gated = Gated("2026-06-01", PLAN)
    gated.used("calls", "2026-06-05", "100")
    for n, day in enumerate((6, 7, 8), start=1):
        gated.cancel(f"2026-06-{day:02d} 01:00", "NOW", of=f"s{n}")
        gated.subscribe(f"2026-06-{day:02d} 02:00", free)
        gated.change(f"2026-06-{day:02d} 03:00", ChangePlan(PLAN), of=f"s{n + 1}")
        assert gated.use(f"2026-06-{day:02d} 04:00", "100") == "OVERAGE_BILLED"
    assert gated.billed("2026-07-01 01:00") == D("300.00")
