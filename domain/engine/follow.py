"""What follows at once from whatever has happened: credit settles what is open, rights come back, bought credit is
given; dunning ends with its last step where something is still owed; an invoice that has just become final is
charged."""

from datetime import datetime

from domain import events as e
from domain.account import Account
from domain.dunning import collect, last_step
from domain.engine.credit import credit_waits, next_applied
from domain.engine.questions import Asking, Question
from domain.pending import Pending
from domain.settlement import after_settlement


def follow(pending: Pending[Account], begun: int, at: datetime, *, by_time: bool = False) -> Asking[None]:
    """Of all facts from the one with the number `begun` on. Money comes before what its want would lead to."""
    happened = pending.facts[begun:]
    yield from settle(pending, pending.after(begun), at, by_time=by_time)
    for fact in happened:
        if isinstance(fact.event, e.PaymentFailed):
            for event in last_step(pending.state, fact.event):
                pending.add(event, at, by_time=by_time)
    for fact in happened:
        if isinstance(fact.event, e.InvoiceFinalized):
            owed = pending.state.books.receivables[fact.event.invoice.id]
            if (asked := collect(pending.state, owed, at)) is not None:
                pending.add(asked, at, by_time=by_time)


def settle(pending: Pending[Account], before: Account, at: datetime, *, by_time: bool) -> Asking[None]:
    """Until nothing changes any more: credit that is bought with a payment pays for something, too."""
    more = True
    while more:
        known = len(pending.facts)
        if credit_waits(pending.state, at):
            assert pending.state.customer is not None
            answer = yield Question(pending.state.customer.id, at)
            order = answer.settings.burn_order
            while (applied := next_applied(pending.state, order, at)) is not None:
                pending.add(applied, at, by_time=by_time)
        for event in after_settlement(before, pending.state, at):
            pending.add(event, at, by_time=by_time)
        more = len(pending.facts) > known
