"""What lowers or settles an invoice without a payment: credit and coupons."""

from decimal import Decimal

from domain.books.credit import Burn, Credit
from domain.books.redemption import Redemption
from domain.events.event import Event


class CreditGranted(Event, frozen=True, tag="credit.granted"):
    credit: Credit


class CreditVoided(Event, frozen=True, tag="credit.voided"):
    """`amount` of what remained was taken back."""

    credit_id: str
    amount: Decimal


class CreditExpired(Event, frozen=True, tag="credit.expired"):
    credit_id: str
    amount: Decimal


class CreditApplied(Event, frozen=True, tag="credit.applied"):
    """Prepaid credit that settled an invoice, like a payment."""

    invoice_id: str
    burns: tuple[Burn, ...]


class CouponRedeemed(Event, frozen=True, tag="coupon.redeemed"):
    redemption: Redemption


class CouponRemoved(Event, frozen=True, tag="coupon.removed"):
    redemption_id: str
