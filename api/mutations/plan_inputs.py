"""Plans as a client writes them, and the domain's terms that they mean."""

from decimal import Decimal

import strawberry

from api.scalars import JSON, Currency
from domain.catalog import BillingMode, ChargeModel, PlanEntitlement, Price, ProrationPolicy, Terms, Tier
from domain.money import Money
from domain.period import Cadence
from service.ids import new_id


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: Decimal = strawberry.field(description="In the currency's own unit: 12.50 is twelve and a half.")
    currency: Currency = strawberry.field(description="ISO 4217.")


@strawberry.input(description="One step of a graduated or volume price.")
class TierInput:
    up_to: Decimal | None = strawberry.field(
        default=None,
        description="The last quantity of this tier, inclusive. Left out: no end; only for the last.",
    )
    unit_amount: Decimal = strawberry.field(description="For each unit in this tier.")
    flat_amount: Decimal | None = strawberry.field(default=None, description="Due once the tier is entered.")

    def tier(self) -> Tier:
        return Tier(self.up_to, self.unit_amount, self.flat_amount)


@strawberry.input(description="One price of a plan. A plan may have the same price in several currencies and cadences.")
class PriceInput:
    key: str = strawberry.field(description="Names the price within the plan.")
    model: ChargeModel = strawberry.field(description="How the quantity becomes an amount.")
    cadence: Cadence = strawberry.field(description="How often it is charged.")
    currency: Currency = strawberry.field(description="ISO 4217.")
    unit_amount: Decimal | None = strawberry.field(
        default=None, description="For FLAT: the fee; per unit, seat or package otherwise. Up to 12 decimals."
    )
    meter_key: str | None = strawberry.field(default=None, description="The meter whose usage is priced.")
    included: Decimal | None = strawberry.field(default=None, description="Units that cost nothing.")
    tiers: list[TierInput] | None = strawberry.field(default=None, description="For GRADUATED and VOLUME.")
    package_size: Decimal | None = strawberry.field(default=None, description="For PACKAGE: units in one package.")
    percent: Decimal | None = strawberry.field(default=None, description="For PERCENTAGE: of the metered value.")
    proration: ProrationPolicy | None = strawberry.field(
        default=ProrationPolicy.BY_SECOND, description="What a part of a period costs."
    )
    tax_inclusive: bool | None = strawberry.field(default=False, description="Whether the amounts contain the tax.")

    def price(self) -> Price:
        return Price(
            id=new_id("price"),
            key=self.key,
            model=self.model,
            cadence=self.cadence,
            currency=self.currency,
            unit_amount=self.unit_amount,
            meter_key=self.meter_key,
            included=self.included,
            tiers=tuple(tier.tier() for tier in self.tiers or ()),
            package_size=self.package_size,
            percent=self.percent,
            proration=self.proration or ProrationPolicy.BY_SECOND,
            tax_inclusive=bool(self.tax_inclusive),
        )


@strawberry.input(description="What a plan gives of one feature.")
class PlanEntitlementInput:
    feature: str = strawberry.field(description="The feature's key.")
    enabled: bool | None = strawberry.field(default=None, description="SWITCH: on, or expressly off.")
    limit: Decimal | None = strawberry.field(default=None, description="METERED: how much. Left out: unlimited.")
    hard: bool | None = strawberry.field(
        default=None, description="METERED: refuse at the limit. False: go on, and bill what is above it."
    )
    resets: Cadence | None = strawberry.field(
        default=None, description="METERED: how often the count starts anew. Left out: never, as for a level."
    )
    rollover: Decimal | None = strawberry.field(
        default=None, description="METERED: how much of an unused limit at most moves into the next period."
    )
    value: JSON | None = strawberry.field(default=None, description="VALUE: the setting.")

    def given(self) -> PlanEntitlement:
        return PlanEntitlement(
            self.feature, self.enabled, self.limit, self.hard, self.resets, self.rollover, self.value
        )


@strawberry.input(description="A version of a plan. Once published it never changes.")
class PlanVersionInput:
    billing: BillingMode | None = strawberry.field(default=BillingMode.IN_ADVANCE, description="When it is charged.")
    trial_days: int | None = strawberry.field(
        default=0, description="Days free of charge, from the first start of the plan."
    )
    minimum_spend: list[MoneyInput] | None = strawberry.field(
        default=None, description="The least that a period costs, one for each currency."
    )
    prices: list[PriceInput] = strawberry.field(description="What it costs.")
    entitlements: list[PlanEntitlementInput] = strawberry.field(description="What it gives.")

    def terms(self) -> Terms:
        return Terms(
            billing=self.billing or BillingMode.IN_ADVANCE,
            trial_days=self.trial_days or 0,
            prices=tuple(price.price() for price in self.prices),
            entitlements=tuple(given.given() for given in self.entitlements),
            minimum_spend=tuple(Money(money.amount, money.currency) for money in self.minimum_spend or ()),
        )
