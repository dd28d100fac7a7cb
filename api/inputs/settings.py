"""How is billed, as a client writes it: what is left out stays, null removes what there need not be."""

from datetime import date
from decimal import Decimal
from typing import Any

import strawberry
from msgspec.structs import replace

from domain.policy import BurnBy, LastStep
from domain.seller import BillingSettings, Dunning, Seller, Series
from domain.tax import TaxCode, TaxRate


@strawberry.input(description="Who sells: what invoices say of them. What is left out stays; null removes it.")
class SellerInput:
    name: str | None = strawberry.field(default=None, description="The legal name.")
    line1: str | None = strawberry.field(default=strawberry.UNSET, description="Street and number.")
    line2: str | None = strawberry.field(default=strawberry.UNSET, description="What else finds the door.")
    city: str | None = strawberry.field(default=strawberry.UNSET, description="City.")
    postal_code: str | None = strawberry.field(default=strawberry.UNSET, description="Postal code.")
    country: str | None = strawberry.field(default=None, description="ISO 3166, two letters.")
    tax_id: str | None = strawberry.field(default=strawberry.UNSET, description="The tax number.")
    registration: str | None = strawberry.field(
        default=strawberry.UNSET, description="The number in a register of companies."
    )
    email: str | None = strawberry.field(default=strawberry.UNSET, description="Whom to ask about an invoice.")
    iban: str | None = strawberry.field(default=strawberry.UNSET, description="Where to pay by bank transfer.")
    bic: str | None = strawberry.field(default=strawberry.UNSET, description="Of that bank.")
    small_print: str | None = strawberry.field(
        default=strawberry.UNSET, description="What stands at the foot of each page."
    )

    def changed(self, seller: Seller) -> Seller:
        optional = ("line1", "line2", "city", "postal_code", "tax_id", "registration", "email", "iban", "bic")
        texts: dict[str, Any] = {name: getattr(self, name) for name in (*optional, "small_print")}
        given = {name: text for name, text in texts.items() if text is not strawberry.UNSET}
        needed = {"name": self.name, "country": self.country}
        return replace(seller, **given, **{name: text for name, text in needed.items() if text is not None})


@strawberry.input(description="A legal series of numbers without gaps. What is left out stays.")
class NumberSeriesInput:
    prefix: str | None = strawberry.field(default=None, description="What stands before the counter.")
    digits: int | None = strawberry.field(default=None, description="How many digits the counter has at least.")
    yearly: bool | None = strawberry.field(
        default=None, description="Whether it begins anew each year, and says which."
    )

    def changed(self, series: Series) -> Series:
        return replace(series, **_given(prefix=self.prefix, digits=self.digits, yearly=self.yearly))


@strawberry.input(description="What is done about an invoice that is not paid. What is left out stays.")
class DunningPolicyInput:
    retry_days: list[int] | None = strawberry.field(
        default=None, description="The days between one failed try and the next."
    )
    grace_days: int | None = strawberry.field(
        default=None, description="For how many days after it fell due rights are kept."
    )
    last_step: LastStep | None = strawberry.field(
        default=None, description="What happens when the last try has failed."
    )

    def changed(self, dunning: Dunning) -> Dunning:
        days = None if self.retry_days is None else tuple(self.retry_days)
        return replace(dunning, **_given(retry_days=days, grace_days=self.grace_days, last_step=self.last_step))


@strawberry.input(description="What a country levies on a category.")
class TaxRateInput:
    country: str = strawberry.field(description="ISO 3166, two letters.")
    category: str = strawberry.field(
        description="Of what; `standard` also holds for what has no rate of its own, `prepaid` is bought credit."
    )
    name: str = strawberry.field(description="What invoices call it.")
    percent: Decimal = strawberry.field(description="19 is 19 %.")
    since: date | None = strawberry.field(default=None, description="Its first day.")
    until: date | None = strawberry.field(default=None, description="The first day on which it no longer holds.")
    code: TaxCode | None = strawberry.field(default=TaxCode.STANDARD, description="Why the rate is what it is.")
    reason: str | None = strawberry.field(default=None, description="The sentence that an invoice states.")

    def rate(self) -> TaxRate:
        code = self.code or TaxCode.STANDARD
        return TaxRate(self.country, self.category, self.name, self.percent, self.since, self.until, code, self.reason)


@strawberry.input(description="How this deployment bills. What is left out stays; what is final keeps what held then.")
class UpdateBillingSettingsInput:
    seller: SellerInput | None = strawberry.field(default=None, description="Who sells.")
    zone: str | None = strawberry.field(default=None, description="The IANA zone of the seller's calendar.")
    invoices: NumberSeriesInput | None = strawberry.field(default=None, description="How invoices are numbered.")
    credit_notes: NumberSeriesInput | None = strawberry.field(
        default=None, description="How credit notes are numbered."
    )
    net_days: int | None = strawberry.field(
        default=None, description="How many days after it became final an invoice falls due."
    )
    dunning: DunningPolicyInput | None = strawberry.field(
        default=None, description="What is done about an invoice that is not paid."
    )
    burn_order: list[BurnBy] | None = strawberry.field(default=None, description="In which order credits are used up.")
    tax_rates: list[TaxRateInput] | None = strawberry.field(
        default=None, description="What is levied where, as a whole."
    )
    corrections_days: int | None = strawberry.field(
        default=None, description="For how many days after a period's end late usage still changes what it costs."
    )
    quote_minutes: int | None = strawberry.field(default=None, description="For how many minutes a quote binds.")
    sync_minutes: int | None = strawberry.field(
        default=None, description="How many minutes of changes are told to a payment provider at once."
    )
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")

    def changed(self, settings: BillingSettings) -> BillingSettings:
        """These settings with what is given in their place."""
        return replace(
            settings,
            **_given(
                seller=None if self.seller is None else self.seller.changed(settings.seller),
                zone=self.zone,
                invoices=None if self.invoices is None else self.invoices.changed(settings.invoices),
                credit_notes=None if self.credit_notes is None else self.credit_notes.changed(settings.credit_notes),
                net_days=self.net_days,
                dunning=None if self.dunning is None else self.dunning.changed(settings.dunning),
                burn_order=None if self.burn_order is None else tuple(self.burn_order),
                tax_rates=None if self.tax_rates is None else tuple(rate.rate() for rate in self.tax_rates),
                corrections_days=self.corrections_days,
                quote_minutes=self.quote_minutes,
                sync_minutes=self.sync_minutes,
            ),
        )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
