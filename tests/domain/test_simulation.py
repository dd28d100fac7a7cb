"""Quantities under any prices, by the code that bills; and what was billed for the usage of a period."""

from decimal import Decimal

import pytest
from timeline import D, Timeline, flat, on, plan, span

from domain import commands as c
from domain.billing.simulation import NO_TIME, billed_amount, priced_line, rated_periods
from domain.books.line import LineKind
from domain.catalog import ChargeModel, Price, Tier
from domain.period import Cadence, Period
from domain.policy import Rounding
from domain.pricing.rate import rate
from domain.seller import BillingSettings

CALLS = Price("price_calls", "api_calls", ChargeModel.PER_UNIT, Cadence.MONTH, "USD", D("0.05"), meter_key="calls")
TIERS = (Tier(D(10), D(1)), Tier(None, D("0.5")))
GRADUATED = Price("p", "calls", ChargeModel.GRADUATED, Cadence.MONTH, "USD", meter_key="calls", tiers=TIERS)
YEAR = Period(on("2026-01-01"), on("2027-01-01"))


def test_a_quantity_costs_what_billing_would_charge_step_by_step() -> None:
    line = priced_line(GRADUATED, D("12.5"))
    assert (line.amount, line.kind, line.quantity) == (D("11.25"), LineKind.USAGE, D("12.5"))
    assert line.steps == rate(GRADUATED, D("12.5")).steps
    assert (line.description, line.unit_amount, line.period, line.usage) == ("calls", None, NO_TIME, None)


def test_it_is_rounded_once_as_the_price_says() -> None:
    half_even = Price("p", "fee", ChargeModel.FLAT, Cadence.MONTH, "USD", D("0.125"), rounding=Rounding.HALF_EVEN)
    half_up = Price("p", "fee", ChargeModel.FLAT, Cadence.MONTH, "USD", D("0.125"))
    assert [priced_line(price, D(1)).amount for price in (half_even, half_up)] == [D("0.12"), D("0.13")]
    assert priced_line(half_up, D(1)).kind is LineKind.RECURRING
    assert priced_line(half_up, D(1)).unit_amount == D("0.125")


def test_a_time_is_cut_where_the_periods_begin() -> None:
    cut = rated_periods(Period(on("2026-01-20"), on("2026-04-01")), Cadence.MONTH, on("2025-11-30"), "UTC")
    assert [span(piece) for piece in cut] == [
        "2026-01-20 → 2026-01-30",
        "2026-01-30 → 2026-02-28",
        "2026-02-28 → 2026-03-30",
        "2026-03-30 → 2026-04-01",
    ]


@pytest.mark.parametrize("cadence", Cadence)
def test_the_pieces_tile_the_time(cadence: Cadence) -> None:
    cut = list(rated_periods(YEAR, cadence, on("2024-02-29"), "America/New_York"))
    assert [piece.start for piece in cut] == [YEAR.start, *(piece.end for piece in cut[:-1])]
    assert cut[-1].end == YEAR.end
    assert (len(cut) == 1) == (cadence is Cadence.ONCE)


def test_a_part_of_a_period_is_rated_like_a_whole_one() -> None:
    half = Period(on("2026-01-01"), on("2026-01-16"))
    assert priced_line(GRADUATED, D(20), half).amount == priced_line(GRADUATED, D(20)).amount == D("15.00")
    assert priced_line(GRADUATED, D(20), half).usage == half


# ── what was billed ──────────────────────────────────────────────────────────────────────────────────────────────────
def life() -> Timeline:
    """10.00 a month and 0.05 a call: 100 calls in January, 40 in February."""
    lived = Timeline(settings=BillingSettings(net_days=365))
    lived.subscribe("2026-01-01", plan("metered", flat("10"), CALLS))
    lived.used("calls", "2026-01-10", "100")
    lived.until("2026-02-01 02:00")
    lived.used("calls", "2026-02-10", "40")
    lived.until("2026-03-01 02:00")
    return lived


def actual(of: Timeline, start: str, end: str, *meters: str) -> Decimal:
    period = Period(on(start), on(end))
    return billed_amount(of.invoices, of.notes, set(meters or ("calls",)), period, "USD")


def test_of_what_was_billed_the_usage_of_these_meters_counts() -> None:
    assert actual(life(), "2026-01-01", "2026-02-01") == D("5.00")
    assert actual(life(), "2026-01-01", "2026-03-01") == D("7.00")
    assert actual(life(), "2026-01-01", "2026-03-01", "storage") == D("0.00")
    assert billed_amount(life().invoices, [], {"calls"}, YEAR, "EUR") == D("0.00")


def test_usage_that_lies_only_in_part_within_the_time_does_not_count() -> None:
    assert actual(life(), "2026-01-02", "2026-03-01") == D("2.00")
    assert actual(life(), "2026-01-01", "2026-02-15") == D("5.00")


def test_late_usage_counts_where_it_belongs_on_whichever_invoice_it_is() -> None:
    late = life()
    late.used("calls", "2026-01-31", "60")
    late.until("2026-04-01 02:00")
    assert actual(late, "2026-01-01", "2026-02-01") == D("8.00")
    assert actual(late, "2026-02-01", "2026-03-01") == D("2.00")


def test_what_was_credited_was_not_billed_in_the_end() -> None:
    credited = life()
    february = credited.invoices[1]
    usage = next(line for line in february.lines if line.kind is LineKind.USAGE)
    credited.do("2026-03-02", c.IssueCreditNote(february.id, "sorry", {usage.id: D("1.50")}, february.lines))
    assert actual(credited, "2026-01-01", "2026-02-01") == D("3.50")
