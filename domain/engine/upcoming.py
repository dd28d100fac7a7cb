"""Invoices that are not final yet, made by the code that will make them final."""

from datetime import datetime

from domain.account import Account
from domain.billing import bill
from domain.billing.billing_point import next_billing_point
from domain.billing.invoicing import make
from domain.billing.upcoming_points import upcoming_points
from domain.books.invoice import Invoice
from domain.decide.drafts import waiting
from domain.engine.advance import advance, make_final, wanted_by
from domain.engine.pending import Pending
from domain.engine.questions import Asking
from domain.events import InvoiceFinalized


def upcoming(account: Account, at: datetime) -> Asking[Invoice | None]:
    """The draft of the next invoice, as it would be now if nothing else happened: what will recur, and the usage so
    far. None: as things are, none will come."""
    for ahead, moment, wanted in upcoming_points(account, at):
        charges, terms = yield from wanted_by(ahead, moment, max(at, moment.at), wanted)
        one = next((draft for draft in bill.drafts(ahead.books, charges, moment) if draft.charges), None)
        if one is not None:
            made = make(
                ahead,
                one.lines,
                terms,
                one.currency,
                moment.at,
                until=moment.until,
                continued=one.continued,
                covered=one.covered,
            )
            return made.invoice
    return None


def drafts(pending: Pending[Account], at: datetime) -> Asking[list[Invoice]]:
    """What has no number yet, soonest first: what is due and was not recorded yet; of a period that is over, if it
    still waits for late usage or for support; the running one. Uses `pending` up."""
    yield from advance(pending, at)
    now = pending.decide_here(at)
    found = [fact.event.invoice for fact in pending.facts if isinstance(fact.event, InvoiceFinalized)]
    if waiting(pending.state, now):
        first = yield from upcoming(pending.state, now)
        moment = next_billing_point(pending.state)
        assert moment is not None
        yield from make_final(pending, moment)  # to see what comes after it
        found += [first] if first is not None and first.issued_at == moment.at else []
    running = yield from upcoming(pending.state, now)
    return found if running is None else [*found, running]
