"""Plans as a client writes them, and the domain's terms that they mean."""

from decimal import Decimal

import strawberry

from api.scalars import JSON, Currency
from domain.catalog import BillingMode, ChargeModel, PlanEntitlement, Price, ProrationPolicy, Terms, Tier
from domain.money import Money
from domain.period import Cadence
from domain.policy import ChangeDay, ChangesBilled, ChangeTiming, Rounding, TrialUsage, ZeroUsage
from domain.tax import STANDARD_CATEGORY
from service.ids import new_id


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: Decimal = strawberry.field(description="In the currency's own unit: 12.50 is twelve and a half.")
    currency: Currency = strawberry.field(description="ISO 4217.")

    def money(self) -> Money:
        return Money(self.amount, self.currency)


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
    tax_category: str | None = strawberry.field(
        default=STANDARD_CATEGORY, description="Which of the seller's tax rates holds: small letters, digits, - or _."
    )
    rounding: Rounding | None = strawberry.field(
        default=Rounding.HALF_UP, description="How an exact amount becomes one with the currency's digits."
    )
    zero_usage: ZeroUsage | None = strawberry.field(
        default=ZeroUsage.CHARGED,
        description="For GRADUATED and VOLUME: the first tier's flat amount in a period without usage.",
    )
    change_day: ChangeDay | None = strawberry.field(
        default=ChangeDay.NEW, description="For BY_DAY: whose the day of a change is."
    )

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
            tax_category=STANDARD_CATEGORY if self.tax_category is None else self.tax_category,
            rounding=self.rounding or Rounding.HALF_UP,
            zero_usage=self.zero_usage or ZeroUsage.CHARGED,
            change_day=self.change_day or ChangeDay.NEW,
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
    trial_usage: TrialUsage | None = strawberry.field(
        default=TrialUsage.FREE, description="What becomes of usage during a trial."
    )
    upgrades: ChangeTiming | None = strawberry.field(
        default=ChangeTiming.NOW,
        description="When a move away from this plan to something dearer takes effect, unless the caller says: NOW or "
        "PERIOD_END.",
    )
    downgrades: ChangeTiming | None = strawberry.field(
        default=ChangeTiming.NOW, description="The same of a move to something cheaper."
    )
    changes_billed: ChangesBilled | None = strawberry.field(
        default=ChangesBilled.AT_ONCE, description="When the difference that a change makes is billed."
    )
    draft_hours: int | None = strawberry.field(
        default=1, description="How long a period's invoice stays a draft after its end, for late usage: up to 168."
    )
    prices: list[PriceInput] = strawberry.field(description="What it costs.")
    entitlements: list[PlanEntitlementInput] = strawberry.field(description="What it gives.")

    def terms(self) -> Terms:
        return Terms(
            billing=self.billing or BillingMode.IN_ADVANCE,
            trial_days=self.trial_days or 0,
            prices=tuple(price.price() for price in self.prices),
            entitlements=tuple(given.given() for given in self.entitlements),
            minimum_spend=tuple(least.money() for least in self.minimum_spend or ()),
            trial_usage=self.trial_usage or TrialUsage.FREE,
            upgrades=self.upgrades or ChangeTiming.NOW,
            downgrades=self.downgrades or ChangeTiming.NOW,
            changes_billed=self.changes_billed or ChangesBilled.AT_ONCE,
            draft_hours=1 if self.draft_hours is None else self.draft_hours,
        )
