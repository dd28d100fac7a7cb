"""The fold of what became of payments."""

from datetime import datetime

from msgspec.structs import replace

from domain import events as e
from domain.books import Books
from domain.evolve.entries import with_credit, with_owed, with_paid, with_payment
from domain.exact import ZERO


def payment_succeeded(books: Books, event: e.PaymentSucceeded, at: datetime) -> Books:
    payment = books.payments[event.payment_id]
    settled = replace(
        payment,
        settled_at=at,
        failure=None,  # the money is there, whatever was heard before
        reference=event.reference or payment.reference,
        allocations=event.allocations,
        to_credit=event.credit.amount if event.credit else ZERO,
    )
    books = with_paid(with_payment(books, settled), event.allocations, at)
    return books if event.credit is None else with_credit(books, event.credit)


def payment_failed(books: Books, event: e.PaymentFailed, at: datetime) -> Books:
    payment = books.payments[event.payment_id]
    for allocation in payment.allocations:
        owed = books.receivables[allocation.invoice_id]
        attempts = owed.attempts + (not payment.by_hand)
        books = with_owed(books, owed.id, attempts=attempts, next_attempt_at=event.next_attempt_at)
    return with_payment(books, replace(payment, settled_at=at, failure=event.failure))
