"""Invoices that are not final yet, made by the code that will make them final."""

from datetime import datetime

from domain.account import Account
from domain.billing.bill import drafts as bill_drafts
from domain.billing.billing_point import next_billing_point
from domain.billing.invoicing import new_invoice
from domain.billing.upcoming_points import upcoming_points
from domain.books.invoice import Invoice
from domain.decide.drafts import waiting
from domain.engine.advance import advance, make_final, wanted_by
from domain.engine.questions import Asking
from domain.events import InvoiceFinalized
from domain.pending import Pending


def upcoming(account: Account, at: datetime) -> Asking[Invoice | None]:
    """The draft of the next invoice, as it would be now if nothing else happened: what will recur, and the usage so
    far. None: as things are, none will come."""
    for by_then, point, wanted in upcoming_points(account, at):
        charges, terms = yield from wanted_by(by_then, point, max(at, point.at), wanted)
        for draft in bill_drafts(by_then.books, charges, point):
            if draft.charges:
                return new_invoice(draft, by_then, terms, point.at, point.until).invoice
    return None


def drafts(pending: Pending[Account], at: datetime) -> Asking[list[Invoice]]:
    """The invoices that have no number yet, soonest first: those that are due and were not recorded yet; that of a
    period which is over, if it still waits for late usage or for support; the running one. Uses `pending` up."""
    yield from advance(pending, at)
    now = pending.decide_here(at)
    found = [fact.event.invoice for fact in pending.facts if isinstance(fact.event, InvoiceFinalized)]
    if waiting(pending.state, now):
        waits = yield from upcoming(pending.state, now)
        point = next_billing_point(pending.state)
        assert point is not None
        yield from make_final(pending, point)  # to see what comes after it
        found += [waits] if waits is not None and waits.issued_at == point.at else []
    running = yield from upcoming(pending.state, now)
    return found if running is None else [*found, running]
