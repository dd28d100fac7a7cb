"""What lowers or settles an invoice without a payment: credit and coupons."""

from decimal import Decimal

from msgspec import Struct

from domain.books.credit import Credit
from domain.coupon import Coupon


class GrantCredit(Struct, frozen=True):
    credit: Credit


class VoidCredit(Struct, frozen=True):
    """`amount` None: all that remains."""

    credit_id: str
    amount: Decimal | None = None


class RedeemCoupon(Struct, frozen=True):
    coupon: Coupon
    redemption_id: str
    subscription_id: str | None = None


class RemoveCoupon(Struct, frozen=True):
    redemption_id: str
