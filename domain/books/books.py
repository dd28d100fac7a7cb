"""The books of one customer: all that is decided on about their money, folded from the events of their stream."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.books.billed import Billed
from domain.books.credit import Credit
from domain.books.invoice import Adjustment, InvoiceStatus, Item, Receivable
from domain.books.payment import Method, Payment
from domain.books.redemption import Redemption
from domain.books.segment import BillingSegment
from domain.exact import ZERO, exact_sum


class ProviderLink(Struct, frozen=True, omit_defaults=True):
    """The customer at a payment provider: `reference` is its own name of them. `drift`: where its record and ours
    differ, in words for support."""

    reference: str
    linked_at: datetime
    drift: tuple[str, ...] = ()


_STORED_AS = {"segments": "stretches", "invoice_count": "made", "credit_note_count": "noted"}
"""What stored books call the attributes that have other names by now."""


class Books(Struct, frozen=True, omit_defaults=True, rename=_STORED_AS.get):
    """`billed_until`: everything due up to then was billed; what ended before `closed_until` is not looked at any more.
    `bill_at`: a change of that instant is to be billed at once. `once` names the one-time prices that were charged.
    The ids of invoices and credit notes follow from `invoice_count` and `credit_note_count`."""

    segments: tuple[BillingSegment, ...] = ()
    once: tuple[str, ...] = ()
    billed: dict[str, Billed] = {}
    billed_until: datetime | None = None
    closed_until: datetime | None = None
    bill_at: datetime | None = None
    items: tuple[Item, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    invoice_count: int = 0
    credit_note_count: int = 0
    receivables: dict[str, Receivable] = {}
    credits: dict[str, Credit] = {}
    redemptions: tuple[Redemption, ...] = ()
    payments: dict[str, Payment] = {}
    methods: tuple[Method, ...] = ()
    default_method_id: str | None = None
    links: dict[str, ProviderLink] = {}  # by provider

    @property
    def open(self) -> Sequence[Receivable]:
        """What is owed, oldest first."""
        owed = (receivable for receivable in self.receivables.values() if receivable.due > 0)
        return sorted(owed, key=lambda receivable: (receivable.due_at, receivable.issued_at, receivable.id))

    def overpaid(self, owed: Receivable, note_total: Decimal) -> Decimal:
        """What of an invoice's money a credit note over `note_total` leaves without a purpose: what was paid and has
        not gone back (as credit of earlier notes, or in refunds), above what the invoice still stands for. So a note
        that documents an earlier refund gives nothing a second time. Nobody pays the rest of an invoice written off."""
        gone = owed.returned
        for payment in self.payments.values():
            refunds = (refund for refund in payment.refunds if refund.failure is None)
            left = exact_sum(refund.amount - refund.from_credit for refund in refunds)
            for allocation in payment.allocations:  # a payment's refunds count against its invoices in their order
                part = min(left, allocation.amount)
                left -= part
                gone += part if allocation.invoice_id == owed.id else ZERO
        lost = owed.unpaid if owed.closed is InvoiceStatus.UNCOLLECTIBLE else ZERO
        return max(ZERO, owed.paid - gone - max(ZERO, owed.total - owed.noted - note_total - lost))

    @property
    def method(self) -> Method | None:
        """The payment method that is charged unless another is named."""
        return next(
            (method for method in self.methods if method.id == self.default_method_id and method.removed_at is None),
            None,
        )
