"""Fixed fees: what a price that follows no meter comes to, in one period and in a year."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from domain.catalog import Price
from domain.period import Cadence
from domain.pricing.models import MODELS
from domain.pricing.rate import rate

PER_YEAR = {Cadence.DAY: 365, Cadence.WEEK: 52, Cadence.MONTH: 12, Cadence.QUARTER: 4, Cadence.YEAR: 1}
"""How many periods a year has, taking it for 365 days or 52 weeks: good enough to compare prices by."""


def per_month(cadence: Cadence) -> Fraction:
    """How many periods begin in a month."""
    return Fraction(PER_YEAR[cadence], 12)


def bought(price: Price, quantity: int, *, add_on: bool = False) -> int:
    """How many of a fixed fee are charged for a quantity of the subscription. What is charged once is so however many
    seats there are; of an add-on, as often as it was bought."""
    return 1 if MODELS[price.model].once and not add_on else quantity


def in_a_period(price: Price, quantity: int, *, add_on: bool = False) -> Fraction:
    """What the fee comes to in one whole period of its own cadence, exactly."""
    return rate(price, Decimal(bought(price, quantity, add_on=add_on))).exact


def in_a_year(prices: Iterable[Price], quantity: int) -> Fraction:
    """What the fixed fees among the prices of a plan come to in a year, exactly."""
    fees = (price for price in prices if price.fixed)
    return sum((in_a_period(price, quantity) * PER_YEAR[price.cadence] for price in fees), Fraction(0))
