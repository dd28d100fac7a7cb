"""Decimal arithmetic that never rounds by itself.

Python's default context rounds to 28 digits without a word, and 18 digits of bytes over a month of
microseconds are already more. Here a result that does not fit exactly is an error (decimal.Inexact);
rounding is always asked for by name.
"""

from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext

EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDING = Context(prec=400, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    with localcontext(EXACT):
        return sum(values, Decimal(0))


def quantized(value: Decimal, digits: int, rounding: str) -> Decimal:
    """`value` with exactly `digits` decimals; a zero has no sign."""
    return _ROUNDING.plus(value.quantize(Decimal(1).scaleb(-digits), rounding=rounding, context=_ROUNDING))


def divided(value: Decimal, by: Decimal, digits: int, rounding: str) -> Decimal:
    """`value / by` with at most `digits` decimals, rounded once."""
    return plain(quantized(_ROUNDING.divide(value, by), digits, rounding))


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros, without an exponent and without the sign of a negative zero."""
    if not value:
        return Decimal(0)
    short = value.normalize(EXACT)
    exponent = short.as_tuple().exponent
    return quantized(short, 0, "ROUND_HALF_UP") if isinstance(exponent, int) and exponent > 0 else short
