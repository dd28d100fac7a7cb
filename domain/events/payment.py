"""Money that comes in and goes back, and what follows when none comes."""

from datetime import datetime

from domain.books.credit import Credit
from domain.books.payment import Allocation, FailureCode, Payment, Refund
from domain.events.event import Event


class PaymentRequested(Event, frozen=True, tag="payment.requested"):
    """The fact before the effect: the provider is asked under the payment's id, so asking again charges once."""

    payment: Payment


class PaymentNeedsAction(Event, frozen=True, tag="payment.needs_action"):
    """The customer is to confirm it. What they open is a secret of the provider's, who is asked for it when it is
    needed; old payloads have it as `action`, which is read over. `reference`: the provider's own of the payment, where
    it has one by then."""

    payment_id: str
    reference: str | None = None


class PaymentProcessing(Event, frozen=True, tag="payment.processing"):
    """The provider has it, under `reference`, and is asked again until a bank has answered, which takes days."""

    payment_id: str
    reference: str | None = None


class PaymentSucceeded(Event, frozen=True, tag="payment.succeeded"):
    """`allocations`: what it paid in the end; `credit`: what no invoice needed any more when it went through.
    `reference`: the provider's own."""

    payment_id: str
    allocations: tuple[Allocation, ...]
    reference: str | None = None
    credit: Credit | None = None


class PaymentFailed(Event, frozen=True, tag="payment.failed"):
    """`next_attempt_at`: when it is tried again; None: not by itself."""

    payment_id: str
    failure: FailureCode
    next_attempt_at: datetime | None = None


class PaymentRecorded(Event, frozen=True, tag="payment.recorded"):
    """Money that came in elsewhere. `credit`: what is above its invoices."""

    payment: Payment
    credit: Credit | None = None


class RefundRequested(Event, frozen=True, tag="refund.requested"):
    refund: Refund


class RefundSettled(Event, frozen=True, tag="refund.settled"):
    """It went through, or became `credit`."""

    refund_id: str
    payment_id: str
    credit: Credit | None = None


class RefundFailed(Event, frozen=True, tag="refund.failed"):
    refund_id: str
    payment_id: str
    failure: str


class BillingSuspended(Event, frozen=True, tag="billing.suspended"):
    """Dunning has come to its end for this invoice: no rights until everything overdue is paid."""

    invoice_id: str


class BillingRestored(Event, frozen=True, tag="billing.restored"):
    """Nothing is overdue any more."""
