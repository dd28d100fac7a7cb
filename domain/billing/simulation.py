"""What usage would have cost: quantities under any prices, rated by the code that bills. Nothing is billed, so nothing
is taxed or lowered by coupons and credit."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from domain.books.invoice import CreditNote, Invoice
from domain.books.line import Line, LineKind
from domain.catalog import Price
from domain.exact import ZERO, exact_sum
from domain.money import rounded
from domain.period import BEGINNING, Cadence, Period, period_at
from domain.pricing.models import unit_amount
from domain.pricing.rate import rate

NO_TIME = Period(BEGINNING, BEGINNING)
"""Of a price that was asked about without one."""


def priced_line(price: Price, quantity: Decimal, period: Period = NO_TIME) -> Line:
    """The line of one period of the price. Usage is not prorated: a part of a period is rated like a whole one."""
    rated = rate(price, quantity)
    return Line(
        id=f"{price.key}/{period.start.isoformat()}" if period != NO_TIME else price.key,
        key=price.key,
        kind=LineKind.RECURRING if price.meter_key is None else LineKind.USAGE,
        description=price.key.replace("_", " "),
        quantity=quantity,
        amount=rounded(rated.exact, price.currency, price.rounding),
        period=period,
        unit_amount=unit_amount(price),
        tax_category=price.tax_category,
        tax_inclusive=price.tax_inclusive,
        price=price,
        usage=None if period == NO_TIME else period,
        steps=rated.steps,
    )


def rated_periods(period: Period, cadence: Cadence, anchor: datetime, zone: str) -> Iterator[Period]:
    """The period cut where periods of the cadence begin; the first and the last of them may be parts of one."""
    at = period.start
    while at < period.end:
        end = period.end if cadence is Cadence.ONCE else min(period.end, period_at(anchor, cadence, zone, at).end)
        yield Period(at, end)
        at = end


def billed_amount(
    invoices: Sequence[Invoice],
    notes: Sequence[CreditNote],
    meters: Collection[str],
    period: Period,
    currency: str,
) -> Decimal:
    """What was billed for these meters' usage in the period, corrections and credit notes counted, before tax, coupons
    and credit. A line whose usage lies only in part within the period does not count."""
    lines = [line for invoice in invoices if invoice.currency == currency for line in invoice.lines]
    keys = {line.key for line in lines if _of_usage(line, meters) and _within(line.usage, period)}
    charged = (line.amount for line in lines if line.key in keys)
    noted = (line for note in notes if note.currency == currency for line in note.lines)
    credited_back = (-line.amount for line in noted if line.key in keys)
    return rounded(exact_sum((*charged, *credited_back, ZERO)), currency)


def _of_usage(line: Line, meters: Collection[str]) -> bool:
    return line.kind is LineKind.USAGE and line.price is not None and line.price.meter_key in meters


def _within(usage: Period | None, period: Period) -> bool:
    return usage is not None and period.start <= usage.start and usage.end <= period.end
