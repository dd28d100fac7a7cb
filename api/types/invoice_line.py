"""Lines of invoices, credit notes and quotes."""

from decimal import Decimal
from typing import Annotated

import strawberry

from api.context import Info
from api.types.computed import computed
from api.types.connection import Connection
from api.types.price import Price
from api.types.usage import UsageEvent
from api.types.usage_events import events_connection
from api.types.values import Money, Period
from domain import money
from domain.books.line import Line, LineKind, Step
from domain.catalog import Catalog

_ITEM = "item/"


@strawberry.type(
    description="One figure on the way to an amount: the quantity times the rate, exact unless the label says how it "
    "was rounded. The amounts of a line's steps add up to what it comes to before it is rounded."
)
class DerivationStep:
    label: str = strawberry.field(description="What this step is.")
    quantity: Decimal = strawberry.field(description="How much of it.")
    rate: Decimal = strawberry.field(description="For one.")
    amount: Decimal = strawberry.field(description="What it comes to, not rounded.")

    @classmethod
    def of(cls, step: Step) -> "DerivationStep":
        """As it was worked out."""
        return cls(label=step.label, quantity=step.quantity, rate=step.rate, amount=step.amount)


@strawberry.type(description="One amount, with every figure on the way to it.")
class InvoiceLine:
    id: strawberry.ID = strawberry.field(description="Names the line; of a draft it is kept when it becomes final.")
    kind: LineKind = strawberry.field(description="What it charges for.")
    description: str = strawberry.field(description="For people.")
    quantity: Decimal = strawberry.field(description="How much.")
    unit_amount: Decimal | None = strawberry.field(description="For one, where there is a single such figure.")
    amount: Money = strawberry.field(
        description="What it comes to, before coupons, promotional credit and added tax; below 0 where it gives back."
    )
    calculated: Money | None = strawberry.field(
        description="What the rules came to, where support put another amount in its place."
    )
    discount: Money = strawberry.field(description="Its share of what coupons took off.")
    credit: Money = strawberry.field(description="Its share of promotional credit.")
    tax_rate: Decimal | None = strawberry.field(
        description="In percent; null where it was not taxed, as in a simulation."
    )
    period: Period | None = strawberry.field(description="When what it charges for is provided; null: at one instant.")
    price: Price | None = strawberry.field(description="By which price; null: by none, as something put there by hand.")
    subscription_id: strawberry.ID | None = strawberry.field(description="For which subscription.")
    item_id: strawberry.ID | None = strawberry.field(description="ITEM and CREDIT: the id of what was put there.")
    derivation: list[DerivationStep] = strawberry.field(
        description="Tiers, share of the period, included units: every figure on the way to the amount."
    )

    def __init__(self, catalog: Catalog, line: Line, currency: str, customer_id: str | None) -> None:
        self._catalog = catalog
        self._line = line
        self._currency = currency
        self._customer_id = customer_id
        self.id = strawberry.ID(line.id)
        self.kind = line.kind
        self.description = line.description
        self.quantity = line.quantity
        self.unit_amount = line.unit_amount
        self.tax_rate = None if line.treatment is None else line.treatment.percent
        self.subscription_id = None if line.subscription_id is None else strawberry.ID(line.subscription_id)
        self.item_id = strawberry.ID(line.key.removeprefix(_ITEM)) if line.key.startswith(_ITEM) else None

    @classmethod
    def of(cls, catalog: Catalog, line: Line, currency: str, customer_id: str | None = None) -> "InvoiceLine":
        """`customer_id`: whose usage it may have counted; None: nobody's, as in a simulation."""
        return cls(catalog, line, currency, customer_id)

    @strawberry.field(
        description="The single events behind a line of usage, by time, corrections among them, as long as they are "
        "kept. Those of late arrival are there, too, though a later invoice charges for them. Null: it is no line of "
        "usage."
    )
    async def usage_events(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most this many; 1 to 100, required.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[UsageEvent] | None:
        line = self._line
        key = None if line.price is None else line.price.meter_key
        meter = None if key is None else self._catalog.meter(key)
        if self._customer_id is None or meter is None or line.usage is None:
            return None
        return await events_connection(info.context, self._customer_id, meter, line.usage, first, after)

    def _money(self, amount: Decimal) -> Money:
        return Money.of(money.Money(amount, self._currency))


computed(
    InvoiceLine,
    amount=lambda self: self._money(self._line.amount),
    calculated=lambda self: None if self._line.calculated is None else self._money(self._line.calculated),
    discount=lambda self: self._money(self._line.discount),
    credit=lambda self: self._money(self._line.credit),
    period=lambda self: Period.of(self._line.period) if self._line.period.start < self._line.period.end else None,
    price=lambda self: None if self._line.price is None else Price.of(self._catalog, self._line.price),
    derivation=lambda self: [DerivationStep.of(step) for step in self._line.steps],
)
