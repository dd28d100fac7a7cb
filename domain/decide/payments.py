"""Payments: asked for by hand, recorded by staff, and settled by what the provider answered."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.books import Books
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import Receivable
from domain.books.payment import MANUAL, Allocation, FailureCode, Method, Payment
from domain.decide.credits import check_amount
from domain.decide.instalments import instalments_planned
from domain.decide.methods import decide_method, live_method
from domain.decide.refunds import record_refund, refund, settle_refund
from domain.dunning import at_provider, failed, pending_payment
from domain.errors import ErrorCode, Refusal, invalid
from domain.exact import ZERO, exact_sum
from domain.identity import derived_id
from domain.money import is_currency
from domain.wording import check_length

ALLOCATIONS_MAX = 100
REFERENCE_CHARS_MAX = 200

PaymentCommand = (
    c.AddMethod
    | c.RemoveMethod
    | c.DefaultMethod
    | c.UpdateMethod
    | c.PayInvoice
    | c.RecordPayment
    | c.SettlePayment
    | c.NoteProcessing
    | c.RefundPayment
    | c.SettleRefund
    | c.RecordRefund
    | c.PlanInstalments
)


def decide_payment(account: Account, command: PaymentCommand, at: datetime) -> Sequence[e.AccountEvent]:
    """Raises Refusal."""
    match command:
        case c.AddMethod() | c.RemoveMethod() | c.DefaultMethod() | c.UpdateMethod():
            return decide_method(account, command, at)
        case c.PayInvoice():
            return [e.PaymentRequested(_asked_for(account.books, command, at))]
        case c.RecordPayment():
            return [_recorded(account.books, command, at)]
        case c.SettlePayment():
            return _settled(account, command, at)
        case c.NoteProcessing():
            return _processing(_known(account.books, command.payment_id), command)
        case c.RefundPayment():
            return refund(account.books, command, at)
        case c.SettleRefund():
            return settle_refund(account.books, command, at)
        case c.RecordRefund():
            return record_refund(account.books, command, at)
        case c.PlanInstalments():
            return [instalments_planned(account.books, command, at)]


# ── asked for ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _asked_for(books: Books, command: c.PayInvoice, at: datetime) -> Payment:
    """Of an invoice that is open, or was written off: what is owed may be paid. One charge at a time: while a payment
    is under way another is refused (Lago #5708, Polar #10653)."""
    owed = _payable(books, command.invoice_id, "invoice_id")
    if (other := pending_payment(books, owed.id)) is not None:
        waits = "waits for the customer's confirmation" if other.waiting else "is under way"
        raise Refusal(ErrorCode.CONFLICT, f"payment {other.id} of this invoice {waits}", "invoice_id")
    amount = owed.unpaid
    if command.amount is not None:
        amount = check_amount(command.amount, owed.currency, "amount")
        if amount > owed.unpaid:
            raise invalid(f"must be at most the {owed.unpaid:f} that is due", "amount")
    method = _method(books, command.method_id)
    return Payment(
        id=command.payment_id,
        amount=amount,
        currency=owed.currency,
        provider=method.provider,
        created_at=at,
        allocations=(Allocation(owed.id, amount),),
        method_id=method.id,
        by_hand=True,
    )


def _method(books: Books, id: str | None) -> Method:
    if id is not None:
        return live_method(books, id)
    if books.method is None:
        raise Refusal(ErrorCode.PAYMENT_REQUIRED, "there is no payment method yet", "method_id")
    return books.method


def _payable(books: Books, invoice_id: str, *field: str) -> Receivable:
    owed = books.receivables.get(invoice_id)
    if owed is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such final invoice", *field)
    if not owed.unpaid:
        raise Refusal(ErrorCode.CONFLICT, f"nothing is due on invoice {owed.number}: it is {owed.status}", *field)
    return owed


# ── recorded by staff ────────────────────────────────────────────────────────────────────────────────────────────────
def _recorded(books: Books, command: c.RecordPayment, at: datetime) -> e.PaymentRecorded:
    """Money is written down as it came, also above what is owed: the rest becomes credit."""
    if command.payment_id in books.payments:
        raise Refusal(ErrorCode.ALREADY_EXISTS, "the payment is recorded already", "payment_id")
    if not is_currency(command.currency):
        raise invalid(f"{command.currency} is not an ISO 4217 currency", "currency")
    amount = check_amount(command.amount, command.currency, "amount")
    check_length(command.reference, REFERENCE_CHARS_MAX, "reference")
    if command.received_at is not None and command.received_at > at:
        raise invalid("must not lie in the future", "received_at")
    if command.allocations and command.invoice_ids:
        raise invalid("allocations and invoiceIds exclude each other", "invoice_ids")
    if command.allocations:
        allocations = tuple(_as_told(books, command, amount))
    else:
        allocations = tuple(_as_far_as_it_goes(books, command, amount))
    rest = amount - exact_sum(allocation.amount for allocation in allocations)
    payment = Payment(
        id=command.payment_id,
        amount=amount,
        currency=command.currency,
        provider=MANUAL,
        created_at=at,
        allocations=allocations,
        to_credit=rest,
        reference=command.reference,
        settled_at=command.received_at or at,
        by_hand=True,
    )
    return e.PaymentRecorded(payment, _left_over(payment, rest, at))


def _as_told(books: Books, command: c.RecordPayment, amount: Decimal) -> Iterator[Allocation]:
    _check_several([allocation.invoice_id for allocation in command.allocations], "allocations", "invoice_id")
    if exact_sum(allocation.amount for allocation in command.allocations) > amount:
        raise invalid(f"come to more than the {amount:f} that was paid", "allocations")
    for index, allocation in enumerate(command.allocations):
        where = ("allocations", str(index))
        owed = _payable_with(books, allocation.invoice_id, command.currency, *where, "invoice_id")
        part = check_amount(allocation.amount, command.currency, *where, "amount")
        if part > owed.unpaid:
            raise invalid(f"must be at most the {owed.unpaid:f} that is due", *where, "amount")
        yield Allocation(owed.id, part)


def _as_far_as_it_goes(books: Books, command: c.RecordPayment, amount: Decimal) -> Iterator[Allocation]:
    """Over the named invoices in their order; else over the open ones, the oldest first, without what a payment at its
    provider is about to pay. What waits for the customer may never come."""
    if command.invoice_ids:
        _check_several(command.invoice_ids, "invoice_ids")
        named = enumerate(command.invoice_ids)
        wanted = [
            (owed.id, owed.unpaid)
            for index, id in named
            for owed in (_payable_with(books, id, command.currency, "invoice_ids", str(index)),)
        ]
    else:
        wanted = [
            (owed.id, owed.due - _on_its_way(books, owed.id))
            for owed in books.open
            if owed.currency == command.currency
        ]
    for id, due in wanted:
        part = min(due, amount)
        if part > 0:
            amount -= part
            yield Allocation(id, part)


def _on_its_way(books: Books, invoice_id: str) -> Decimal:
    payment = at_provider(books, invoice_id)
    return ZERO if payment is None else payment.amount


def _payable_with(books: Books, invoice_id: str, currency: str, *field: str) -> Receivable:
    owed = _payable(books, invoice_id, *field)
    if owed.currency != currency:
        raise Refusal(ErrorCode.CURRENCY_MISMATCH, f"invoice {owed.number} is in {owed.currency}", *field)
    return owed


def _check_several(ids: Sequence[str], name: str, *last: str) -> None:
    if len(ids) > ALLOCATIONS_MAX:
        raise Refusal(ErrorCode.LIMIT_REACHED, f"at most {ALLOCATIONS_MAX} invoices a payment", name)
    for index, id in enumerate(ids):
        if id in ids[:index]:
            raise invalid("stands twice", name, str(index), *last)


# ── settled ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _settled(account: Account, command: c.SettlePayment, at: datetime) -> Sequence[e.AccountEvent]:
    """In whatever order and however often answers arrive, the first success counts, and it overrules every failure:
    the money is there. Without one the first failure counts."""
    payment = _known(account.books, command.payment_id)
    open = payment.settled_at is None
    if command.failure is FailureCode.ACTION_REQUIRED:
        return [e.PaymentNeedsAction(payment.id, command.reference)] if open and not payment.waiting else []
    if command.failure is not None:
        return [failed(account, payment, command.failure, at)] if open else []
    return [_succeeded(account.books, payment, command, at)] if open or payment.failure is not None else []


def _processing(payment: Payment, command: c.NoteProcessing) -> Sequence[e.AccountEvent]:
    """Once; and again only if the customer has confirmed it since, or the provider has another name for it."""
    known = payment.processing_since is not None and not payment.waiting and payment.reference == command.reference
    return [] if known or payment.settled_at is not None else [e.PaymentProcessing(payment.id, command.reference)]


def _known(books: Books, payment_id: str) -> Payment:
    payment = books.payments.get(payment_id)
    if payment is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such payment", "payment_id")
    return payment


def _succeeded(books: Books, payment: Payment, command: c.SettlePayment, at: datetime) -> e.PaymentSucceeded:
    """It pays what is still unpaid of its invoices; what they do not need any more becomes credit."""
    bounded = (
        replace(allocation, amount=min(allocation.amount, books.receivables[allocation.invoice_id].unpaid))
        for allocation in payment.allocations
    )
    allocations = tuple(allocation for allocation in bounded if allocation.amount)
    rest = payment.amount - exact_sum(allocation.amount for allocation in allocations)
    return e.PaymentSucceeded(payment.id, allocations, command.reference, _left_over(payment, rest, at))


def _left_over(payment: Payment, amount: Decimal, at: datetime) -> Credit | None:
    if not amount:
        return None
    id = derived_id("credit", at, payment.id)
    return Credit(id, CreditKind.PREPAID, payment.currency, amount, amount, "paid in excess", at, source=payment.id)
