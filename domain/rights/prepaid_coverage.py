"""Prepaid use: whether the credit that a customer has bought covers what their usage comes to.

Usage of a PREPAID plan is billed like any other, when its period ends, and the invoice takes the credit. So until then
what has been used is worked out here, as that invoice will: by the price that charges for it, less what else is allowed
(decisions/0021), with the tax that comes on top. See docs/decisions/0015-rights-and-debts.md for what this cannot see.
"""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.account import Account
from domain.billing.allowance import Allowances, Place, beyond
from domain.billing.invoice_terms import InvoiceTerms, invoice_terms
from domain.billing.tariffs import Tariff, running
from domain.catalog import BillingMode, Price
from domain.exact import EXACT
from domain.money import Money, rounded, zero
from domain.period import Period, counted_at, local_date
from domain.pricing.rate import rate
from domain.rights.entitlement import Entitlement
from domain.seller import BillingSettings


class PrepaidCoverage(Struct, frozen=True):
    """`cost` of the period's usage; None: the right is counted by another period than the price, so what is to be paid
    cannot be told from its usage. `credit`: what is left of what was bought."""

    cost: Money | None
    credit: Money

    @property
    def enough(self) -> bool:
        return self.credit.amount > 0 if self.cost is None else self.cost.amount <= self.credit.amount

    @property
    def drawn(self) -> bool:
        """Whether credit is needed at all: included units need none."""
        return self.cost is None or self.cost.amount > 0


def prepaid_coverage(
    account: Account, settings: BillingSettings, right: Entitlement, quantity: Decimal, carried: Decimal, at: datetime
) -> PrepaidCoverage | None:
    """How the credit compares with a period in which `quantity` is used, `carried` units having rolled into it. None:
    nothing that charges for it is prepaid."""
    customer, meter_key = account.customer, right.feature.meter_key
    rivals = () if customer is None or meter_key is None else tuple(running(account, at).get(meter_key, ()))
    if not rivals or customer is None or rivals[0].segment.mode is not BillingMode.PREPAID:
        return None
    credit = Money(account.prepaid.get(customer.currency, zero(customer.currency).amount), customer.currency)
    places = [_place(rivals, price, at) for price in rivals[0].prices]
    if any(period != right.period for _, period in places):
        return PrepaidCoverage(None, credit)
    limit = None if right.unlimited or right.limit is None else EXACT.add(right.limit, carried)
    allowances = Allowances(account, rivals[0].meter_key)
    terms = invoice_terms(settings, customer)
    cost = Fraction(0)
    for place, _ in places:
        spared = allowances.spared_within(place, right.feature.key, limit)
        cost += Fraction(0) if spared is None else _cost(place.price, quantity, spared, terms, at)
    return PrepaidCoverage(Money(rounded(cost, customer.currency), customer.currency), credit)


def _place(rivals: tuple[Tariff, ...], price: Price, at: datetime) -> tuple[Place, Period]:
    """Where it would be charged, and the period whose usage is rated together."""
    segment, since = rivals[0].segment, rivals[0].since
    period = counted_at(segment.anchor_of(price), since, price.cadence, segment.zone, at)
    return Place(rivals[0], price, rivals, period.start, at), period


def _cost(price: Price, quantity: Decimal, spared: Decimal, terms: InvoiceTerms, at: datetime) -> Fraction:
    exact = rate(beyond(price, spared), quantity).exact
    if price.tax_inclusive or not exact:
        return exact
    taxed = terms.taxed(price.tax_category, local_date(at, terms.settings.zone))
    return exact * (100 + Fraction(taxed.percent)) / 100
