"""What rights and the billing status have to know of the books."""

from datetime import datetime
from decimal import Decimal

from domain.account import Owing
from domain.books import Books
from domain.books.credit import CreditKind
from domain.books.debt import debts
from domain.exact import EXACT, ZERO


def owing(books: Books, suspended_at: datetime | None) -> Owing:
    """What rights and the billing status have to know."""
    amounts: dict[str, Decimal] = {}
    due_at: datetime | None = None
    rights_until: datetime | None = None
    open_receivables = books.open
    for owed in open_receivables:
        amounts[owed.currency] = EXACT.add(amounts.get(owed.currency, ZERO), owed.due)
        fell_due = owed.fell_due_at
        due_at = min(due_at or fell_due, fell_due)
        rights_until = min(rights_until or fell_due + owed.dunning.grace, fell_due + owed.dunning.grace)
    attempts = [owed.next_attempt_at for owed in open_receivables if owed.next_attempt_at is not None]
    owed_parts = (debt for owed in open_receivables for debt in debts(owed))
    return Owing(
        amounts=dict(sorted(amounts.items())),
        due_at=due_at,
        rights_until=rights_until,
        next_attempt_at=min(attempts, default=None),
        suspended_at=suspended_at,
        debts=tuple(sorted(owed_parts, key=lambda debt: (debt.due_at, debt.currency))),
    )


def prepaid(books: Books) -> dict[str, Decimal]:
    """Prepaid credit that is left, by currency."""
    found: dict[str, Decimal] = {}
    for credit in books.credits.values():
        if credit.kind is CreditKind.PREPAID and credit.remaining:
            found[credit.currency] = EXACT.add(found.get(credit.currency, ZERO), credit.remaining)
    return dict(sorted(found.items()))
