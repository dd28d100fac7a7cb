"""Money: a decimal amount with its currency. It rounds in one place, to the currency's digits, half up unless told."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from msgspec import Struct

from domain.exact import EXACT, exact_sum
from domain.policy import Rounding

# ISO 4217 list one (kept by SIX as the maintenance agency), as amended up to no. 179 and without
# Bulgaria's lev (euro since 1 January 2026). Left out are the entries without a minor unit, since nobody
# can be billed in them: metals (XAU …), the SDR, bond market units (XBA …), XTS (tests), XXX (none).
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
        "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
        "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
        "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
        "TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = MappingProxyType({code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()})


class CurrencyMismatch(ValueError):
    """Two currencies in one sum: a mistake of ours, never a refusal."""


def is_currency(code: str) -> bool:
    """Whether `code` is an active ISO 4217 currency (three capitals) that amounts can be stated in."""
    return code in _DIGITS


def digits(currency: str) -> int:
    """How many decimals an amount has: JPY 0, EUR 2, BHD 3, CLF 4. KeyError: not a currency."""
    return _DIGITS[currency]


class Money(Struct, frozen=True, order=False):
    """`amount` is exact and may have more decimals than the currency until it is `rounded()`."""

    amount: Decimal
    currency: str

    def rounded(self) -> "Money":
        """To the currency's digits, half up. Ties go away from zero, so that a credit mirrors its charge."""
        return Money(rounded(self.amount, self.currency), self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(EXACT.add(self.amount, _same(self, other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(EXACT.subtract(self.amount, _same(self, other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(EXACT.minus(self.amount), self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)


def rounded(amount: Fraction | Decimal, currency: str, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """An exact amount with the currency's digits: the one place where money rounds.

    Each way mirrors at zero, so that a credit mirrors its charge: UP goes away from zero, DOWN towards it.
    """
    places = digits(currency)
    numerator, denominator = amount.as_integer_ratio()
    whole, rest = divmod(abs(numerator) * 10**places, denominator)
    match rounding:
        case Rounding.HALF_UP:
            away = 2 * rest >= denominator
        case Rounding.HALF_EVEN:
            away = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
        case Rounding.UP:
            away = rest > 0
        case Rounding.DOWN:
            away = False
    return _in_units(whole + away if numerator > 0 else -whole - away, places)


def split(total: Decimal, weights: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """`total`, which has the currency's digits, divided in proportion to `weights`. The parts add up to it exactly.

    Each part is its exact share cut to whole units; the units left over go to the largest rests, of equal rests to the
    heavier weight, then the earlier one: so the same weights in another order get the same parts. What weighs nothing
    gets nothing, unless nothing weighs anything: then the first gets it all. A negative total mirrors the positive one.
    """
    places = digits(currency)
    units = Fraction(total) * 10**places
    assert units.denominator == 1, "an amount is rounded before it is split"
    heavy = [Fraction(weight) for weight in weights]
    whole = sum(heavy)
    if not whole:
        assert heavy or not units, "an amount needs something to be split over"
        return tuple(_in_units(units.numerator if at == 0 else 0, places) for at in range(len(heavy)))
    shares = [abs(units) * weight / whole for weight in heavy]
    parts = [share.numerator // share.denominator for share in shares]
    left = abs(units.numerator) - sum(parts)
    by_rest = sorted(range(len(parts)), key=lambda at: (parts[at] - shares[at], -abs(heavy[at]), at))
    for at in by_rest[:left]:
        parts[at] += 1
    return tuple(_in_units(part if units > 0 else -part, places) for part in parts)


def zero(currency: str) -> Money:
    """Nothing, written with the currency's digits: EUR 0.00."""
    return Money(Decimal(0), currency).rounded()


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The exact sum of `amounts`, all of them in `currency`; of none, zero."""
    start = zero(currency)
    return Money(exact_sum([start.amount, *(_same(start, amount) for amount in amounts)]), currency)


def _in_units(units: int, places: int) -> Decimal:
    return Decimal(units).scaleb(-places, context=EXACT)


def _same(one: Money, other: Money) -> Decimal:
    if one.currency != other.currency:
        raise CurrencyMismatch(f"{one.currency} and {other.currency} do not add up")
    return other.amount
