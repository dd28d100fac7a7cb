"""Amounts, numbers and days as the customer writes them. Babel knows how (Unicode CLDR)."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval
from babel.numbers import NumberPattern, parse_pattern

from domain.exact import plain
from domain.money import digits

RATE_DIGITS_MAX = 12
_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)  # Babel quantizes by the context at hand: 28 digits, half even
_GROUP = 4  # an IBAN is read in fours


def known_locale(tag: str, languages: Mapping[str, object]) -> Locale:
    """`de-AT` as Babel's locale; German where it knows no such Austria; English where `languages` lacks the words."""
    language = tag.replace("_", "-").split("-")[0].lower()
    if language not in languages:
        return Locale("en")
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale(language)


def money(amount: Decimal, currency: str, locale: Locale) -> str:
    """With exactly the currency's digits by ISO 4217 (CLDR leaves some of them out: it writes 5 forint, not 5,00)."""
    return _money(amount, currency, locale, digits(currency))


def rate(amount: Decimal, currency: str, locale: Locale) -> str:
    """A unit price: with all its decimals, at least the currency's."""
    return _money(amount, currency, locale, RATE_DIGITS_MAX)


def number(value: Decimal, locale: Locale) -> str:
    pattern = parse_pattern(locale.decimal_formats[None].pattern)
    pattern.frac_prec = (0, RATE_DIGITS_MAX)
    return _written(pattern, plain(value), locale)


def percent(value: Decimal, locale: Locale) -> str:
    """19 is 19 %."""
    pattern = parse_pattern(locale.percent_formats[None].pattern)
    pattern.frac_prec = (0, RATE_DIGITS_MAX)
    return _written(pattern, plain(value.scaleb(-2)), locale)


def day(value: date, locale: Locale) -> str:
    return format_date(value, "long", locale)


def days(first: date, last: date, locale: Locale) -> str:
    """1 – 31 March 2026: what both ends share is said once."""
    return (
        format_date(first, "medium", locale) if first == last else format_interval(first, last, "yMMMd", locale=locale)
    )


def iban(text: str) -> str:
    packed = "".join(text.split()).upper()
    return " ".join(packed[start : start + _GROUP] for start in range(0, len(packed), _GROUP))


def _money(amount: Decimal, currency: str, locale: Locale, digits_max: int) -> str:
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (digits(currency), digits_max)
    return _written(pattern, amount, locale, currency)


def _written(pattern: NumberPattern, value: Decimal, locale: Locale, currency: str | None = None) -> str:
    """With a real minus sign: a hyphen is too short to be seen in a column of figures."""
    with localcontext(_WIDE):
        text: str = pattern.apply(value, locale, currency=currency, currency_digits=False)
    return text.replace("-", "\N{MINUS SIGN}")
