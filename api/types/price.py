"""What something costs."""

from decimal import Decimal

import strawberry

from api.scalars import Currency
from api.types.computed import computed
from api.types.feature import Feature, Meter, feature_of_meter, meter_of
from api.types.node import Node
from domain import catalog as domain
from domain.period import Cadence
from domain.policy import ChangeDay, Rounding, ZeroUsage


@strawberry.type(description="One step of a graduated or volume price.")
class Tier:
    up_to: Decimal | None = strawberry.field(description="The last quantity in this tier, inclusive; null: no end.")
    unit_amount: Decimal = strawberry.field(description="For each unit in it.")
    flat_amount: Decimal = strawberry.field(description="Due once the tier is entered.")

    @classmethod
    def of(cls, tier: domain.Tier) -> "Tier":
        """As the price has it."""
        return cls(up_to=tier.up_to, unit_amount=tier.unit_amount, flat_amount=tier.flat_amount or Decimal(0))


@strawberry.type(description="One price of a plan version, or one that a subscription has in its place.")
class Price(Node):
    key: str = strawberry.field(description="Names the price within the plan.")
    model: domain.ChargeModel = strawberry.field(description="How the quantity becomes an amount.")
    cadence: Cadence = strawberry.field(description="How often it is charged.")
    currency: Currency = strawberry.field(description="ISO 4217.")
    tax_inclusive: bool = strawberry.field(description="Whether the amounts contain the tax.")
    unit_amount: Decimal | None = strawberry.field(
        description="FLAT: the fee; otherwise for each unit, seat or package. Up to 12 decimals."
    )
    percent: Decimal | None = strawberry.field(description="PERCENTAGE: of the metered value.")
    feature: Feature | None = strawberry.field(description="The feature that its meter limits, if there is one.")
    meter: Meter | None = strawberry.field(description="Whose usage is priced.")
    included: Decimal | None = strawberry.field(description="Units in each period that cost nothing.")
    tiers: list[Tier] = strawberry.field(description="GRADUATED and VOLUME: the tiers, ascending; the last is open.")
    package_size: Decimal | None = strawberry.field(description="PACKAGE: units in one package.")
    proration: domain.ProrationPolicy = strawberry.field(description="What a part of a period costs.")
    tax_category: str = strawberry.field(description="What it is taxed as; `standard` unless somebody said.")
    rounding: Rounding = strawberry.field(description="How a line's amount gets the currency's digits.")
    zero_usage: ZeroUsage = strawberry.field(description="Whether the first tier's flat fee is due without any usage.")
    change_day: ChangeDay = strawberry.field(description="BY_DAY: whose the day of a change is.")

    def __init__(self, catalog: domain.Catalog, price: domain.Price) -> None:
        self._catalog = catalog
        self._price = price
        self.id = strawberry.ID(price.id)
        self.key = price.key
        self.model = price.model
        self.cadence = price.cadence
        self.currency = Currency(price.currency)
        self.tax_inclusive = price.tax_inclusive
        self.unit_amount = price.unit_amount
        self.percent = price.percent
        self.included = price.included
        self.package_size = price.package_size
        self.proration = price.proration
        self.tax_category = price.tax_category
        self.rounding = price.rounding
        self.zero_usage = price.zero_usage
        self.change_day = price.change_day

    @classmethod
    def of(cls, catalog: domain.Catalog, price: domain.Price) -> "Price":
        """The price with its meter."""
        return cls(catalog, price)


computed(
    Price,
    feature=lambda self: feature_of_meter(self._catalog, self._price.meter_key),
    meter=lambda self: meter_of(self._catalog, self._price.meter_key),
    tiers=lambda self: [Tier.of(tier) for tier in self._price.tiers],
)
