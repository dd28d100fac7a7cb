"""A coupon that a customer redeemed, with its terms as they were then."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.coupon import Coupon


class Redemption(Struct, frozen=True, omit_defaults=True):
    """`left`: how many invoices it still lowers (None: all). `ended_at`: used up, removed or expired."""

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
