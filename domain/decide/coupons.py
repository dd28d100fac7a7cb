"""Coupons in the hands of a customer: each is redeemed once, and lowers invoices from then on.

How many customers redeem one is counted across accounts, in the transaction that records it: see
`adapters.postgres.coupon_counts`.
"""

from collections.abc import Sequence
from datetime import datetime

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.books.redemption import Redemption
from domain.coupon import Coupon
from domain.errors import ErrorCode, Refusal

REDEMPTIONS_MAX = 50
"""Running ones of one customer: each is looked at for every invoice."""


def decide_coupon(
    account: Account, command: c.RedeemCoupon | c.RemoveCoupon, at: datetime
) -> Sequence[e.CouponRedeemed | e.CouponRemoved]:
    """Raises Refusal."""
    match command:
        case c.RedeemCoupon(coupon=coupon, redemption_id=id, subscription_id=subscription_id):
            if subscription_id is not None:
                _check_subscription(account, subscription_id)
            return [e.CouponRedeemed(redemption(account, coupon, id, at, subscription_id))]
        case c.RemoveCoupon(redemption_id=id):
            found = next((redemption for redemption in account.books.redemptions if redemption.id == id), None)
            if found is None:
                raise Refusal(ErrorCode.NOT_FOUND, "no such redemption", "redemption_id")
            return [] if found.ended_at is not None else [e.CouponRemoved(id)]


def redemption(
    account: Account, coupon: Coupon, id: str, at: datetime, subscription_id: str | None = None
) -> Redemption:
    """The coupon as redeemed at `at`, with all of its periods before it, however long the customer has been there
    (Polar #8827). Any customer may redeem a coupon for certain plans: it waits for such lines. Raises Refusal."""
    assert account.customer is not None
    if coupon.archived_at is not None:
        raise Refusal(ErrorCode.CONFLICT, f"coupon {coupon.code} is archived", "coupon")
    if coupon.expires_at is not None and coupon.expires_at <= at:
        raise Refusal(ErrorCode.CONFLICT, f"coupon {coupon.code} expired on {coupon.expires_at.isoformat()}", "coupon")
    if any(redemption.coupon.code == coupon.code for redemption in account.books.redemptions):
        raise Refusal(
            ErrorCode.ALREADY_EXISTS, f"coupon {coupon.code} was redeemed before; each customer can once", "coupon"
        )
    currency = account.customer.currency
    if coupon.amount is not None and coupon.amount.currency != currency:
        raise Refusal(
            ErrorCode.CURRENCY_MISMATCH,
            f"coupon {coupon.code} takes off {coupon.amount.currency}, the customer is billed in {currency}",
            "coupon",
        )
    if sum(redemption.ended_at is None for redemption in account.books.redemptions) >= REDEMPTIONS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {REDEMPTIONS_MAX} running coupons a customer", "coupon")
    return Redemption(id, coupon, at, coupon.periods, subscription_id)


def _check_subscription(account: Account, subscription_id: str) -> None:
    subscription = account.subscription(subscription_id)
    if subscription is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such subscription", "subscription_id")
    if subscription.ended_at is not None:
        raise Refusal(ErrorCode.CONFLICT, f"subscription {subscription.id} has ended", "subscription_id")
