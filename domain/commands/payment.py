"""Money that comes in and goes back: to ask for it, and what was answered."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.books.payment import Allocation, FailureCode, RefundTarget


class PayInvoice(Struct, frozen=True):
    """`method_id` None: the default one. `amount` None: all that is owed."""

    payment_id: str
    invoice_id: str
    method_id: str | None = None
    amount: Decimal | None = None


class RecordPayment(Struct, frozen=True):
    """Money that came in elsewhere. `allocations` (invoice, amount) as told; `invoice_ids`: as far as it goes, in this
    order; neither: the oldest first. What is left over becomes credit."""

    payment_id: str
    amount: Decimal
    currency: str
    reference: str | None = None
    allocations: tuple[Allocation, ...] = ()
    invoice_ids: tuple[str, ...] = ()
    received_at: datetime | None = None


class SettlePayment(Struct, frozen=True):
    """What the provider answered. `failure` None: it went through; ACTION_REQUIRED: the customer is to confirm it.
    `reference`: the provider's own, also of one that is to be confirmed, where it has one by then."""

    payment_id: str
    failure: FailureCode | None = None
    reference: str | None = None


class NoteProcessing(Struct, frozen=True):
    """The provider has it, under `reference`, and it takes days, as a bank debit does."""

    payment_id: str
    reference: str | None


class RefundPayment(Struct, frozen=True):
    """`amount` None: all that is left."""

    refund_id: str
    payment_id: str
    amount: Decimal | None = None
    to: RefundTarget = RefundTarget.METHOD
    reason: str | None = None


class SettleRefund(Struct, frozen=True):
    refund_id: str
    payment_id: str
    failure: str | None = None


class RecordRefund(Struct, frozen=True):
    """Money that the provider has given back without being asked by us: in its dashboard, or by a dispute that was
    lost. `reference`: the provider's own. Recording it again changes nothing."""

    refund_id: str
    payment_id: str
    amount: Decimal
    reference: str
    reason: str
