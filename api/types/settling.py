"""How an invoice is settled: in which parts it falls due, what was tried, what came in."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import strawberry

from api.loaders import AccountView
from api.types.payment import Allocation, Payment
from api.types.values import Money
from domain import money
from domain.books import Books
from domain.books import payment as domain
from domain.books.invoice import Receivable
from domain.exact import ZERO

_CAME_IN = frozenset(
    {domain.PaymentStatus.SUCCEEDED, domain.PaymentStatus.REFUNDED, domain.PaymentStatus.PARTIALLY_REFUNDED}
)


@strawberry.type(description="A part of an invoice that falls due on a day of its own.")
class Instalment:
    due_at: datetime = strawberry.field(description="When it falls due.")
    amount: Money = strawberry.field(description="How much.")
    due: Money = strawberry.field(description="What of it is still to be paid.")
    paid_at: datetime | None = strawberry.field(
        description="When a payment settled the rest of it; null: nothing has, or something else than a payment."
    )


@strawberry.type(description="One try to collect what an invoice comes to.")
class PaymentAttempt:
    at: datetime = strawberry.field(description="When.")
    status: domain.PaymentStatus = strawberry.field(description="What came of it.")
    failure: str | None = strawberry.field(description="Why it failed, as in `Payment.failure`.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried again; null: another try came since, or there will be none."
    )
    payment: Payment = strawberry.field(description="The payment that was asked for.")


def allocations_to(view: AccountView, invoice_id: str) -> list[Allocation]:
    """What payments that came in have paid on it, oldest first."""
    return [
        Allocation(view, payment, allocation)
        for payment, allocation in _allocated(view.account.books, invoice_id)
        if payment.status in _CAME_IN
    ]


def attempts_at(view: AccountView, owed: Receivable) -> list[PaymentAttempt]:
    """What was asked of a provider (or could not be asked of any), oldest first."""
    asked = [payment for payment, _ in _allocated(view.account.books, owed.id) if payment.provider != domain.MANUAL]
    newest = asked[-1] if asked else None
    return [
        PaymentAttempt(
            at=payment.created_at,
            status=payment.status,
            failure=None if payment.failure is None else str(payment.failure),
            next_attempt_at=owed.next_attempt_at if payment is newest else None,
            payment=Payment.of(view, payment),
        )
        for payment in asked
    ]


def instalments_of(view: AccountView, owed: Receivable) -> list[Instalment]:
    """What has been settled since they were planned has paid the first ones (`domain.books.debt`)."""
    planned = sum((part.amount for part in owed.instalments), ZERO)
    settled = planned - owed.due
    found, end = [], ZERO
    for part in owed.instalments:
        end += part.amount
        due = min(part.amount, max(ZERO, end - settled))
        paid_at = None if due else _settled_at(view.account.books, owed.id, settled - end)
        shown = (Money.of(money.Money(amount, owed.currency)) for amount in (part.amount, due))
        found.append(Instalment(due_at=part.due_at, amount=next(shown), due=next(shown), paid_at=paid_at))
    return found


def _settled_at(books: Books, invoice_id: str, since: Decimal) -> datetime | None:
    """When that payment came in after which `since` more was settled, up to now."""
    came_in = [(payment, part) for payment, part in _allocated(books, invoice_id) if payment.status in _CAME_IN]
    for payment, allocation in sorted(came_in, key=lambda pair: pair[0].settled_at or pair[0].created_at, reverse=True):
        since -= allocation.amount
        if since < 0:
            return payment.settled_at
    return None


def _allocated(books: Books, invoice_id: str) -> Iterator[tuple[domain.Payment, domain.Allocation]]:
    for payment in sorted(books.payments.values(), key=lambda payment: (payment.created_at, payment.id)):
        for allocation in payment.allocations:
            if allocation.invoice_id == invoice_id:
                yield payment, allocation
