"""A new subscription, as a client writes it."""

from datetime import datetime
from typing import ClassVar

import strawberry

from api.inputs.keyed import Keyed
from api.inputs.plans import PriceInput
from api.types.customer_ref import CustomerRef
from domain.catalog import Catalog
from domain.commands import Subscribe
from domain.coupon import Coupon
from domain.errors import ErrorCode, Refusal
from domain.period import Cadence
from service.ids import new_id


@strawberry.input(description="A new subscription.")
class SubscribeInput(Keyed):
    FIELDS: ClassVar = {"anchor": "billing_anchor", "overrides": "price_overrides"}

    customer: CustomerRef = strawberry.field(description="Whose.")
    plan: str = strawberry.field(description="The plan's key; its current version is bought.")
    cadence: Cadence | None = strawberry.field(
        default=None, description="In what rhythm; MONTH, or the shortest on offer, when left out."
    )
    quantity: int | None = strawberry.field(default=1, description="Seats.")
    start_at: datetime | None = strawberry.field(default=None, description="When it begins; now when left out.")
    billing_anchor: datetime | None = strawberry.field(
        default=None, description="Where its periods begin; its start, or the end of its trial, when left out."
    )
    trial_days: int | None = strawberry.field(
        default=None, description="Days of trial for this very subscription; the plan's rule when left out."
    )
    price_overrides: list[PriceInput] | None = strawberry.field(
        default=None, description="Prices that take the place of the plan's prices with the same key."
    )
    add_ons: list[str] | None = strawberry.field(default=None, description="Keys of plans added to it.")
    coupon: str | None = strawberry.field(
        default=None, description="The code of a coupon, which the customer redeems with it."
    )
    quote: str | None = strawberry.field(
        default=None, description="The token of a quote for this very input: it comes to that, or is refused as STALE."
    )

    def command(self, catalog: Catalog, since: datetime | None = None) -> Subscribe:
        """`since`: when it begins unless that is said. Raises Refusal."""
        coupon = self.redeems(catalog)
        return Subscribe(
            subscription_id=new_id("subscription"),
            plan=catalog.on_sale(self.plan, "plan"),
            quantity=1 if self.quantity is None else self.quantity,
            cadence=self.cadence,
            start_at=self.start_at or since,
            anchor=self.billing_anchor,
            trial_days=self.trial_days,
            overrides=tuple(price.price() for price in self.price_overrides or ()),
            add_ons=tuple(catalog.on_sale(key, "add_ons", str(i)) for i, key in enumerate(self.add_ons or ())),
            coupon=coupon,
            redemption_id=None if coupon is None else new_id("redemption"),
        )

    def redeems(self, catalog: Catalog) -> Coupon | None:
        """Raises Refusal."""
        return None if self.coupon is None else coupon_of(catalog, self.coupon)


def coupon_of(catalog: Catalog, code: str) -> Coupon:
    """Raises Refusal."""
    found = catalog.coupon(code)
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no coupon has this code", "coupon")
    return found
