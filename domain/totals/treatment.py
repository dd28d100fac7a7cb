"""How a line is taxed: whose rate holds, or why none does.

The rules are those of Directive 2006/112/EC for services (also electronic ones); elsewhere the seller levies what is
configured. No rate is invented: where none is configured, nothing is levied, and the invoice says why.
"""

from datetime import date

from msgspec import Struct

from domain.country import in_union, taxed_as
from domain.exact import ZERO
from domain.seller import BillingSettings
from domain.tax import PREPAID_CATEGORY, STANDARD_CATEGORY, TaxCode, TaxRate, Treatment

REVERSE_CHARGE = Treatment(
    "Reverse charge",
    ZERO,
    TaxCode.REVERSE_CHARGE,
    "Reverse charge: VAT to be accounted for by the recipient (Article 196, Directive 2006/112/EC)",
)
PREPAID = Treatment(
    "Not taxed",
    ZERO,
    TaxCode.OUTSIDE_SCOPE,
    "Prepaid credit: taxed when it is used (multi-purpose voucher, Article 30b(2), Directive 2006/112/EC)",
)


class Buyer(Struct, frozen=True):
    """What taxation has to know of a customer. `country` None: as the seller's. `tax_id_country`: whose tax number they
    gave (ISO 3166; XI for Northern Ireland), None without one that is valid; `business`: they buy as one."""

    country: str | None = None
    business: bool = False
    tax_id_country: str | None = None


def treatment(settings: BillingSettings, buyer: Buyer, category: str, on: date) -> Treatment:
    """How `category` is taxed for `buyer` on the day `on` (of supply, in the seller's calendar).

    At home the seller's rate. To a business of another member state nothing: the recipient accounts for the tax
    (Articles 44, 196). To anybody else the rate configured for their country (destination principle, Article 58). To
    consumers of a member state without one the seller's own, as the law has it below the threshold of Article 59c.
    Outside the Union nothing (Articles 44, 59).
    """
    home = taxed_as(settings.seller.country)
    there = taxed_as(buyer.country or home)
    if category == PREPAID_CATEGORY:
        prepaid = _own_rate(settings, there, category, on)
        return PREPAID if prepaid is None else _levied(prepaid)
    own, levied = _rate(settings, home, category, on), _rate(settings, there, category, on)
    if there != home:
        registered = in_union(home) or levied is not None
        if in_union(there) and _business_abroad(buyer, home) and registered:
            return REVERSE_CHARGE
        if levied is not None:
            return _levied(levied)
        if not (in_union(home) and in_union(there)):
            return _outside(home)
    return _unconfigured(home) if own is None else _levied(own)


def _business_abroad(buyer: Buyer, home: str) -> bool:
    """A taxable person of another member state, as their VAT number shows."""
    number = buyer.tax_id_country
    return buyer.business and number is not None and in_union(number) and taxed_as(number) != home


def _rate(settings: BillingSettings, country: str, category: str, on: date) -> TaxRate | None:
    own = _own_rate(settings, country, category, on)
    return own if own is not None else _own_rate(settings, country, STANDARD_CATEGORY, on)


def _own_rate(settings: BillingSettings, country: str, category: str, on: date) -> TaxRate | None:
    rates = (rate for rate in settings.tax_rates if (rate.country, rate.category) == (country, category))
    return next((rate for rate in rates if rate.holds(on)), None)


def _levied(rate: TaxRate) -> Treatment:
    if rate.percent:
        return Treatment(rate.name, rate.percent)
    zero = TaxCode.ZERO if rate.code is TaxCode.STANDARD else rate.code
    return Treatment(rate.name, ZERO, zero, rate.reason)


def _outside(home: str) -> Treatment:
    law = " (Articles 44 and 59, Directive 2006/112/EC)" if in_union(home) else ""
    reason = f"Not subject to {_tax(home)} in {home}: supplied where the recipient belongs{law}"
    return Treatment(f"No {_tax(home)}", ZERO, TaxCode.OUTSIDE_SCOPE, reason)


def _unconfigured(home: str) -> Treatment:
    return Treatment(
        f"No {_tax(home)}", ZERO, TaxCode.OUTSIDE_SCOPE, f"Not subject to {_tax(home)}: none is levied in {home}"
    )


def _tax(country: str) -> str:
    return "VAT" if in_union(country) else "tax"
