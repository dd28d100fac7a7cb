"""Prepaid use: whether the credit that a customer has bought covers what their usage comes to.

Usage of a PREPAID plan is billed like any other, when its period ends, and the invoice takes the credit. So until then
what has been used is worked out here, as that invoice will: by the subscription's own price, with the tax that comes
on top. See docs/decisions/0015-rights-and-debts.md for what this cannot see.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.account import Account
from domain.billing.office import Office, office
from domain.catalog import BillingMode, Price
from domain.entitlement import Entitlement
from domain.evolve.stretches import chosen
from domain.money import Money, rounded, zero
from domain.period import Period, local_date, period_at
from domain.policy import TrialUsage
from domain.pricing.rate import rate
from domain.seller import Settings
from domain.subscription import Subscription


class Cover(Struct, frozen=True):
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


def cover(account: Account, settings: Settings, right: Entitlement, quantity: Decimal, at: datetime) -> Cover | None:
    """How the credit compares with a period in which `quantity` is used. None: no prepaid price follows the meter."""
    customer, meter_key = account.customer, right.feature.meter_key
    if customer is None or meter_key is None:
        return None
    prices = [(held, price) for held in account.subscriptions for price in _prepaid(held, customer.currency, meter_key)]
    if not prices:
        return None
    credit = Money(account.prepaid.get(customer.currency, zero(customer.currency).amount), customer.currency)
    if any(_period(held, price, at) != right.period for held, price in prices):
        return Cover(None, credit)
    terms = office(settings, customer)
    cost = sum((_cost(price, quantity, terms, at) for _, price in prices), Fraction(0))
    return Cover(Money(rounded(cost, customer.currency), customer.currency), credit)


def _prepaid(held: Subscription, currency: str, meter_key: str) -> Iterator[Price]:
    """The prices that a subscription's usage of the meter draws on credit by. In a free trial it draws on nothing."""
    if not held.gives_rights or (held.trialing and held.plan.terms.trial_usage is TrialUsage.FREE):
        return
    for version, overrides in ((held.plan, held.overrides), *((one.plan, ()) for one in held.add_ons)):
        if version.terms.billing is BillingMode.PREPAID:
            recurring, _ = chosen(version, overrides, currency, held.cadence)
            yield from (price for price in recurring if price.meter_key == meter_key)


def _period(held: Subscription, price: Price, at: datetime) -> Period:
    """The one whose usage the price rates."""
    tile = period_at(held.anchor, price.cadence, held.zone, at)
    return Period(max(tile.start, held.start_at), tile.end)


def _cost(price: Price, quantity: Decimal, terms: Office, at: datetime) -> Fraction:
    exact = rate(price, quantity).exact
    if price.tax_inclusive or not exact:
        return exact
    taxed = terms.taxed(price.tax_category, local_date(at, terms.settings.zone))
    return exact * (100 + Fraction(taxed.percent)) / 100
