"""One entry of the books put in the place of another."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from domain.books import Books
from domain.books.credit import Burn, Credit, Release
from domain.books.invoice import InvoiceStatus
from domain.books.payment import Allocation, Payment
from domain.evolve.billed import with_recovered


def with_owed(books: Books, invoice_id: str, **changes: Any) -> Books:
    owed = replace(books.receivables[invoice_id], **changes)
    return replace(books, receivables={**books.receivables, invoice_id: owed})


def with_paid(books: Books, allocations: Iterable[Allocation], at: datetime) -> Books:
    for allocation in allocations:
        owed = books.receivables[allocation.invoice_id]
        if owed.closed is InvoiceStatus.UNCOLLECTIBLE:
            # Something may have been set off against what nobody would pay, and now goes back.
            books = replace(books, billed=with_recovered(books.billed, owed, allocation.amount), bill_at=at)
        owed = replace(owed, paid=owed.paid + allocation.amount)
        if owed.closed is InvoiceStatus.UNCOLLECTIBLE and not owed.unpaid:
            owed = replace(owed, closed=None)  # paid after all
        if owed.due <= 0:
            owed = replace(owed, next_attempt_at=None)
        elif owed.instalments and owed.fell_due_at > at:
            owed = replace(owed, attempts=0, next_attempt_at=None)  # the next instalment is collected anew
        books = replace(books, receivables={**books.receivables, owed.id: owed})
    return books


def with_credit(books: Books, credit: Credit) -> Books:
    return replace(books, credits={**books.credits, credit.id: credit})


def with_burned(books: Books, burns: Iterable[Burn]) -> Books:
    for burn in burns:
        credit = books.credits[burn.credit_id]
        books = with_credit(books, replace(credit, remaining=credit.remaining - burn.amount))
    return books


def with_released(books: Books, releases: Iterable[Release]) -> Books:
    """Promotional credit comes back with the lines that it had lowered, also to a credit that was voided since: what
    was used of it was not. What has expired meanwhile expires again."""
    for release in releases:
        credit = books.credits[release.credit_id]
        books = with_credit(books, replace(credit, remaining=credit.remaining + release.amount, voided_at=None))
        owed = books.receivables[release.invoice_id]
        books = with_owed(books, owed.id, released=(*owed.released, Burn(release.credit_id, release.amount)))
    return books


def with_taken_again(books: Books, releases: Iterable[Release]) -> Books:
    """The credit that came back with lines is used again, as these are billed again: as far as it is still there."""
    for release in releases:
        credit, owed = books.credits[release.credit_id], books.receivables[release.invoice_id]
        taken = min(release.amount, credit.remaining)
        released = list(owed.released)
        released.remove(Burn(release.credit_id, release.amount))
        books = with_credit(books, replace(credit, remaining=credit.remaining - taken))
        books = with_owed(books, owed.id, released=(*released, Burn(release.credit_id, release.amount - taken)))
    return books


def with_payment(books: Books, payment: Payment) -> Books:
    return replace(books, payments={**books.payments, payment.id: payment})


def with_refund(books: Books, payment_id: str, refund_id: str, **changes: Any) -> Books:
    payment = books.payments[payment_id]
    refunds = tuple(replace(refund, **changes) if refund.id == refund_id else refund for refund in payment.refunds)
    return with_payment(books, replace(payment, refunds=refunds))
