"""Prepaid credit that lies with us (granted, overpaid, of a credit note) settles what is open as soon as both are
there."""

from collections.abc import Sequence
from datetime import datetime

from domain import events as e
from domain.account import Account
from domain.books.credit import CreditKind
from domain.dunning import at_provider
from domain.policy import BurnBy
from domain.totals import burn


def credit_waits(account: Account, at: datetime) -> bool:
    """Whether there is credit for something that is open."""
    both = account.prepaid.keys() & account.owing.amounts.keys()
    return bool(both) and next_applied(account, (), at) is not None


def next_applied(account: Account, order: Sequence[BurnBy], at: datetime) -> e.CreditApplied | None:
    """The oldest open invoice comes first. Credit is not bought with credit; and where a provider is being asked for
    an invoice's money, its answer is waited for: what is left open then is looked at again."""
    books = account.books
    for owed in books.open:
        if not owed.buys and not at_provider(books, owed.id):
            burns = burn(books.credits.values(), owed.due, order, CreditKind.PREPAID, owed.currency, at)
            if burns:
                return e.CreditApplied(owed.id, burns)
    return None
