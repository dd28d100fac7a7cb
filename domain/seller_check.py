"""The seller's settings: which of them make sense. What they do is computed where they are used."""

import re
from collections.abc import Sequence
from datetime import date

from domain.country import is_country
from domain.errors import Refusal, invalid
from domain.seller import BillingSettings, Dunning, Seller, Series
from domain.tax import TaxCode, TaxRate
from domain.wording import DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX, REASON_CHARS_MAX, check_length, check_name
from domain.zone import is_zone

DIGITS_MAX = 12
NET_DAYS_MAX = 365
CORRECTIONS_DAYS_MAX = 730
QUOTE_MINUTES_MAX = 7 * 24 * 60
SYNC_MINUTES_MAX = 24 * 60
RETRIES_MAX = 20
RETRY_DAYS_MAX = 90
GRACE_DAYS_MAX = 365
TAX_RATES_MAX = 2_000
PERCENT_DECIMALS_MAX = 4
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,15}")
_CATEGORY = re.compile(r"[a-z][a-z0-9_.-]{0,62}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")  # ISO 9362
_NOTHING_LEVIED = {TaxCode.ZERO, TaxCode.EXEMPT, TaxCode.EXPORT, TaxCode.OUTSIDE_SCOPE}


def check_settings(settings: BillingSettings) -> None:
    """Raises Refusal, with the path of the field."""
    _check_seller(settings.seller)
    if not is_zone(settings.zone):
        raise invalid(f"{settings.zone} is not an IANA time zone", "zone")
    _check_series(settings.invoices, "invoices")
    _check_series(settings.credit_notes, "credit_notes")
    if not _apart(settings.invoices.prefix, settings.credit_notes.prefix):
        raise invalid("its numbers could be those of an invoice", "credit_notes", "prefix")
    _check_range(settings.net_days, 0, NET_DAYS_MAX, "net_days")
    _check_range(settings.corrections_days, 0, CORRECTIONS_DAYS_MAX, "corrections_days")
    _check_range(settings.quote_minutes, 1, QUOTE_MINUTES_MAX, "quote_minutes")
    _check_range(settings.sync_minutes, 1, SYNC_MINUTES_MAX, "sync_minutes")
    _check_dunning(settings.dunning)
    if len(set(settings.burn_order)) < len(settings.burn_order):
        raise invalid("names a criterion twice", "burn_order")
    check_tax_rates(settings.tax_rates)


def check_tax_rates(rates: Sequence[TaxRate]) -> None:
    """Each is complete, and a country has one rate for a category on any day. Raises Refusal."""
    if len(rates) > TAX_RATES_MAX:
        raise invalid(f"at most {TAX_RATES_MAX:,} rates", "tax_rates")
    before: dict[tuple[str, str], list[TaxRate]] = {}
    for index, rate in enumerate(rates):
        same = before.setdefault((rate.country, rate.category), [])
        try:
            _check_rate(rate)
            if any(_overlap(rate, other) for other in same):
                raise invalid(f"{rate.country} has two rates for {rate.category} on one day", "since")
        except Refusal as refusal:
            raise refusal.under("tax_rates", str(index)) from None
        same.append(rate)


def iban_holds(iban: str) -> bool:
    """Whether the check digits are right: with the first four characters last and letters as numbers from 10 on, the
    remainder by 97 is 1 (ISO 13616, ISO 7064)."""
    turned = iban[4:] + iban[:4]
    return _IBAN.fullmatch(iban) is not None and int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def _check_seller(seller: Seller) -> None:
    try:
        check_name(seller.name, "name")
        for name in ("line1", "line2", "city", "postal_code", "tax_id", "registration", "email"):
            check_length(getattr(seller, name), NAME_CHARS_MAX, name)
        check_length(seller.small_print, DESCRIPTION_CHARS_MAX, "small_print")
        if not is_country(seller.country):
            raise invalid(f"{seller.country} is not a country of ISO 3166", "country")
        if seller.iban is not None and not iban_holds(seller.iban.replace(" ", "")):
            raise invalid("is not an IBAN: its check digits are wrong", "iban")
        if seller.bic is not None and _BIC.fullmatch(seller.bic) is None:
            raise invalid("is not a BIC", "bic")
    except Refusal as refusal:
        raise refusal.under("seller") from None


def _check_series(series: Series, *field: str) -> None:
    if _PREFIX.fullmatch(series.prefix) is None:
        raise invalid("must have 1 to 16 letters, digits, or . / _ - after the first", *field, "prefix")
    _check_range(series.digits, 1, DIGITS_MAX, *field, "digits")


def _apart(one: str, other: str) -> bool:
    """Whether no number of one series can be one of the other: where one prefix goes on from the other, what comes
    after must not be read as a year or a counter."""
    shorter, longer = sorted((one, other), key=len)
    return not longer.startswith(shorter) or any(sign.isalpha() for sign in longer[len(shorter) :])


def _check_range(value: int, least: int, most: int, *field: str) -> None:
    if not least <= value <= most:
        raise invalid(f"must be between {least} and {most:,}", *field)


def _check_dunning(dunning: Dunning) -> None:
    if len(dunning.retry_days) > RETRIES_MAX:
        raise invalid(f"at most {RETRIES_MAX} retries", "dunning", "retry_days")
    for index, days in enumerate(dunning.retry_days):
        _check_range(days, 1, RETRY_DAYS_MAX, "dunning", "retry_days", str(index))
    _check_range(dunning.grace_days, 0, GRACE_DAYS_MAX, "dunning", "grace_days")


def _check_rate(rate: TaxRate) -> None:
    if not is_country(rate.country):
        raise invalid(f"{rate.country} is not a country of ISO 3166", "country")
    if _CATEGORY.fullmatch(rate.category) is None:
        raise invalid("must be a key: small letters, digits, _ . -", "category")
    check_name(rate.name, "name")
    if not (rate.percent.is_finite() and 0 <= rate.percent <= 100):
        raise invalid("must be between 0 and 100", "percent")
    if rate.percent != round(rate.percent, PERCENT_DECIMALS_MAX):
        raise invalid(f"must have at most {PERCENT_DECIMALS_MAX} decimals", "percent")
    if rate.since is not None and rate.until is not None and rate.until <= rate.since:
        raise invalid("must be after its beginning", "until")
    _check_why(rate)


def _check_why(rate: TaxRate) -> None:
    """As EN 16931 asks (BR-S-10, BR-Z-10, BR-E-10, BR-O-10): a reason where nothing is levied and it is not zero-rated,
    and none elsewhere."""
    check_length(rate.reason, REASON_CHARS_MAX, "reason")
    if rate.code in (TaxCode.REVERSE_CHARGE, TaxCode.INTRA_COMMUNITY):
        raise invalid("follows from the buyer and is not configured", "code")
    if rate.percent and rate.code is not TaxCode.STANDARD:
        raise invalid(f"{rate.code} levies nothing, so not {rate.percent} %", "code")
    needed = rate.code in _NOTHING_LEVIED - {TaxCode.ZERO}
    if needed and not (rate.reason or "").strip():
        raise invalid(f"{rate.code} needs the sentence that the invoice states", "reason")
    if not needed and rate.reason is not None:
        raise invalid("only what is exempt or outside the scope has a reason", "reason")


def _overlap(one: TaxRate, other: TaxRate) -> bool:
    return (one.since or date.min) < (other.until or date.max) and (other.since or date.min) < (one.until or date.max)
