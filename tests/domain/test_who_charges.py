"""One event is charged once: by the subscription begun first among those that price its meter, within it by its add-ons
before its plan. (decisions/0021)"""

from billed_shop import FREE, MONTH, YEAR, calls, fee, sold, tiered
from gated import Gated
from msgspec.structs import replace
from timeline import D, gives, on, plan

from domain.billing.charge import Count
from domain.billing.wanted import Wanted
from domain.catalog import ChargeModel
from domain.period import Period
from domain.policy import TrialUsage
from domain.subscription import AddAddOn, ChangePlan, Pause, RemoveAddOn, Resume

FIRST = sold("first", calls("1"))
SECOND = sold("second", calls("2"))
EXTRA = sold("extra", calls("3"))


def used(gated: Gated, *days: int) -> None:
    for day in days:
        gated.used("calls", f"2026-06-{day:02d} 12:00", "100")


# ── who ──
def test_two_subscriptions_that_price_one_meter_charge_an_event_once() -> None:
    """Row 11."""
    gated = Gated("2026-06-01", FIRST, replace(FIRST, id="version_b", plan_id="plan_b", plan_key="b"))
    used(gated, 10)
    assert gated.billed("2026-07-01 01:00") == D("100.00")


def test_so_do_a_plan_and_its_add_on_which_charges_before_it() -> None:
    gated = Gated("2026-06-01", FIRST)
    gated.change("2026-06-01", AddAddOn(EXTRA))
    used(gated, 10)
    assert gated.billed("2026-07-01 01:00") == D("300.00")


def test_of_two_add_ons_the_latest_charges() -> None:
    gated = Gated("2026-06-01", FIRST)
    gated.change("2026-06-01", AddAddOn(EXTRA))
    gated.change("2026-06-05", AddAddOn(SECOND))
    used(gated, 4, 10)
    assert gated.billed("2026-07-01 01:00") == D("500.00")


def test_the_subscription_begun_first_charges_whatever_changed_since() -> None:
    """The second is there before the first one's new version, and long after what it was sold with is closed."""
    gated = Gated("2026-01-01", FIRST)
    gated.subscribe("2026-01-02", SECOND)
    gated.change("2026-01-03", ChangePlan(sold("third", calls("4"))))
    gated.until("2026-06-01")
    used(gated, 10)
    assert gated.billed("2026-07-01 01:00") == D("400.00")


def test_while_the_first_is_paused_the_second_charges() -> None:
    """100 at 1.00, then 100 at 2.00 while it is paused, then 100 at 1.00."""
    gated = Gated("2026-06-01", FIRST, SECOND)
    used(gated, 5, 15, 25)
    gated.change("2026-06-10", Pause())
    gated.change("2026-06-20", Resume())
    assert gated.billed("2026-07-01 01:00") == D("400.00")


def test_a_free_trial_charges_nobody_and_takes_nothing_from_others() -> None:
    tried = replace(FIRST, terms=replace(FIRST.terms, trial_days=14))
    gated = Gated("2026-06-01", tried, SECOND)
    used(gated, 10, 20)
    assert gated.billed("2026-08-01") == D("300.00")
    billed = replace(tried, terms=replace(tried.terms, trial_usage=TrialUsage.BILLED))
    gated = Gated("2026-06-01", billed, SECOND)
    used(gated, 10, 20)
    assert gated.billed("2026-08-01") == D("200.00")


def test_all_prices_that_one_plan_puts_on_the_meter_charge_together() -> None:
    gated = Gated("2026-06-01", sold("both", calls("1"), replace(calls("0.10"), id="price_calls_tax", key="calls_tax")))
    used(gated, 10)
    assert gated.billed("2026-07-01 01:00") == D("110.00")


# ── from which figure to which ──
def test_where_the_add_on_comes_and_goes_each_charges_its_part_of_one_count() -> None:
    """Plan: 100 included, then 1.00. 150 before the add-on: 50.00. Add-on (3.00): 100 × 3.00. Then 100 × 1.00."""
    gated = Gated("2026-06-01", sold("plan", calls("1", included=D(100))))
    gated.used("calls", "2026-06-05", "50")
    used(gated, 5, 15, 25)
    gated.change("2026-06-10", AddAddOn(EXTRA))
    gated.change("2026-06-20", RemoveAddOn("extra"))
    assert gated.billed("2026-07-01 01:00") == D("450.00")


def test_included_units_of_what_lost_the_event_come_off_too() -> None:
    """100 of the first and 50 of the second: of 170 used 20 are charged, by the first."""
    gated = Gated("2026-06-01", sold("first", calls("1", included=D(100))), sold("second", calls("2", included=D(50))))
    gated.used("calls", "2026-06-10", "170")
    gated.until("2026-07-01 01:00")
    assert gated.bills == ["2026-07-01 01:00: INV-1, 20.00: First: calls 20.00"]


def test_of_a_source_the_larger_of_its_limit_and_its_included_units_counts() -> None:
    limited = plan("second", calls("2", included=D(50)), gives("calls", "80", hard=False, resets=MONTH))
    first = plan("first", calls("1", included=D(100)), gives("calls", "100", hard=False, resets=MONTH))
    gated = Gated("2026-06-01", first, limited)
    assert gated.use("2026-06-10", "180") == "WITHIN_LIMIT"
    assert gated.use("2026-06-11", "1") == "OVERAGE_BILLED"
    assert gated.billed("2026-07-01 01:00") == D("1.00")


def test_the_fixed_fee_of_a_first_tier_is_due_once_a_period() -> None:
    fees = replace(tiered(ChargeModel.GRADUATED, (None, "0")), tiers=())
    fees = replace(fees, tiers=(replace(tiered(ChargeModel.GRADUATED, (None, "0")).tiers[0], flat_amount=D(5)),))
    gated = Gated("2026-06-01", sold("plan", fees))
    for day in (5, 10, 15):
        gated.change(f"2026-06-{day:02d}", Pause())
        gated.change(f"2026-06-{day:02d} 00:01", Resume())
    assert gated.billed("2026-07-01 01:00") == D("5.00")
    assert gated.billed("2026-08-01 01:00") == D("10.00")


def test_a_year_that_is_still_open_knows_who_charged_its_closed_months() -> None:
    """The first charged January by the month and was left. The second, by the year, does not charge it once more."""
    gated = Gated("2026-01-01", FIRST, sold("yearly", calls("2", YEAR)), sold("desk", fee("10")))
    gated.used("calls", "2026-01-10", "100")
    gated.cancel("2026-02-01", "NOW")
    gated.used("calls", "2026-08-10", "10")
    assert gated.billed("2027-01-01 01:00") == D("120.00")


def test_a_level_is_charged_by_the_price_that_counted_it() -> None:
    """50 GB at 1.00, from the 16th at 2.00: 50.00. 80 GB at its end: 50.00 and 30 at 2.00."""
    disk = replace(calls("1"), id="price_disk", key="disk", meter_key="storage")
    gated = Gated("2026-06-01", sold("plan", disk))
    gated.change("2026-06-16", ChangePlan(sold("dear", replace(disk, unit_amount=D(2)))))
    start, middle, end = on("2026-06-01"), on("2026-06-16"), on("2026-07-01")
    for level, second in ("50", "0.00"), ("80", "60.00"):
        figures = {Count("storage", Period(start, middle)): D(50), Count("storage", Period(start, end)): D(level)}
        wanted = Wanted(gated.account, end).charges(figures)
        assert [charge.amount for charge in wanted] == [D("50.00"), D(second)]


# ── events that name their subscription ──
def test_what_names_another_subscription_is_asked_for_only_where_two_price_the_meter() -> None:
    alone = Gated("2026-06-01", FIRST, FREE)
    assert {count.subscription_id for count in Wanted(alone.account, on("2026-07-01")).counts} == {None}
    both = Gated("2026-06-01", FIRST, SECOND)
    june = Period(on("2026-06-01"), on("2026-07-01"))
    figures = {
        Count("calls", june): D(100),
        Count("calls", june, "s1"): D(1000),
        Count("calls", june, "s2"): D(30),
    }
    assert {count: figures[count] for count in Wanted(both.account, on("2026-07-01")).counts} == {
        count: figures[count] for count in (Count("calls", june), Count("calls", june, "s2"))
    }
    wanted = Wanted(both.account, on("2026-07-01")).charges(figures)
    assert {charge.segment.subscription_id: (charge.quantity, charge.amount) for charge in wanted} == {
        "s1": (D(70), D("70.00")),
        "s2": (D(30), D("60.00")),
    }


def test_what_names_a_subscription_is_charged_by_that_one_however_many_there_are() -> None:
    gated = Gated("2026-06-01", FIRST, SECOND, sold("third", calls("4")))
    for naming, units in (None, "1"), ("s2", "10"), ("s3", "100"):
        gated.used("calls", "2026-06-10", units, naming)
    assert gated.billed("2026-07-01 01:00") == D("421.00")


def test_what_names_one_that_is_gone_is_charged_by_the_others() -> None:
    gated = Gated("2026-06-01", FIRST, SECOND)
    gated.cancel("2026-06-05", "NOW", of="s2")
    gated.used("calls", "2026-06-10", "10", "s2")
    assert gated.billed("2026-07-06") == D("10.00")


def test_within_what_the_gate_allows_in_all_nothing_is_charged_whatever_is_named() -> None:
    """100 and 50: of 140 that name the second none is beyond 150; of 160 that do ten are, by its price."""
    first = plan("first", calls("1", included=D(100)), gives("calls", "100", hard=False, resets=MONTH))
    second = plan("second", calls("2", included=D(50)), gives("calls", "50", hard=False, resets=MONTH))
    gated = Gated("2026-06-01", first, second)
    assert gated.use("2026-06-10", "140", "s2") == "WITHIN_LIMIT"
    assert gated.billed("2026-06-15") == 0
    assert gated.use("2026-06-20", "20", "s2") == "OVERAGE_BILLED"
    assert gated.billed("2026-07-01 01:00") == D("20.00")


def test_what_names_a_subscription_uses_up_what_that_one_includes_first() -> None:
    """100 and 50 included. 120 that name nobody and 80 that name the second: 30 of these are its own overage, and of
    the other 170 the first charges what is beyond 150."""
    gated = Gated("2026-06-01", sold("first", calls("1", included=D(100))), sold("second", calls("2", included=D(50))))
    june = Period(on("2026-06-01"), on("2026-07-01"))
    figures = {Count("calls", june): D(200), Count("calls", june, "s2"): D(80)}
    wanted = Wanted(gated.account, on("2026-07-01")).charges(figures)
    assert {charge.segment.subscription_id: charge.amount for charge in wanted} == {"s1": D("20.00"), "s2": D("60.00")}
