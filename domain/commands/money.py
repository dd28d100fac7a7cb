"""What is billed, and what becomes of it: credit, coupons, ways to pay, payments, what a provider has."""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from domain.books.credit import Credit
from domain.books.invoice import Adjustment, Instalment, Item
from domain.books.line import Line
from domain.books.payment import Allocation, FailureCode, Method, RefundTarget
from domain.coupon import Coupon


# ── invoices ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class AddItem(Struct, frozen=True):
    """`at_once`: on an invoice of its own, now."""

    item: Item
    at_once: bool = False


class RemoveItem(Struct, frozen=True):
    item_id: str


class AdjustLine(Struct, frozen=True):
    """`draft_id`: of the draft that the caller saw; refused if that is final by now."""

    draft_id: str
    adjustment: Adjustment


class FinalizeInvoice(Struct, frozen=True):
    """Close the draft now. `draft_id` as the caller saw it."""

    draft_id: str


class VoidInvoice(Struct, frozen=True):
    invoice_id: str
    rebill: bool = False


class WriteOffInvoice(Struct, frozen=True):
    invoice_id: str


class IssueCreditNote(Struct, frozen=True):
    """`amounts`: by line id, before tax (with it where the price contains it); None: all that is left of the
    invoice. `lines`: the invoice's own, for the words of the note's; they are final, so they can be read before."""

    invoice_id: str
    reason: str
    amounts: dict[str, Decimal] | None = None
    lines: tuple[Line, ...] = ()


class PlanInstalments(Struct, frozen=True):
    invoice_id: str
    instalments: tuple[Instalment, ...]


# ── credit and coupons ────────────────────────────────────────────────────────────────────────────────────────────────
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


# ── ways to pay ───────────────────────────────────────────────────────────────────────────────────────────────────────
class AddMethod(Struct, frozen=True):
    method: Method
    default: bool = True


class RemoveMethod(Struct, frozen=True):
    method_id: str


class DefaultMethod(Struct, frozen=True):
    method_id: str


class UpdateMethod(Struct, frozen=True):
    """What the provider now says of it, as when a bank has renewed a card."""

    method_id: str
    label: str
    expires: date | None = None


# ── payments and refunds ──────────────────────────────────────────────────────────────────────────────────────────────
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


# ── what a provider has of the customer ───────────────────────────────────────────────────────────────────────────────
class LinkProvider(Struct, frozen=True):
    provider: str
    reference: str


class UnlinkProvider(Struct, frozen=True):
    provider: str


class NoteDrift(Struct, frozen=True):
    """What a comparison with the provider found: all of it; or, with `about`, what it found of these things. Words on
    drift then begin with the thing's name and a colon; what was said of other things stays."""

    provider: str
    drift: tuple[str, ...] = ()
    about: tuple[str, ...] | None = None


ProviderCommand = LinkProvider | UnlinkProvider | NoteDrift


MoneyCommand = (
    AddItem
    | RemoveItem
    | AdjustLine
    | FinalizeInvoice
    | VoidInvoice
    | WriteOffInvoice
    | IssueCreditNote
    | GrantCredit
    | VoidCredit
    | RedeemCoupon
    | RemoveCoupon
    | AddMethod
    | RemoveMethod
    | DefaultMethod
    | UpdateMethod
    | PayInvoice
    | RecordPayment
    | SettlePayment
    | NoteProcessing
    | RefundPayment
    | SettleRefund
    | RecordRefund
    | PlanInstalments
    | ProviderCommand
)
