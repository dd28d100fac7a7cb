"""Debts: the parts of an open invoice, each with the instant at which it falls due."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.books.invoice import Instalment, Receivable
from domain.exact import EXACT, ZERO, exact_sum


class Debt(Struct, frozen=True):
    due_at: datetime
    currency: str
    amount: Decimal


def debts(owed: Receivable) -> Iterator[Debt]:
    """What is still owed on it, part by part: what was paid since they were planned has paid the first instalments.
    What no instalment speaks of falls due with the invoice."""
    left = owed.due
    parts = owed.instalments or (Instalment(owed.due_at, owed.total),)
    settled = EXACT.subtract(exact_sum(part.amount for part in parts), left)
    for part in parts:
        unpaid = min(left, max(ZERO, EXACT.subtract(part.amount, settled)))
        settled = max(ZERO, EXACT.subtract(settled, part.amount))
        if unpaid > 0:
            yield Debt(part.due_at, owed.currency, unpaid)
            left = EXACT.subtract(left, unpaid)
    if left > 0:
        yield Debt(owed.due_at, owed.currency, left)
