"""Fractions as decimals: exact where they end, else to 12 places, as far as unit rates go."""

from decimal import ROUND_HALF_UP, Decimal, Inexact
from fractions import Fraction

from domain.exact import EXACT, divided, plain

PLACES = 12


def as_decimal(value: Fraction) -> tuple[Decimal, bool]:
    """The value, and whether it is exact: 1/4 is 0.25, exact; 1/3 is 0.333333333333, not exact."""
    numerator, denominator = Decimal(value.numerator), Decimal(value.denominator)
    try:
        return plain(EXACT.divide(numerator, denominator)), True
    except Inexact:
        return divided(numerator, denominator, PLACES, ROUND_HALF_UP), False
