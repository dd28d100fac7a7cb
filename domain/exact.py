"""Decimal arithmetic that never rounds by itself.

Python's default context rounds to 28 digits without a word, and 18 digits of bytes over a month of
microseconds are already more. Here a result that does not fit exactly is an error (decimal.Inexact);
rounding is always asked for by name.
"""

from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, getcontext, setcontext

ZERO, ONE = Decimal(0), Decimal(1)
EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ROUNDING = Context(prec=400, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """Exact are also values that are only worked out as they are summed up."""
    before = getcontext()
    setcontext(EXACT)  # as it is: `localcontext` would copy it each time
    try:
        return sum(values, ZERO)
    finally:
        setcontext(before)


def quantized(value: Decimal, digits: int, rounding: str) -> Decimal:
    """`value` with exactly `digits` decimals; a zero has no sign."""
    return _ROUNDING.plus(value.quantize(ONE.scaleb(-digits), rounding=rounding, context=_ROUNDING))


def divided(value: Decimal, by: Decimal, digits: int, rounding: str) -> Decimal:
    """`value / by` with at most `digits` decimals, rounded once."""
    return plain(quantized(_ROUNDING.divide(value, by), digits, rounding))


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros, without an exponent and without the sign of a negative zero."""
    if not value:
        return ZERO
    whole = value.quantize(ONE, context=_ROUNDING)
    return whole if whole == value else value.normalize(EXACT)
