"""Coupons, and who redeemed them."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.types.computed import computed
from api.types.node import Node
from api.types.values import Money
from domain.books.redemption import Redemption
from domain.coupon import Coupon as DomainCoupon


@strawberry.type(description="What takes a share or an amount off invoices: once, for some invoices, or always.")
class Coupon(Node):
    code: str = strawberry.field(description="What it is redeemed by.")
    name: str = strawberry.field(description="For people; invoices show it.")
    percent: Decimal | None = strawberry.field(description="What share it takes off, 0 to 100.")
    amount: Money | None = strawberry.field(description="Or how much.")
    periods: int | None = strawberry.field(
        description="How many invoices it lowers that begin a period (of a recurring fee; where none recurs, of "
        "usage): 1 is once; null: all."
    )
    plans: list[str] = strawberry.field(description="The keys of the plans whose lines it lowers; none: all lines.")
    redemptions_max: int | None = strawberry.field(description="How many customers can redeem it; null: all.")
    expires_at: datetime | None = strawberry.field(description="From this instant on it cannot be redeemed.")
    archived_at: datetime | None = strawberry.field(description="Since when it cannot be redeemed any more.")

    @classmethod
    def of(cls, coupon: DomainCoupon) -> "Coupon":
        """As the catalog has it, or as it was when it was redeemed."""
        return cls(
            id=strawberry.ID(coupon.id),
            code=coupon.code,
            name=coupon.name,
            percent=coupon.percent,
            amount=None if coupon.amount is None else Money.of(coupon.amount),
            periods=coupon.periods,
            plans=list(coupon.plans),
            redemptions_max=coupon.redemptions_max,
            expires_at=coupon.expires_at,
            archived_at=coupon.archived_at,
        )


@strawberry.type(description="A coupon in the hands of a customer.")
class CouponRedemption(Node):
    coupon: Coupon = strawberry.field(description="With its terms as they were when it was redeemed.")
    redeemed_at: datetime = strawberry.field(description="When.")
    subscription_id: strawberry.ID | None = strawberry.field(
        description="The only subscription whose lines it lowers; null: any."
    )
    invoices_left: int | None = strawberry.field(description="How many invoices it still lowers; null: all.")
    ended_at: datetime | None = strawberry.field(description="When it was used up or removed.")
    active: bool = strawberry.field(description="Whether it still lowers invoices.")

    def __init__(self, redemption: Redemption) -> None:
        self._redemption = redemption
        self.id = strawberry.ID(redemption.id)
        self.redeemed_at = redemption.redeemed_at
        subscription_id = redemption.subscription_id
        self.subscription_id = None if subscription_id is None else strawberry.ID(subscription_id)
        self.invoices_left = redemption.left
        self.ended_at = redemption.ended_at
        self.active = redemption.ended_at is None

    @classmethod
    def of(cls, redemption: Redemption) -> "CouponRedemption":
        """As it stands."""
        return cls(redemption)


computed(CouponRedemption, coupon=lambda self: Coupon.of(self._redemption.coupon))
