"""How this deployment bills."""

from datetime import date
from decimal import Decimal

import strawberry

from api.types.computed import computed
from domain import seller as domain
from domain import tax
from domain.policy import BurnBy, LastStep


@strawberry.type(description="Who sells: what invoices say of them.")
class Seller:
    name: str = strawberry.field(description="The legal name.")
    line1: str | None = strawberry.field(description="Street and number.")
    line2: str | None = strawberry.field(description="What else finds the door.")
    city: str | None = strawberry.field(description="City.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    country: str = strawberry.field(description="ISO 3166, two letters.")
    tax_id: str | None = strawberry.field(description="The tax number.")
    registration: str | None = strawberry.field(description="The number in a register of companies.")
    email: str | None = strawberry.field(description="Whom to ask about an invoice.")
    iban: str | None = strawberry.field(description="Where to pay by bank transfer.")
    bic: str | None = strawberry.field(description="Of that bank.")
    small_print: str | None = strawberry.field(description="What stands at the foot of each page.")

    @classmethod
    def of(cls, seller: domain.Seller) -> "Seller":
        """As the settings have it."""
        return cls(
            name=seller.name,
            line1=seller.line1,
            line2=seller.line2,
            city=seller.city,
            postal_code=seller.postal_code,
            country=seller.country,
            tax_id=seller.tax_id,
            registration=seller.registration,
            email=seller.email,
            iban=seller.iban,
            bic=seller.bic,
            small_print=seller.small_print,
        )


@strawberry.type(description="A legal series of numbers without gaps.")
class NumberSeries:
    prefix: str = strawberry.field(description="What stands before the counter.")
    digits: int = strawberry.field(description="How many digits the counter has at least.")
    yearly: bool = strawberry.field(description="Whether it begins anew each year, and says which.")

    @classmethod
    def of(cls, series: domain.Series) -> "NumberSeries":
        """As the settings have it."""
        return cls(prefix=series.prefix, digits=series.digits, yearly=series.yearly)


@strawberry.type(description="What is done about an invoice that is not paid.")
class DunningPolicy:
    retry_days: list[int] = strawberry.field(description="The days between one failed try and the next.")
    grace_days: int = strawberry.field(description="For how many days after it fell due rights are kept.")
    last_step: LastStep = strawberry.field(description="What happens when the last try has failed.")

    @classmethod
    def of(cls, dunning: domain.Dunning) -> "DunningPolicy":
        """As the settings have it."""
        return cls(retry_days=list(dunning.retry_days), grace_days=dunning.grace_days, last_step=dunning.last_step)


@strawberry.type(description="What a country levies on a category.")
class TaxRate:
    country: str = strawberry.field(description="ISO 3166, two letters.")
    category: str = strawberry.field(description="Of what; `standard` also holds for what has no rate of its own.")
    name: str = strawberry.field(description="What invoices call it.")
    percent: Decimal = strawberry.field(description="19 is 19 %.")
    since: date | None = strawberry.field(description="Its first day.")
    until: date | None = strawberry.field(description="The first day on which it no longer holds.")
    code: tax.TaxCode = strawberry.field(description="Why the rate is what it is.")
    reason: str | None = strawberry.field(description="The sentence that an invoice states.")

    @classmethod
    def of(cls, rate: tax.TaxRate) -> "TaxRate":
        """As the settings have it."""
        return cls(
            country=rate.country,
            category=rate.category,
            name=rate.name,
            percent=rate.percent,
            since=rate.since,
            until=rate.until,
            code=rate.code,
            reason=rate.reason,
        )


@strawberry.type(description="How this deployment bills. What is final keeps what held when it became so.")
class BillingSettings:
    seller: Seller = strawberry.field(description="Who sells.")
    zone: str = strawberry.field(description="The IANA zone of the seller's calendar.")
    invoices: NumberSeries = strawberry.field(description="How invoices are numbered.")
    credit_notes: NumberSeries = strawberry.field(description="How credit notes are numbered.")
    net_days: int = strawberry.field(
        description="How many days after it became final an invoice falls due, unless there is a way to pay to charge."
    )
    dunning: DunningPolicy = strawberry.field(description="What is done about an invoice that is not paid.")
    burn_order: list[BurnBy] = strawberry.field(description="In which order credits are used up.")
    tax_rates: list[TaxRate] = strawberry.field(description="What is levied where.")
    corrections_days: int = strawberry.field(
        description="For how many days after a period's end late usage still changes what it costs."
    )
    quote_minutes: int = strawberry.field(description="For how many minutes a quote binds.")
    sync_minutes: int = strawberry.field(
        description="How many minutes of changes are told to a payment provider at once."
    )

    def __init__(self, settings: domain.BillingSettings) -> None:
        self._settings = settings
        self.zone = settings.zone
        self.net_days = settings.net_days
        self.burn_order = list(settings.burn_order)
        self.corrections_days = settings.corrections_days
        self.quote_minutes = settings.quote_minutes
        self.sync_minutes = settings.sync_minutes

    @classmethod
    def of(cls, settings: domain.BillingSettings) -> "BillingSettings":
        """As the catalog has them."""
        return cls(settings)


computed(
    BillingSettings,
    seller=lambda self: Seller.of(self._settings.seller),
    invoices=lambda self: NumberSeries.of(self._settings.invoices),
    credit_notes=lambda self: NumberSeries.of(self._settings.credit_notes),
    dunning=lambda self: DunningPolicy.of(self._settings.dunning),
    tax_rates=lambda self: [TaxRate.of(rate) for rate in self._settings.tax_rates],
)
