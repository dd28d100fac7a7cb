"""What follows at once from whatever has happened: rights that come back, credit that is paid for, and the charge for
an invoice that has just become final."""

from datetime import datetime

from domain import events as e
from domain.account import Account
from domain.dunning import collect
from domain.engine.pending import Pending
from domain.settlement import after_settlement


def follow(pending: Pending[Account], begun: int, at: datetime, *, by_time: bool = False) -> None:
    """Of all facts from the one with the number `begun` on."""
    for event in after_settlement(pending.after(begun), pending.state, at):
        pending.add(event, at, by_time=by_time)
    for fact in pending.facts[begun:]:
        if isinstance(fact.event, e.InvoiceFinalized):
            owed = pending.state.books.receivables[fact.event.invoice.id]
            if (asked := collect(pending.state, owed, at)) is not None:
                pending.add(asked, at, by_time=by_time)
