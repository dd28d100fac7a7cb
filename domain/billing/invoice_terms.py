"""The terms an invoice is made by: the seller's settings, and how each kind of thing is taxed for this customer."""

from collections.abc import Callable
from datetime import date

from msgspec import Struct

from domain.account import Customer
from domain.seller import BillingSettings
from domain.tax import Treatment
from domain.totals import Buyer, treatment


class InvoiceTerms(Struct, frozen=True):
    """`taxed(category, day of supply)`."""

    settings: BillingSettings
    taxed: Callable[[str, date], Treatment]


def invoice_terms(settings: BillingSettings, customer: Customer) -> InvoiceTerms:
    """By the rates in the settings."""
    buyer = buyer_of(customer)
    return InvoiceTerms(settings, lambda category, on: treatment(settings, buyer, category, on))


def buyer_of(customer: Customer) -> Buyer:
    """What taxation has to know of the customer: nothing personal."""
    return Buyer(customer.country, customer.tax_id_valid, customer.tax_id_country if customer.tax_id_valid else None)
