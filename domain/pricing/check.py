"""Prices: which combinations make sense. What says nothing in its place is refused, so that nobody relies on it."""

import re
from collections.abc import Iterable, Set
from decimal import Decimal

from domain.catalog import ChargeModel, Price, ProrationPolicy, Tier
from domain.errors import Refusal, invalid
from domain.money import is_currency
from domain.policy import ChangeDay, ZeroUsage

TIERS_MAX = 100
_TAX_CATEGORY = re.compile(r"[a-z0-9_-]{1,40}")
_TIERED = {ChargeModel.GRADUATED, ChargeModel.VOLUME}
_UNIT_PRICED = {ChargeModel.FLAT, ChargeModel.PER_UNIT, ChargeModel.PER_SEAT, ChargeModel.PACKAGE}


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
        raise invalid(f"no meter has the key {price.meter_key}", "meterKey")
    if price.model in (ChargeModel.FLAT, ChargeModel.PER_SEAT) and price.meter_key is not None:
        raise invalid(f"a {price.model} price does not follow a meter", "meterKey")
    if price.model in (*_TIERED, ChargeModel.PACKAGE, ChargeModel.PERCENTAGE) and price.meter_key is None:
        raise invalid(f"a {price.model} price needs a meter", "meterKey")
    _check_amounts(price)
    _check_policies(price)
    if price.model in _TIERED:
        check_tiers(price.tiers)
    elif price.tiers:
        raise invalid(f"a {price.model} price has no tiers", "tiers")


def _check_amounts(price: Price) -> None:
    if price.model in _UNIT_PRICED and price.unit_amount is None:
        raise invalid(f"a {price.model} price needs a unit amount", "unitAmount")
    if price.model in _TIERED and price.unit_amount is not None:
        raise invalid("the tiers hold the unit amounts", "unitAmount")
    if price.unit_amount is not None and price.unit_amount < 0:
        raise invalid("must not be negative", "unitAmount")
    if price.included is not None and price.included < 0:
        raise invalid("must not be negative", "included")
    if price.included is not None and price.model is ChargeModel.FLAT:
        raise invalid("a FLAT price has no units that could be included", "included")
    if price.model is ChargeModel.PACKAGE:
        if price.package_size is None or price.package_size <= 0:
            raise invalid("a PACKAGE price needs a package size above zero", "packageSize")
    elif price.package_size is not None:
        raise invalid(f"a {price.model} price has no packages", "packageSize")
    if price.model is ChargeModel.PERCENTAGE:
        if price.percent is None or not 0 <= price.percent <= 100:
            raise invalid("a PERCENTAGE price needs a percent between 0 and 100", "percent")
    elif price.percent is not None:
        raise invalid(f"a {price.model} price has no percent", "percent")


def _check_policies(price: Price) -> None:
    if not _TAX_CATEGORY.fullmatch(price.tax_category):
        raise invalid("must be 1 to 40 small letters, digits, - or _", "taxCategory")
    if price.zero_usage is ZeroUsage.FREE and price.model not in _TIERED:
        raise invalid(f"a {price.model} price has no fee of a first tier", "zeroUsage")
    if price.change_day is ChangeDay.OLD and price.proration is not ProrationPolicy.BY_DAY:
        raise invalid(f"{price.proration} counts no days that could belong to anything", "changeDay")


def check_tiers(tiers: tuple[Tier, ...]) -> None:
    """Ascending, and only the last one open. An upper bound is inclusive."""
    if not tiers:
        raise invalid("needs at least one tier", "tiers")
    if len(tiers) > TIERS_MAX:
        raise invalid(f"at most {TIERS_MAX} tiers", "tiers")
    below = Decimal(0)
    for index, tier in enumerate(tiers):
        where = ("tiers", str(index))
        last = index == len(tiers) - 1
        if tier.unit_amount < 0 or (tier.flat_amount is not None and tier.flat_amount < 0):
            raise invalid("must not be negative", *where, "unitAmount" if tier.unit_amount < 0 else "flatAmount")
        if tier.up_to is None:
            if not last:
                raise invalid("only the last tier is open", *where, "upTo")
        elif last:
            raise invalid("the last tier must be open", *where, "upTo")
        elif tier.up_to <= below:
            raise invalid(f"must be above the tier before ({below})", *where, "upTo")
        else:
            below = tier.up_to
