"""Usage on invoices: what is included, by which model, when it is late, and which period an event belongs to."""

from typing import Any

import pytest
from billed_shop import FREE, METERED, MONTH, SILVER, Shop, calls, fee, sold, tiered
from timeline import D, on

from domain.catalog import ChargeModel, Price
from domain.subscription import ChangePlan, ChangeQuantity, Pause, Resume


def used(price: Price, *figures: str) -> list[str]:
    """What each month's calls come to."""
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", price))
    for month, figure in enumerate(figures, 1):
        shop.used("calls", f"2026-{month:02d}-10", figure)
    shop.until(f"2026-{len(figures) + 1:02d}-01 01:00")
    return [f"{line.amount}" for invoice in shop.invoices for line in invoice.lines]


def priced(model: ChargeModel, **terms: Any) -> Price:
    return Price("price_calls", "calls", model, MONTH, "EUR", meter_key="calls", **terms)


# ── models ──
def test_included_units_come_off_first_every_month_anew() -> None:
    assert used(calls("1", included=D(100)), "101", "150", "250") == ["1.00", "50.00", "150.00"]


def test_tiers_are_counted_over_the_month() -> None:
    tiers = (("100", "0.10"), (None, "0.05"))
    assert used(tiered(ChargeModel.GRADUATED, *tiers), "90", "140") == ["9.00", "12.00"]
    assert used(tiered(ChargeModel.VOLUME, *tiers), "90", "140") == ["9.00", "7.00"]


def test_a_package_is_paid_for_once_it_is_begun() -> None:
    package = priced(ChargeModel.PACKAGE, unit_amount=D(100), package_size=D(10))
    assert used(package, "121", "120") == ["1300.00", "1200.00"]


def test_a_percentage_is_of_what_was_metered() -> None:
    assert used(priced(ChargeModel.PERCENTAGE, percent=D("2.5")), "1000", "10.10") == ["25.00", "0.25"]


def test_what_is_included_makes_no_invoice_and_stands_on_the_next_of_its_own_period_only() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", calls("1", included=D(100))))
    shop.used("calls", "2026-01-05", "80")
    shop.used("calls", "2026-02-05", "101")
    shop.until("2026-03-01 01:00")
    assert shop.bills == ["2026-03-01 01:00: INV-1, 1.00: Plan: calls 1.00"]


def test_use_that_costs_nothing_is_shown_beside_what_does() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", fee("10"), calls("1", included=D(100))))
    shop.used("calls", "2026-01-05", "80")
    shop.until("2026-03-01 01:00")
    assert shop.bills[1:] == [
        "2026-02-01 01:00: INV-2, 10.00: Plan: base 10.00; Plan: calls 0.00",
        "2026-03-01 01:00: INV-3, 10.00: Plan: base 10.00",
    ]


# ── to which period it belongs ──
def test_an_event_at_the_boundary_belongs_to_the_period_that_begins() -> None:
    """Lago #5104: instants are compared to the microsecond, on both sides."""
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-31 23:59:59.999999", "20")
    shop.used("calls", "2026-02-01", "40")
    shop.until("2026-03-01 01:00")
    assert [shop.line(number, "s1/price_calls").amount for number in ("INV-2", "INV-3")] == [D("1.00"), D("2.00")]


def test_usage_goes_with_the_plan_that_ran_then_also_if_it_is_left_and_come_back_to() -> None:
    """100 calls, then 100 under a plan that does not count them, then 10. None is billed twice, none by the wrong."""
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-05", "100")
    shop.change("2026-01-11", ChangePlan(SILVER))
    shop.used("calls", "2026-01-15", "100")
    shop.change("2026-01-21", ChangePlan(METERED))
    shop.used("calls", "2026-01-25", "10")
    shop.until("2026-02-01 01:00")
    assert shop.bills[1:] == [
        "2026-01-11: INV-2, 18.55: Metered: base, given back -6.77; Silver: base 20.32; Metered: calls 5.00",
        "2026-01-21: CN-1 of INV-2, 10.64: Silver: base, given back 10.64",
        "2026-01-21: INV-3, 3.54: Metered: base, difference 3.54",
        "2026-02-01 01:00: INV-4, 10.50: Metered: base 10.00; Metered: calls, difference 0.50",
    ]


def test_what_arrives_during_a_pause_is_not_billed() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", calls("1")))
    shop.used("calls", "2026-01-05", "1")
    shop.change("2026-01-11", Pause())
    shop.used("calls", "2026-01-15", "100")
    shop.change("2026-01-21", Resume())
    shop.used("calls", "2026-01-25", "2")
    shop.until("2026-02-01 01:00")
    assert shop.bills == [
        "2026-01-11: INV-1, 1.00: Plan: calls 1.00",
        "2026-02-01 01:00: INV-2, 2.00: Plan: calls, difference 2.00",
    ]


def test_a_change_of_quantity_does_not_cut_what_is_counted() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", tiered(ChargeModel.GRADUATED, ("100", "0.10"), (None, "0.05"))))
    shop.used("calls", "2026-01-05", "90")
    shop.change("2026-01-11", ChangeQuantity(2))
    shop.used("calls", "2026-01-15", "50")
    shop.until("2026-02-01 01:00")
    assert shop.bills == ["2026-02-01 01:00: INV-1, 12.00: Plan: calls 12.00"]


# ── before the period ends ──
def test_what_was_used_is_billed_before_its_price_goes() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", calls("1")))
    shop.used("calls", "2026-01-05", "7")
    shop.change("2026-01-11", ChangePlan(FREE))
    assert shop.bills == ["2026-01-11: INV-1, 7.00: Plan: calls 7.00"]


def test_a_draft_closed_in_mid_period_bills_the_usage_so_far_and_the_period_bills_the_rest() -> None:
    """The tiers go on: 90 × 0.10, then 10 × 0.10 + 30 × 0.05."""
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", tiered(ChargeModel.GRADUATED, ("100", "0.10"), (None, "0.05"))))
    shop.used("calls", "2026-01-05", "90")
    shop.finalize("2026-01-16")
    shop.used("calls", "2026-01-20", "40")
    shop.until("2026-02-01 01:00")
    assert shop.bills == [
        "2026-01-16: INV-1, 9.00: Plan: calls 9.00",
        "2026-02-01 01:00: INV-2, 2.50: Plan: calls, difference 2.50",
    ]


# ── late ──
def metered() -> Shop:
    """100 calls in January, billed on 1 February."""
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.used("calls", "2026-01-10", "100")
    shop.until("2026-02-02")
    return shop


def test_late_usage_is_one_correcting_line_on_the_next_invoice() -> None:
    """Published case U08 (OpenMeter): what is final stays; the difference of the two ratings is billed."""
    shop = metered()
    shop.used("calls", "2026-01-11", "20")
    shop.until("2026-04-01 01:00")
    assert shop.bills[1:] == [
        "2026-02-01 01:00: INV-2, 15.00: Metered: base 10.00; Metered: calls 5.00",
        "2026-03-01 01:00: INV-3, 11.00: Metered: base 10.00; Metered: calls, difference 1.00",
        "2026-04-01 01:00: INV-4, 10.00: Metered: base 10.00",
    ]
    assert shop.line("INV-3", "s1/price_calls").key == shop.line("INV-2", "s1/price_calls").key


def test_what_comes_after_everything_has_ended_is_looked_for_once_more() -> None:
    """No invoice follows that could take it along: thirty days after the end one is made for it, or none."""
    shop = metered()
    shop.cancel("2026-02-02")
    shop.until("2026-03-02")
    shop.used("calls", "2026-02-20", "20")
    assert shop.until("2026-03-30") == []
    shop.until("2027-01-01")
    assert shop.bills[2:] == ["2026-03-31: INV-3, 1.00: Metered: calls 1.00"]
    quiet = metered()
    quiet.cancel("2026-02-02")
    assert quiet.until("2027-01-01")[-1] == "2026-03-31: nothing to bill"


def test_a_correction_downwards_lowers_the_next_invoice() -> None:
    shop = metered()
    shop.used("calls", "2026-01-11", "-30")
    shop.until("2026-03-01 01:00")
    assert shop.bills[-1] == "2026-03-01 01:00: INV-3, 8.50: Metered: base 10.00; Metered: calls, given back -1.50"


def test_a_correction_that_is_more_than_the_invoice_is_a_credit_note() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", calls("1")))
    shop.used("calls", "2026-01-10", "100")
    shop.until("2026-02-02")
    shop.used("calls", "2026-01-11", "-30")
    shop.until("2026-03-01 01:00")
    assert shop.bills == [
        "2026-02-01 01:00: INV-1, 100.00: Plan: calls 100.00",
        "2026-03-01 01:00: CN-1 of INV-1, 30.00: Plan: calls, given back 30.00",
    ]


@pytest.mark.parametrize(("arrives", "billed"), [("2026-04-02", True), ("2026-05-02", False)])
def test_corrections_are_billed_for_so_many_days_after_the_period_then_it_is_closed(arrives: str, billed: bool) -> None:
    """60 days after 1 February is 2 April. What comes by then is on the next invoice, of 1 May; after that, none."""
    shop = metered()
    shop.until(arrives)
    shop.used("calls", "2026-01-12", "1000")
    shop.until("2026-07-01 01:00")
    late = [line for invoice in shop.invoices[2:] for line in invoice.lines if "calls" in line.key]
    assert [line.amount for line in late] == ([D("50.00")] if billed else [])


def test_while_the_draft_waits_late_usage_is_simply_in_it() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", METERED)
    shop.until("2026-02-01 00:59:59")
    shop.used("calls", "2026-01-31 23:59", "100")
    shop.until("2026-02-01 01:00")
    assert shop.bills[-1] == "2026-02-01 01:00: INV-2, 15.00: Metered: base 10.00; Metered: calls 5.00"
    assert shop.line("INV-2", "s1/price_calls").usage is not None
    assert shop.line("INV-2", "s1/price_calls").period.end == on("2026-02-01")
