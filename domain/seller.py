"""Who sells, and by which rules of their own: kept in the catalog's stream, frozen into each invoice when it is
final."""

from datetime import timedelta

from msgspec import Struct

from domain.policy import BurnBy, LastStep
from domain.tax import TaxRate


class Seller(Struct, frozen=True, omit_defaults=True):
    """What the law asks an invoice to say about the seller. `country`: ISO 3166, two letters."""

    name: str = "Unnamed seller"
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str = "US"
    tax_id: str | None = None
    registration: str | None = None
    email: str | None = None
    iban: str | None = None
    bic: str | None = None
    small_print: str | None = None


class Series(Struct, frozen=True, omit_defaults=True):
    """A legal series of numbers without gaps: prefix, the year (of the seller's zone) if `yearly`, a counter of
    `digits`."""

    prefix: str
    digits: int = 6
    yearly: bool = False


class Dunning(Struct, frozen=True, omit_defaults=True):
    """`retry_days`: the days between one failed attempt and the next (2, 5: tried again on day 2 and on day 7).
    Rights are kept for `grace_days` after an invoice fell due. When the last retry has failed: `last_step`."""

    retry_days: tuple[int, ...] = (2, 5, 7, 7)
    grace_days: int = 14
    last_step: LastStep = LastStep.SUSPEND

    @property
    def grace(self) -> timedelta:
        return timedelta(days=self.grace_days)


class BillingSettings(Struct, frozen=True, omit_defaults=True):
    """`net_days`: how long after it is final an invoice falls due. `corrections_days`: how long after a period's end
    late usage still changes what it costs. `quote_minutes`: how long a quote binds. `zone`: the seller's calendar.
    `sync_minutes`: what changes within so long is told to a payment provider at once."""

    seller: Seller = Seller()
    zone: str = "UTC"
    invoices: Series = Series("INV-")
    credit_notes: Series = Series("CN-")
    net_days: int = 14
    dunning: Dunning = Dunning()
    burn_order: tuple[BurnBy, ...] = (BurnBy.PRIORITY, BurnBy.EXPIRY, BurnBy.PROMOTIONAL, BurnBy.AGE)
    tax_rates: tuple[TaxRate, ...] = ()
    corrections_days: int = 60
    quote_minutes: int = 15
    sync_minutes: int = 15
