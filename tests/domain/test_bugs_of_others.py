"""Bugs that other billing systems had, each with its tracker, held against our bills. Those that need two writers at
once are in tests/service; those about a single rule stand with that rule."""

from datetime import timedelta
from itertools import pairwise

import pytest
from billed_shop import GOLD, METERED, MONTH, SILVER, YEAR, Shop, calls, fee, sold
from timeline import D, on

from domain.books.line import Line
from domain.period import Cadence, local_date
from domain.subscription import ChangePlan


def lines(shop: Shop, key: str) -> list[Line]:
    return [line for invoice in shop.invoices for line in invoice.lines if f"/price_{key}" in line.key]


@pytest.mark.parametrize("day", [28, 29, 30, 31])
@pytest.mark.parametrize("cadence", [MONTH, Cadence.QUARTER])
def test_fees_of_month_ends_follow_each_other_without_gap_or_overlap(day: int, cadence: Cadence) -> None:
    """Lago #1567, #1569: anchors on the 28th to the 31st, over three years."""
    shop = Shop("2024-01-01")
    shop.subscribe(f"2024-01-{day}", sold("plan", fee("10", cadence)), cadence=cadence)
    shop.until("2027-01-01")
    periods = [line.period for line in lines(shop, "base")]
    assert all(period.end == other.start for period, other in pairwise(periods))
    assert {line.amount for line in lines(shop, "base")} == {D("10.00")}
    assert all(local_date(period.start, "UTC").day in (day, 28, 29, 30) for period in periods)


def test_every_day_of_four_years_is_counted_once_from_29_february() -> None:
    """Lago #6173, published case A03: quarters of an anchor that three years do not have."""
    shop = Shop("2024-02-29")
    shop.subscribe("2024-02-29", sold("plan", calls("1", Cadence.QUARTER)), cadence=Cadence.QUARTER)
    days = [on("2024-02-29") + timedelta(days=n) for n in range(4 * 365)]
    shop.events += [("calls", day, D(1)) for day in days]
    shop.until("2028-05-30")
    assert sum(line.quantity for line in lines(shop, "calls")) == len(days)


def test_twelve_months_are_billed_as_twelve() -> None:
    """frappe/erpnext #57768, published case P43; frappe/central #170: no month twice."""
    shop = Shop()
    shop.subscribe("2026-01-31", SILVER)
    shop.until("2027-01-31 00:59")
    starts = [line.period.start for line in lines(shop, "base")]
    assert (len(starts), len(set(starts))) == (12, 12)


def test_a_trial_that_ends_in_the_night_of_a_clock_change_is_followed_by_a_whole_period() -> None:
    """Kill Bill #743 and #1923: the paid period begins on the local day, and is no hour short."""
    shop = Shop("2026-03-01", "America/New_York")
    shop.subscribe("2026-03-01 05:00", sold("plan", fee("30"), trial_days=8))  # to 9 March, 00:00; clocks: the 8th
    shop.until("2026-04-10")
    first, second = lines(shop, "base")
    assert local_date(first.period.start, "America/New_York").isoformat() == "2026-03-09"
    assert (first.amount, first.period.start, second.period.start) == (
        D("30.00"),
        on("2026-03-09 04:00"),
        on("2026-04-09 04:00"),
    )


def test_customers_of_winter_and_of_summer_are_billed_alike() -> None:
    """Kill Bill #1934, published case A11: the offset of the day on which an account was made means nothing."""
    bills = []
    for since in ("2026-01-10", "2026-07-10"):
        shop = Shop(since, "Europe/Paris")
        shop.subscribe("2026-07-31 22:00", METERED)  # 1 August, midnight
        shop.used("calls", "2026-08-31 21:30", "100")  # 31 August, 23:30
        shop.used("calls", "2026-08-31 22:30", "7")
        shop.until("2026-10-01")
        bills.append(shop.bills)
    assert bills[0] == bills[1]
    assert bills[0][1] == "2026-08-31 23:00: INV-2, 15.00: Metered: base 10.00; Metered: calls 5.00"


def test_fee_and_usage_of_one_subscription_have_the_same_periods() -> None:
    """Kill Bill #1966, published case A16: not 31 January here and 1 February there."""
    shop = Shop("2026-01-30", "Pacific/Apia")
    shop.subscribe("2026-01-30 11:00", METERED)
    for day in range(0, 120, 10):
        shop.events.append(("calls", on("2026-01-30 12:00") + timedelta(days=day), D(1)))
    shop.until("2026-06-01")
    fees = [line.period for line in lines(shop, "base")]
    usage = [line.period for line in lines(shop, "calls")]
    assert usage == fees[: len(usage)]


def test_an_invoice_as_of_an_instant_has_the_lines_that_were_due_by_then() -> None:
    """OpenMeter #2191: neither one that falls due a microsecond later, nor one too few."""
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    due = [
        {charge.key for charge in shop.wanted(shop.account, on("2026-02-01") + timedelta(microseconds=offset))}
        for offset in (-1, 0)
    ]
    assert len(due[0]) == 1
    assert len(due[1]) == 3


def test_the_parts_in_which_a_period_is_billed_are_its_whole() -> None:
    """OpenMeter #2837: closed by hand three times, once shortly before the end."""
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    whens = ["2026-01-10", "2026-01-20", "2026-01-31 23:59:59.999999"]
    for at in whens:
        shop.used("calls", at, "100")
        shop.finalize(at)
    shop.until("2026-02-01 01:00")
    assert [line.amount for line in lines(shop, "calls")] == [D("5.00")] * 3
    assert sum(line.amount for line in lines(shop, "calls")) == D("0.05") * 300


def test_what_was_paid_and_what_is_due_are_no_more_than_the_new_price() -> None:
    """Lago #4760, published case P14b: an upgrade is never dearer than having bought the dearer plan at once."""
    for at in ("2026-01-01", "2026-01-01 00:00:00.000001", "2026-01-16 12:00", "2026-01-31 23:59:59.999999"):
        shop = Shop()
        shop.subscribe("2026-01-01", SILVER)
        shop.change(at, ChangePlan(GOLD))
        paid = sum(invoice.total for invoice in shop.invoices) - sum(note.total for note in shop.notes)
        assert D("30.00") <= paid <= D("90.00")


def test_a_price_of_nothing_is_no_bar_to_a_change() -> None:
    """Kill Bill #877: from a price of zero to another and back."""
    nothing = sold("nothing", fee("0"), fee("0", YEAR))
    shop = Shop()
    shop.subscribe("2026-01-01", nothing)
    shop.change("2026-01-16 12:00", ChangePlan(SILVER))
    shop.change("2026-01-16 12:00", ChangePlan(nothing))
    shop.until("2026-03-01")
    assert shop.account.owing.amounts == {}
