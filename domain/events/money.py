"""What is billed, and what becomes of it: credit, coupons, ways to pay, payments, what a provider has."""

from datetime import date, datetime
from decimal import Decimal

from domain.books.credit import Burn, Credit
from domain.books.invoice import Adjustment, CreditNote, Instalment, Invoice, Item
from domain.books.line import Line
from domain.books.payment import Allocation, FailureCode, Method, Payment, Refund
from domain.books.redemption import Redemption
from domain.events.event import Event


# ── invoices ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class ItemAdded(Event, frozen=True, tag="invoice.item_added"):
    item: Item


class ItemRemoved(Event, frozen=True, tag="invoice.item_removed"):
    item_id: str


class LineAdjusted(Event, frozen=True, tag="invoice.line_adjusted"):
    """Of the draft. A later word on the same key takes the place of an earlier one."""

    adjustment: Adjustment


class InvoiceFinalized(Event, frozen=True, tag="invoice.finalized"):
    """`items`: the ids of those that are on it. `used`: the redemptions of which it used up one period."""

    invoice: Invoice
    items: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


class BillingClosed(Event, frozen=True, tag="billing.closed"):
    """What was due up to `until` needed no invoice: it came to nothing, or went back in credit notes."""

    until: datetime
    corrections_from: datetime


class ReturnsSetOff(Event, frozen=True, tag="billing.returns_set_off"):
    """What would go back by the rules, but was never paid, or given by hand before: `lines` of nothing, which no
    document needs to tell of. `calculated` says what they would have been."""

    lines: tuple[Line, ...]


class InvoiceVoided(Event, frozen=True, tag="invoice.voided"):
    """Nobody owes it. `returned`: credit it had used. `rebill`: what it billed counts as not billed."""

    invoice_id: str
    returned: tuple[Burn, ...] = ()
    rebill: bool = False


class InvoiceWrittenOff(Event, frozen=True, tag="invoice.written_off"):
    """Uncollectible: still owed, no longer expected."""

    invoice_id: str


class InstalmentsPlanned(Event, frozen=True, tag="invoice.instalments_planned"):
    invoice_id: str
    instalments: tuple[Instalment, ...]


class CreditNoteIssued(Event, frozen=True, tag="credit_note.issued"):
    note: CreditNote


# ── credit and coupons ────────────────────────────────────────────────────────────────────────────────────────────────
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


# ── ways to pay ───────────────────────────────────────────────────────────────────────────────────────────────────────
class MethodAdded(Event, frozen=True, tag="payment_method.added"):
    """`default`: charged from now on."""

    method: Method
    default: bool = True


class MethodRemoved(Event, frozen=True, tag="payment_method.removed"):
    method_id: str


class MethodUpdated(Event, frozen=True, tag="payment_method.updated"):
    """As the provider now has it."""

    method_id: str
    label: str
    expires: date | None = None


class MethodDefaulted(Event, frozen=True, tag="payment_method.defaulted"):
    method_id: str


# ── payments and refunds ──────────────────────────────────────────────────────────────────────────────────────────────
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


# ── what a provider has of the customer ───────────────────────────────────────────────────────────────────────────────
class ProviderLinked(Event, frozen=True, tag="provider.linked"):
    """The provider knows the customer, by the anonymous id and nothing else, under this reference."""

    provider: str
    reference: str


class ProviderUnlinked(Event, frozen=True, tag="provider.unlinked"):
    """The provider's record is gone: deleted there, or by us when the customer was erased."""

    provider: str


class ProviderDrifted(Event, frozen=True, tag="provider.drifted"):
    """Where the provider's record and ours differ, as of the last comparison; none: they agree again."""

    provider: str
    drift: tuple[str, ...] = ()


MoneyEvent = (
    ItemAdded
    | ItemRemoved
    | LineAdjusted
    | InvoiceFinalized
    | BillingClosed
    | ReturnsSetOff
    | InvoiceVoided
    | InvoiceWrittenOff
    | InstalmentsPlanned
    | CreditNoteIssued
    | CreditGranted
    | CreditVoided
    | CreditExpired
    | CreditApplied
    | CouponRedeemed
    | CouponRemoved
    | MethodAdded
    | MethodRemoved
    | MethodDefaulted
    | MethodUpdated
    | PaymentRequested
    | PaymentNeedsAction
    | PaymentProcessing
    | PaymentSucceeded
    | PaymentFailed
    | PaymentRecorded
    | RefundRequested
    | RefundSettled
    | RefundFailed
    | BillingSuspended
    | BillingRestored
    | ProviderLinked
    | ProviderUnlinked
    | ProviderDrifted
)
