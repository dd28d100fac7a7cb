"""The fold of money events into the books, each to the file of its subject, and what rights have to know of them."""

from datetime import datetime

from msgspec.structs import replace

from domain import events as e
from domain.account import Account
from domain.books import Books
from domain.books.books import ProviderLink
from domain.books.payment import Allocation
from domain.evolve.billed import with_set_off
from domain.evolve.corrections import credit_note_issued, invoice_voided, invoice_written_off
from domain.evolve.entries import with_burned, with_credit, with_owed, with_paid, with_payment, with_refund
from domain.evolve.invoices import billing_closed, invoice_finalized
from domain.evolve.owing import owing, prepaid
from domain.evolve.payments import payment_failed, payment_succeeded
from domain.exact import ZERO, exact_sum


def evolve_money(account: Account, event: e.MoneyEvent, at: datetime) -> Account:
    books = _books(account.books, event, at)
    suspended_at = account.owing.suspended_at
    if isinstance(event, e.BillingSuspended):
        suspended_at = at
    elif isinstance(event, e.BillingRestored):
        suspended_at = None
    owed, left = account.owing, account.prepaid
    if books.receivables is not account.books.receivables or suspended_at != owed.suspended_at:
        owed = owing(books, suspended_at)
    if books.credits is not account.books.credits:
        left = prepaid(books)
    return replace(account, books=books, owing=owed, prepaid=left)


def _books(books: Books, event: e.MoneyEvent, at: datetime) -> Books:
    match event:
        case e.ItemAdded(item=item):
            return replace(books, items=(*books.items, item))
        case e.ItemRemoved(item_id=id):
            return replace(books, items=tuple(item for item in books.items if item.id != id))
        case e.LineAdjusted(adjustment=adjustment):
            others = tuple(other for other in books.adjustments if other.key != adjustment.key)
            return replace(books, adjustments=(*others, adjustment))
        case e.InvoiceFinalized():
            return invoice_finalized(books, event)
        case e.BillingClosed(until=until, corrections_from=corrections_from):
            return billing_closed(books, until, corrections_from)
        case e.ReturnsSetOff(lines=lines):
            return replace(books, billed=with_set_off(books.billed, lines))
        case e.InvoiceVoided():
            return invoice_voided(books, event, at)
        case e.InvoiceWrittenOff():
            return invoice_written_off(books, event)
        case e.InstalmentsPlanned(invoice_id=id, instalments=instalments):
            return with_owed(books, id, instalments=instalments, attempts=0, next_attempt_at=None)
        case e.CreditNoteIssued():
            return credit_note_issued(books, event)
        case e.CreditGranted(credit=credit):
            return with_credit(books, credit)
        case e.CreditVoided(credit_id=id, amount=amount):
            credit = books.credits[id]
            left = credit.remaining - amount
            voided_at = credit.voided_at if left else at
            return with_credit(books, replace(credit, remaining=left, voided_at=voided_at))
        case e.CreditExpired(credit_id=id):
            return with_credit(books, replace(books.credits[id], remaining=ZERO, expired_at=at))
        case e.CreditApplied(invoice_id=id, burns=burns):
            amount = exact_sum(burn.amount for burn in burns)
            applied = with_owed(books, id, prepaid=(*books.receivables[id].prepaid, *burns))
            return with_paid(with_burned(applied, burns), (Allocation(id, amount),), at)
        case e.CouponRedeemed(redemption=redemption):
            return replace(books, redemptions=(*books.redemptions, redemption))
        case e.CouponRemoved(redemption_id=id):
            return replace(
                books,
                redemptions=tuple(replace(r, ended_at=at) if r.id == id else r for r in books.redemptions),
            )
        case e.MethodAdded(method=method, default=default):
            chosen = method.id if default or books.method is None else books.default_method_id
            return replace(books, methods=(*books.methods, method), default_method_id=chosen)
        case e.MethodRemoved(method_id=id):
            return replace(
                books,
                methods=tuple(
                    replace(method, removed_at=at) if method.id == id else method for method in books.methods
                ),
                default_method_id=None if books.default_method_id == id else books.default_method_id,
            )
        case e.MethodUpdated(method_id=id, label=label, expires=expires):
            now = (
                replace(method, label=label, expires=expires) if method.id == id else method for method in books.methods
            )
            return replace(books, methods=tuple(now))
        case e.MethodDefaulted(method_id=id):
            return replace(books, default_method_id=id)
        case e.PaymentRequested(payment=payment):
            if not payment.by_hand:
                for allocation in payment.allocations:
                    books = with_owed(books, allocation.invoice_id, next_attempt_at=None)
            return with_payment(books, payment)
        case e.PaymentNeedsAction(payment_id=id, reference=reference):
            payment = books.payments[id]
            return with_payment(books, replace(payment, action_since=at, reference=reference or payment.reference))
        case e.PaymentProcessing(payment_id=id, reference=reference):
            payment = replace(books.payments[id], action_since=None, processing_since=at, reference=reference)
            return with_payment(books, payment)
        case e.PaymentSucceeded():
            return payment_succeeded(books, event, at)
        case e.PaymentFailed():
            return payment_failed(books, event, at)
        case e.PaymentRecorded(payment=payment, credit=credit):
            books = with_paid(with_payment(books, payment), payment.allocations, at)
            return books if credit is None else with_credit(books, credit)
        case e.RefundRequested(refund=refund):
            payment = books.payments[refund.payment_id]
            return with_payment(books, replace(payment, refunds=(*payment.refunds, refund)))
        case e.RefundSettled(refund_id=id, payment_id=payment_id, credit=credit):
            books = with_refund(books, payment_id, id, settled_at=at, credit_id=credit.id if credit else None)
            return books if credit is None else with_credit(books, credit)
        case e.RefundFailed(refund_id=id, payment_id=payment_id, failure=failure):
            return with_refund(books, payment_id, id, failure=failure)
        case e.BillingSuspended() | e.BillingRestored():
            return books
        case e.ProviderLinked(provider=provider, reference=reference):
            return replace(books, links={**books.links, provider: ProviderLink(reference, at)})
        case e.ProviderUnlinked(provider=provider):
            return replace(books, links={name: link for name, link in books.links.items() if name != provider})
        case e.ProviderDrifted(provider=provider, drift=drift):
            return replace(books, links={**books.links, provider: replace(books.links[provider], drift=drift)})
