"""Minimum spend: what is missing from it is due as well."""

from decimal import Decimal
from fractions import Fraction

from domain.money import rounded


def true_up(minimum: Decimal, share: Fraction, spent: Decimal, currency: str) -> Decimal:
    """What lifts `spent` to the minimum of the `share` of a period that counts; nothing if it is reached.

    `spent` is what the lines come to, each rounded. The difference is rounded once, half up: 25/28 × 10.00 − 8.00 is
    0.93 (Lago, published cases I14 and I16y).
    """
    return rounded(max(Fraction(minimum) * share - Fraction(spent), Fraction(0)), currency)
