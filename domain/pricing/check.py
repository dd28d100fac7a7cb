"""Prices: which combinations make sense. What says nothing in its place is refused, so that nobody relies on it."""

import re
from collections.abc import Iterable, Set

from msgspec.structs import fields

from domain.catalog import Price, ProrationPolicy, Tier
from domain.errors import Refusal, invalid
from domain.exact import ZERO
from domain.money import is_currency
from domain.policy import ChangeDay
from domain.pricing.models import MODELS

TIERS_MAX = 100
_TAX_CATEGORY = re.compile(r"[a-z0-9_-]{1,40}")
_WORDS = {
    "meter_key": "a meter",
    "unit_amount": "a unit amount",
    "included": "included units",
    "tiers": "tiers",
    "package_size": "a package size",
    "percent": "a percent",
    "zero_usage": "a word on a first tier's fee without usage",
}
_UNSAID = {field.name: field.default for field in fields(Price)}


def check_prices(prices: Iterable[Price], meters: Set[str], *path: str) -> None:
    """Each price is complete for its model, its tiers well formed, and each (key, currency, cadence) there once."""
    seen: set[tuple[str, str, str]] = set()
    for index, price in enumerate(prices):
        try:
            identity = (price.key, price.currency, price.cadence)
            if identity in seen:
                raise invalid(f"price {price.key} stands twice for {price.currency} by the {price.cadence}", "key")
            seen.add(identity)
            check_price(price, meters)
        except Refusal as refusal:
            raise refusal.under(*path, str(index)) from None


def check_price(price: Price, meters: Set[str]) -> None:
    if not is_currency(price.currency):
        raise invalid(f"{price.currency} is not an ISO 4217 currency", "currency")
    if price.meter_key is not None and price.meter_key not in meters:
        raise invalid(f"no meter has the key {price.meter_key}", "meter_key")
    _check_model(price)
    _check_amounts(price)
    _check_policies(price)


def _check_model(price: Price) -> None:
    """It says what its model needs, and nothing that this model would pass over."""
    model = MODELS[price.model]
    for name, words in _WORDS.items():
        said = getattr(price, name) != _UNSAID[name]
        if name in model.needs and not said:
            raise invalid(f"a {price.model} price needs {words}", name)
        if said and name not in model.needs | model.allows:
            raise invalid(f"a {price.model} price cannot have {words}", name)


def _check_amounts(price: Price) -> None:
    for name in ("unit_amount", "included"):
        amount = getattr(price, name)
        if amount is not None and amount < 0:
            raise invalid("must not be negative", name)
    if price.package_size is not None and price.package_size <= 0:
        raise invalid("must be above zero", "package_size")
    if price.percent is not None and not 0 <= price.percent <= 100:
        raise invalid("must lie between 0 and 100", "percent")
    if price.tiers:
        _check_tiers(price.tiers)


def _check_policies(price: Price) -> None:
    if not _TAX_CATEGORY.fullmatch(price.tax_category):
        raise invalid("must be 1 to 40 small letters, digits, - or _", "tax_category")
    if price.change_day is ChangeDay.OLD and price.proration is not ProrationPolicy.BY_DAY:
        raise invalid(f"{price.proration} counts no days that could belong to anything", "change_day")


def _check_tiers(tiers: tuple[Tier, ...]) -> None:
    """Ascending, and only the last one open. An upper bound is inclusive."""
    if len(tiers) > TIERS_MAX:
        raise invalid(f"at most {TIERS_MAX} tiers", "tiers")
    below = ZERO
    for index, tier in enumerate(tiers):
        where = ("tiers", str(index))
        last = index == len(tiers) - 1
        if tier.unit_amount < 0 or (tier.flat_amount is not None and tier.flat_amount < 0):
            raise invalid("must not be negative", *where, "unit_amount" if tier.unit_amount < 0 else "flat_amount")
        if tier.up_to is None:
            if not last:
                raise invalid("only the last tier is open", *where, "up_to")
        elif last:
            raise invalid("the last tier must be open", *where, "up_to")
        elif tier.up_to <= below:
            raise invalid(f"must be above the tier before ({below})", *where, "up_to")
        else:
            below = tier.up_to
