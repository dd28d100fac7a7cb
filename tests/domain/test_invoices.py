"""What is billed when nothing much happens: fees, their calendar, one-time prices, minimum spends, several of each."""

import pytest
from billed_shop import EXTRA, FREE, MONTH, SETUP, SILVER, TEAM, WEEK, YEAR, Shop, calls, fee, seats, sold
from msgspec.structs import replace
from timeline import D, flat, span

from domain.catalog import BillingMode, ProrationPolicy
from domain.policy import Rounding, TrialUsage
from domain.subscription import AddAddOn, Cancel, ChangePlan, ChangeQuantity, RemoveAddOn


# ── in advance, in arrears ──
def test_a_fee_in_advance_is_billed_at_the_start_and_when_each_period_begins() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.until("2026-03-01 01:00")
    assert shop.bills == [
        "2026-01-01: INV-1, 30.00: Silver: base 30.00",
        "2026-02-01 01:00: INV-2, 30.00: Silver: base 30.00",
        "2026-03-01 01:00: INV-3, 30.00: Silver: base 30.00",
    ]
    assert span(shop.line("INV-2").period) == "2026-02-01 → 2026-03-01"


def test_a_fee_in_arrears_is_billed_when_its_period_ends_or_its_subscription_does() -> None:
    shop = Shop()
    shop.subscribe("2026-01-10", sold("arrears", fee("30"), billing=BillingMode.IN_ARREARS))
    shop.until("2026-03-10 01:00")
    shop.cancel("2026-03-20", "NOW")  # 10 of 31 days
    assert shop.bills == [
        "2026-02-10 01:00: INV-1, 30.00: Arrears: base 30.00",
        "2026-03-10 01:00: INV-2, 30.00: Arrears: base 30.00",
        "2026-03-20: INV-3, 9.68: Arrears: base 9.68",
    ]


def test_usage_by_the_month_is_billed_under_a_fee_by_the_year() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("yearly", fee("120", YEAR), calls("0.05")), cadence=YEAR)
    shop.used("calls", "2026-01-20", "100")
    shop.used("calls", "2026-02-20", "200")
    shop.until("2026-03-01 01:00")
    assert shop.bills == [
        "2026-01-01: INV-1, 120.00: Yearly: base 120.00",
        "2026-02-01 01:00: INV-2, 5.00: Yearly: calls 5.00",
        "2026-03-01 01:00: INV-3, 10.00: Yearly: calls 10.00",
    ]


def test_a_price_is_rounded_as_it_says() -> None:
    """31 at 10 of 31 days is 10 exactly; 32 is 10.3225…"""
    for rounding, amount in ((Rounding.HALF_UP, "10.32"), (Rounding.UP, "10.33"), (Rounding.DOWN, "10.32")):
        shop = Shop()
        shop.subscribe("2026-01-22", sold("odd", fee("32", rounding=rounding)), anchor="2026-02-01")
        assert shop.bills == [f"2026-01-22: INV-1, {amount}: Odd: base {amount}"]


# ── nothing to pay ──
def test_what_costs_nothing_makes_no_invoice() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", FREE)
    shop.until("2026-04-01")
    assert shop.bills == []
    assert "nothing to bill" not in " ".join(shop.ledger()), "a free plan is not even looked at"


def test_a_trial_is_not_billed_and_what_it_used_never_is() -> None:
    """Published case TR07 (Polar #11046): 100 calls in the trial, 10 after it."""
    shop = Shop()
    shop.subscribe("2026-01-01", sold("tried", fee("30"), calls("0.05"), trial_days=14))
    shop.used("calls", "2026-01-10", "100")
    shop.used("calls", "2026-01-15", "10")
    shop.until("2026-02-15 01:00")
    assert shop.bills == [
        "2026-01-15: INV-1, 30.00: Tried: base 30.00",
        "2026-02-15 01:00: INV-2, 30.50: Tried: base 30.00; Tried: calls 0.50",
    ]


def test_a_plan_may_bill_what_its_trial_used_when_the_trial_ends() -> None:
    shop = Shop()
    sold_so = sold("tried", fee("30"), calls("0.05"), trial_days=14, trial_usage=TrialUsage.BILLED)
    shop.subscribe("2026-01-01", sold_so)
    shop.used("calls", "2026-01-10", "100")
    shop.until("2026-01-15 01:00")
    assert shop.bills == ["2026-01-15 01:00: INV-1, 35.00: Tried: base 30.00; Tried: calls 5.00"]


def test_a_trial_that_is_cancelled_costs_nothing() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("tried", fee("30"), SETUP, calls("0.05"), trial_days=14))
    shop.used("calls", "2026-01-10", "100")
    shop.cancel("2026-01-12")
    shop.until("2026-03-01")
    assert shop.bills == []


# ── the calendar ──
def test_after_a_trial_an_anchor_at_the_start_leaves_what_the_trial_left_of_the_period() -> None:
    shop = Shop("2024-01-01")
    by_day = sold("daily", fee("31", proration=ProrationPolicy.BY_DAY))
    shop.subscribe("2024-03-01", by_day, trial_days=3, anchor="2024-03-01")
    shop.until("2024-04-01 01:00")
    assert shop.bills == [
        "2024-03-04: INV-1, 28.00: Daily: base 28.00",
        "2024-04-01 01:00: INV-2, 31.00: Daily: base 31.00",
    ]
    assert span(shop.line("INV-1").period) == "2024-03-04 → 2024-04-01"


def test_a_custom_anchor_makes_a_short_first_period_that_costs_its_share() -> None:
    shop = Shop()
    shop.subscribe("2026-01-10", SILVER, anchor="2026-02-01")  # 22 of 31 days
    shop.until("2026-02-01 01:00")
    assert shop.bills == [
        "2026-01-10: INV-1, 21.29: Silver: base 21.29",
        "2026-02-01 01:00: INV-2, 30.00: Silver: base 30.00",
    ]


@pytest.mark.parametrize(
    ("zone", "since", "start", "billed_at"),
    [
        # 31 January, 00:00 in Paris; an hour earlier in UTC, two in summer. Drafts wait an hour.
        ("Europe/Paris", "2026-01-30", "2026-01-30 23:00", ["2026-01-30 23:00", "2026-02-28", "2026-03-30 23:00"]),
        # The clocks of New York change on 8 March, those of Calcutta never.
        ("America/New_York", "2026-02-28", "2026-02-28 12:00", ["2026-02-28 12:00", "2026-03-28 12:00"]),
        ("Asia/Kolkata", "2026-02-28", "2026-02-28 12:00", ["2026-02-28 12:00", "2026-03-28 13:00"]),
        # 1 March in Apia, 13 hours ahead.
        ("Pacific/Apia", "2026-02-28", "2026-02-28 12:00", ["2026-02-28 12:00", "2026-03-31 13:00"]),
    ],
)
def test_a_whole_period_costs_the_whole_price_whatever_the_clocks_do(
    zone: str, since: str, start: str, billed_at: list[str]
) -> None:
    """Lago #1438, published case A15: a month in which the clocks change is a month."""
    shop = Shop(since, zone)
    shop.subscribe(start, SILVER)
    shop.until("2026-04-10")
    assert shop.bills == [f"{at}: INV-{n}, 30.00: Silver: base 30.00" for n, at in enumerate(billed_at, 1)]


def test_the_day_that_apia_left_out_is_not_missing_from_the_week() -> None:
    """30 December 2011 never was there: that week had six days, and costs what a week costs."""
    shop = Shop("2011-12-01", "Pacific/Apia")
    shop.subscribe("2011-12-26 10:00", sold("weekly", fee("7", WEEK)))
    shop.until("2012-01-10")
    assert shop.bills == [
        "2011-12-26 10:00: INV-1, 7.00: Weekly: base 7.00",
        "2012-01-01 11:00: INV-2, 7.00: Weekly: base 7.00",
        "2012-01-08 11:00: INV-3, 7.00: Weekly: base 7.00",
    ]


# ── one-time prices ──
ONCE = sold("once", fee("31"), SETUP)


def test_a_one_time_price_is_charged_once_whatever_changes() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", ONCE)
    shop.change("2026-01-11", ChangeQuantity(3))
    shop.change("2026-01-21", ChangePlan(FREE))
    shop.change("2026-01-31", ChangePlan(ONCE))
    assert shop.bills == [
        "2026-01-01: INV-1, 130.00: Once: setup 99.00; Once: base 31.00",
        "2026-01-21: CN-1 of INV-1, 11.00: Once: base, given back 11.00",
        "2026-01-31: INV-2, 1.00: Once: base, difference 1.00",
    ]


def test_a_change_at_the_very_start_keeps_the_one_time_price() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("staffed", seats("31"), SETUP))
    shop.change("2026-01-01", ChangeQuantity(2))
    assert shop.bills == [
        "2026-01-01: INV-1, 130.00: Staffed: setup 99.00; Staffed: seats 31.00",
        "2026-01-01: INV-2, 31.00: Staffed: seats, difference 31.00",
    ]


def test_another_plan_at_the_very_start_gives_the_one_time_price_back() -> None:
    """What lasted no time costs nothing, so its beginning does not either."""
    shop = Shop()
    shop.subscribe("2026-01-01", ONCE)
    shop.change("2026-01-01", ChangePlan(SILVER))
    assert shop.bills == [
        "2026-01-01: INV-1, 130.00: Once: setup 99.00; Once: base 31.00",
        "2026-01-01: CN-1 of INV-1, 130.00: Once: setup, given back 99.00; Once: base, given back 31.00",
        "2026-01-01: INV-2, 30.00: Silver: base 30.00",
    ]


# ── minimum spend ──
LEAST = sold("least", fee("5"), calls("0.01"), minimum="20")


def test_what_is_missing_from_the_minimum_is_billed_when_the_period_ends() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", LEAST)
    shop.used("calls", "2026-01-05", "300")
    shop.used("calls", "2026-02-05", "5000")
    shop.until("2026-03-01 01:00")
    assert shop.bills[1:] == [
        "2026-02-01 01:00: INV-2, 20.00: Least: base 5.00; Least: calls 3.00; Least: up to the minimum spend 12.00",
        "2026-03-01 01:00: INV-3, 55.00: Least: base 5.00; Least: calls 50.00",
    ]


def test_of_a_period_cut_short_the_minimum_is_its_share() -> None:
    """Lago, published case I14: half a month, half the minimum. 10.00 − 2.50 − 1.00 = 6.50"""
    shop = Shop("2026-03-01")
    shop.subscribe("2026-03-01", LEAST)
    shop.used("calls", "2026-03-02", "100")
    shop.cancel("2026-03-16 12:00", "NOW")
    assert shop.bills[1:] == [
        "2026-03-16 12:00: INV-2, 5.00: "
        "Least: base, given back -2.50; Least: calls 1.00; Least: up to the minimum spend 6.50"
    ]


def test_a_minimum_by_the_year_counts_all_of_its_months_also_those_that_are_closed() -> None:
    """12 × 50 are spent of 1000. (Months are closed after 60 days; what they came to is not forgotten.)"""
    shop = Shop()
    shop.subscribe("2026-01-01", sold("yearly", fee("0", YEAR), calls("1"), minimum="1000"), cadence=YEAR)
    for month in range(1, 13):
        shop.used("calls", f"2026-{month:02d}-10", "50")
    shop.until("2027-02-01 01:00")
    assert [invoice.total for invoice in shop.invoices] == [*[D("50.00")] * 11, D("450.00")]
    assert (
        shop.bills[-1]
        == "2027-01-01 01:00: INV-12, 450.00: Yearly: calls 50.00; Yearly: up to the minimum spend 400.00"
    )


# ── several ──
def test_several_subscriptions_are_billed_each_in_its_own_rhythm() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.subscribe("2026-01-15", TEAM, quantity=3)
    shop.until("2026-02-15 01:00")
    assert shop.bills == [
        "2026-01-01: INV-1, 30.00: Silver: base 30.00",
        "2026-01-15: INV-2, 36.00: Team: seats 36.00",
        "2026-02-01 01:00: INV-3, 30.00: Silver: base 30.00",
        "2026-02-15 01:00: INV-4, 36.00: Team: seats 36.00",
    ]


def test_what_falls_due_at_one_instant_is_on_one_invoice() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.subscribe("2026-01-15", TEAM, anchor="2026-02-01")
    shop.until("2026-02-01 01:00")
    assert shop.bills[-1] == "2026-02-01 01:00: INV-3, 42.00: Silver: base 30.00; Team: seats 12.00"


def test_an_add_on_is_charged_as_often_as_it_was_bought_in_the_rhythm_of_its_subscription() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER)
    shop.change("2026-01-25", AddAddOn(EXTRA, 2))  # 2 × 5 × 7/31
    shop.until("2026-02-01 01:00")
    shop.change("2026-02-15", RemoveAddOn("extra"))  # half of 10
    assert shop.bills[1:] == [
        "2026-01-25: INV-2, 2.26: Extra: base 2.26",
        "2026-02-01 01:00: INV-3, 40.00: Silver: base 30.00; Extra: base 10.00",
        "2026-02-15: CN-1 of INV-3, 5.00: Extra: base, given back 5.00",
    ]


def test_who_is_billed_in_another_currency_pays_the_prices_in_it() -> None:
    both = sold("both", fee("30"), replace(flat("3300", MONTH, "JPY"), id="price_yen"))
    shop = Shop(currency="JPY")
    shop.subscribe("2026-01-01", both)
    shop.change("2026-01-11", Cancel())  # 21 of 31 days, in whole yen
    assert shop.bills == [
        "2026-01-01: INV-1, 3300: Both: base 3300",
        "2026-01-11: CN-1 of INV-1, 2235: Both: base, given back 2235",
    ]


def test_a_price_agreed_with_the_subscriber_takes_the_place_of_the_plans() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", SILVER, overrides=(fee("25.50"),))
    assert shop.bills == ["2026-01-01: INV-1, 25.50: Silver: base 25.50"]
