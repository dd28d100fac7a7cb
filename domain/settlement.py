"""What settling has as its consequence, however it was settled: by a payment, prepaid credit, a credit note, a
write-off."""

from datetime import datetime

from msgspec.structs import replace

from domain import events as e
from domain.account import Account
from domain.books import Books
from domain.books.invoice import InvoiceStatus, Receivable


def after_settlement(before: Account, after: Account, at: datetime) -> list[e.CreditGranted | e.BillingRestored]:
    """Of everything recorded between the two states, the second of which stands at `at`. Folded into it, they have no
    further consequence.

    Credit that was bought is given once its invoice is paid in full. Rights that dunning took come back when nothing is
    overdue any more: also when the last such invoice was voided, written off or put into instalments.
    """
    found: list[e.CreditGranted | e.BillingRestored] = []
    for owed in after.books.receivables.values():
        if _paid(owed) and not _was_paid(before.books, owed):
            found += [
                e.CreditGranted(replace(credit, granted_at=at, source=owed.id))
                for credit in owed.buys
                if credit.id not in after.books.credits
            ]
    suspended = after.owing.suspended_at is not None
    if suspended and all(owed.fell_due_at > at for owed in after.books.open):
        found.append(e.BillingRestored())
    return found


def _paid(owed: Receivable) -> bool:
    return bool(owed.buys) and owed.status is InvoiceStatus.PAID


def _was_paid(before: Books, owed: Receivable) -> bool:
    earlier = before.receivables.get(owed.id)
    return earlier is not None and earlier.status is InvoiceStatus.PAID
