"""Amounts as Stripe writes them: whole numbers of a currency's smallest unit, which is not always the one of ISO 4217.

Source: docs.stripe.com/currencies, "zero-decimal", "three-decimal" and "special cases".
"""

from decimal import ROUND_HALF_UP, Decimal

from domain.exact import EXACT, quantized
from domain.money import Money, digits, is_currency

_DIGITS = {"MGA": 0, "ISK": 2, "UGX": 2}
"""Where Stripe's digits are not ISO's: an ariary is not divided; krónur and Uganda shillings are sent with two
decimals, which are 00. (Stripe lists UGX as zero-decimal as well; the special case is the more particular word.)"""

_STEP = {"ISK": 100, "UGX": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}
"""What an amount has to be a multiple of: three-decimal currencies end in 0, so 5.124 KWD cannot be charged."""

_UNSUPPORTED = frozenset({"IQD", "LYD", "CLF", "UYW", "UYI"})
"""With three or four decimals and not in Stripe's list of three-decimal currencies; and one that is no money."""

UNITS_MAX = 999_999_999_999


class Unchargeable(ValueError):
    """Stripe cannot say this amount. The message says why, without naming anybody."""


def units(money: Money) -> int:
    """EUR 12.34 is 1234, JPY 500 is 500, ISK 5 is 500, BHD 1.230 is 1230. Raises Unchargeable."""
    currency = money.currency
    if not is_currency(currency) or currency in _UNSUPPORTED:
        raise Unchargeable(f"Stripe does not charge in {currency}")
    exact = EXACT.scaleb(money.amount, digits_at_stripe(currency))
    if exact != exact.to_integral_value():
        raise Unchargeable(f"Stripe has no such fraction of {currency}")
    found = int(exact)
    if found % _STEP.get(currency, 1):
        raise Unchargeable(f"Stripe wants {currency} in steps of {_STEP[currency]} of its smallest unit")
    if abs(found) > UNITS_MAX:
        raise Unchargeable("Stripe takes amounts of at most 12 digits")
    return found


def money(found: int, currency: str) -> Money:
    """What Stripe says, in our words. `currency` in small letters, as it writes them. KeyError: we do not know it."""
    code = currency.upper()
    exact = EXACT.scaleb(Decimal(found), -digits_at_stripe(code))
    ours = quantized(exact, digits(code), ROUND_HALF_UP)
    return Money(ours if ours == exact else exact, code)


def digits_at_stripe(currency: str) -> int:
    return _DIGITS.get(currency, digits(currency))
