"""Payments, in our own words: whoever collects them is behind a port that speaks these."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from domain.books.credit import Burn
from domain.exact import ZERO

MANUAL = "manual"
"""The provider of money that came in elsewhere, as by bank transfer, and was recorded by staff."""

NOBODY = "none"
"""The provider of an attempt that had nobody to ask: there was no usable method."""


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"


class FailureCode(StrEnum):
    """Why a payment failed, and so what to do: wait and try again, ask for another method, or ask the customer to
    act."""

    DECLINED = "DECLINED"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    METHOD_EXPIRED = "METHOD_EXPIRED"
    METHOD_REFUSED = "METHOD_REFUSED"  # lost, stolen, closed: no retry will help
    ACTION_REQUIRED = "ACTION_REQUIRED"  # 3-D Secure and the like
    NO_METHOD = "NO_METHOD"
    PROVIDER_ERROR = "PROVIDER_ERROR"
    NOT_NEEDED = "NOT_NEEDED"  # never charged: what it was for had been settled meanwhile


class RefundTarget(StrEnum):
    METHOD = "METHOD"
    CREDIT = "CREDIT"


class Allocation(Struct, frozen=True):
    invoice_id: str
    amount: Decimal


class Refund(Struct, frozen=True, omit_defaults=True):
    """`settled_at` None: asked for, and not yet known to have gone through. `credit_id`: the credit it became. `taken`:
    the credit that the payment had brought and the refund took back; it accounts for `from_credit` of the amount.
    `reference`: the provider's own, of one that was not asked for here: given back in its dashboard, or by a dispute
    that was lost."""

    id: str
    payment_id: str
    amount: Decimal
    to: RefundTarget
    created_at: datetime
    reason: str | None = None
    settled_at: datetime | None = None
    failure: str | None = None
    credit_id: str | None = None
    from_credit: Decimal = ZERO
    taken: tuple[Burn, ...] = ()
    reference: str | None = None


class Payment(Struct, frozen=True, omit_defaults=True):
    """`allocations` say which invoices it pays; what is above them (`to_credit`) becomes prepaid credit.
    `reference`: the bank's or the provider's own, which may be known before it is settled. `attempt` counts automatic
    tries for the same invoice from 0; `by_hand`: somebody asked for it, so that its failure is no step of dunning."""

    id: str
    amount: Decimal
    currency: str
    provider: str
    created_at: datetime
    allocations: tuple[Allocation, ...] = ()
    to_credit: Decimal = ZERO
    method_id: str | None = None
    reference: str | None = None
    attempt: int = 0
    settled_at: datetime | None = None
    failure: FailureCode | None = None
    refunds: tuple[Refund, ...] = ()
    action_since: datetime | None = None  # since when the customer is to confirm it; what they open is kept nowhere
    by_hand: bool = False
    processing_since: datetime | None = None  # since when it is under way at a bank, which takes days

    @property
    def waiting(self) -> bool:
        """Whether the customer is to confirm it before it goes on."""
        return self.settled_at is None and self.action_since is not None

    @property
    def refunded(self) -> Decimal:
        return sum((refund.amount for refund in self.refunds if refund.failure is None), ZERO)

    @property
    def status(self) -> PaymentStatus:
        if self.failure is not None and self.settled_at is not None:
            return PaymentStatus.FAILED
        if self.settled_at is None:
            return PaymentStatus.PENDING
        if not self.refunded:
            return PaymentStatus.SUCCEEDED
        return PaymentStatus.REFUNDED if self.refunded >= self.amount else PaymentStatus.PARTIALLY_REFUNDED


class Method(Struct, frozen=True, omit_defaults=True):
    """A way to pay that the provider keeps; `token` is its name there and opens nothing by itself."""

    id: str
    provider: str
    token: str
    kind: str
    label: str
    added_at: datetime
    expires: date | None = None
    removed_at: datetime | None = None
