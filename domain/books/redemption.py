"""A coupon that a customer redeemed, with its terms as they were then."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from domain.coupon import Coupon
from domain.exact import ZERO
from domain.money import split


class Redemption(Struct, frozen=True, omit_defaults=True):
    """`left`: how many invoices it still lowers (None: all). `ended_at`: used up, or removed by hand."""

    id: str
    coupon: Coupon
    redeemed_at: datetime
    left: int | None = None
    subscription_id: str | None = None
    ended_at: datetime | None = None


class Discount(Struct, frozen=True):
    """What one redemption took off one invoice; a positive amount."""

    redemption_id: str
    code: str
    name: str
    amount: Decimal


class CouponShare(Struct, frozen=True):
    """What one redemption took off one line; below zero on a line that gives back."""

    redemption_id: str
    amount: Decimal


def part_of(shares: Sequence[CouponShare], total: Decimal, currency: str) -> tuple[CouponShare, ...]:
    """So much of them all, in proportion."""
    if not shares or not total:
        return ()
    parts = split(total, [share.amount for share in shares], currency)
    return tuple(CouponShare(share.redemption_id, part) for share, part in zip(shares, parts, strict=True) if part)


def less_shares(shares: Sequence[CouponShare], taken: Sequence[CouponShare]) -> tuple[CouponShare, ...]:
    """What is left of each."""
    gone = {share.redemption_id: share.amount for share in taken}
    left = (replace(share, amount=share.amount - gone.get(share.redemption_id, ZERO)) for share in shares)
    return tuple(share for share in left if share.amount)


def mirrored_shares(shares: Sequence[CouponShare]) -> tuple[CouponShare, ...]:
    """As they stand on a line that gives back, or there from here."""
    return tuple(replace(share, amount=-share.amount) for share in shares)
