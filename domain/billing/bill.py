"""The bill: what a billing point makes final. Wanted − billed, as an invoice where it comes to something to pay, and as
credit notes where it comes to less than nothing."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from domain import events as e
from domain.account import Account
from domain.billing.billing_point import BillingPoint
from domain.billing.charge import Charge
from domain.billing.credit_notes import credit_notes, mirrored
from domain.billing.differences import adjusted, differences, is_set_off
from domain.billing.invoice_terms import InvoiceTerms
from domain.billing.invoicing import Draft, corrections_from, item_line, new_invoice
from domain.billing.releases import releases
from domain.books import Books
from domain.books.line import Line
from domain.pending import Pending


def drafts(books: Books, wanted: Sequence[Charge], point: BillingPoint) -> tuple[Draft, ...]:
    """By currency, the lines that the billing point bills: differences, unless it is of items only, and the items that
    it takes."""
    return _drafts(books, wanted, point, () if point.until is None else differences(books, wanted))


def _drafts(books: Books, wanted: Sequence[Charge], point: BillingPoint, differ: Sequence[Line]) -> tuple[Draft, ...]:
    by_currency: dict[str, list[Line]] = {}
    lines = adjusted((line for line in differ if not is_set_off(line)), books.adjustments)
    if lines:
        currency_of = {key: billed.currency for key, billed in books.billed.items()}
        currency_of |= {charge.key: charge.currency for charge in wanted}
        for line in lines:
            by_currency.setdefault(currency_of[line.key], []).append(line)
    taken = [item for item in books.items if point.closes or (point.until is None and item.at_once)]
    for item in taken:
        by_currency.setdefault(item.currency, []).extend(adjusted([item_line(item, point.at)], books.adjustments))
    covered = {
        charge.key: _lowered_within(books, charge)
        for charge in wanted
        if charge.key not in books.billed and charge.period.start > charge.whole.start
    }
    return tuple(
        Draft(
            currency,
            tuple(lines),
            tuple(item for item in taken if item.currency == currency),
            _continued(books, wanted, lines),
            covered,
        )
        for currency, lines in sorted(by_currency.items())
    )


def _continued(books: Books, wanted: Sequence[Charge], lines: Sequence[Line]) -> dict[str, frozenset[str]]:
    """By key, the coupons that lowered what it goes on with: what was billed before goes on with itself; what follows
    on something, with what is credited back of that."""
    found = {key: billed.redemptions for key, billed in books.billed.items()}
    back = [line for line in lines if line.amount < 0]
    for charge in wanted:
        if charge.continues and charge.key not in found:
            own = (line for line in back if line.subscription_id == charge.segment.subscription_id)
            found[charge.key] = frozenset(share.redemption_id for line in own for share in line.coupons)
    return found


def _lowered_within(books: Books, charge: Charge) -> frozenset[str]:
    """The coupons that have lowered anything of the charge's subscription in the same period."""
    same = (
        billed.redemptions
        for billed in books.billed.values()
        if billed.subscription_id == charge.segment.subscription_id
        and billed.ends_at == charge.whole.end
        and billed.period.start >= charge.whole.start
    )
    return frozenset[str]().union(*same)


def bill(
    pending: Pending[Account], wanted: Sequence[Charge], terms: InvoiceTerms, point: BillingPoint, at: datetime
) -> None:
    """Adds everything that the billing point makes happen at `at`, in order. Of two workers that come for the point the
    second finds it gone; so run twice is run once."""
    books, begun = pending.state.books, len(pending.facts)
    differ = () if point.until is None else differences(books, wanted)
    if set_off := tuple(line for line in differ if is_set_off(line)):
        pending.add(e.ReturnsSetOff(set_off), at, by_time=True)
    due = _drafts(books, wanted, point, differ)
    for draft in due:  # of several currencies the last one closes what was due for all
        _bill_draft(pending, draft, terms, at, point.until if draft is due[-1] else None)
    events = [fact.event for fact in pending.facts[begun:]]
    invoices = [event.invoice for event in events if isinstance(event, e.InvoiceFinalized)]
    if point.until is not None and all(invoice.until is None for invoice in invoices):
        closed = e.BillingClosed(point.until, corrections_from(books, point.until, terms.settings))
        pending.add(closed, at, by_time=True)
    elif not invoices:  # no invoice is made of what was set to nothing, and none will be
        for item in (item for draft in due for item in draft.items):
            pending.add(e.ItemRemoved(item.id), at, by_time=True)


def _bill_draft(
    pending: Pending[Account], draft: Draft, terms: InvoiceTerms, at: datetime, until: datetime | None
) -> None:
    made = new_invoice(draft, pending.state, terms, at, until)
    notes = list(credit_notes(pending.state, made.outside, draft.currency, at))
    if made.outside:
        # What found no place on any invoice does not go back, so its shares of credit and coupons are not free either.
        outside = {(line.key, line.corrects) for line in made.outside}
        inside = [line for line in draft.lines if (line.key, line.corrects) not in outside]
        back = [mirrored(line) for note in notes for line in note.lines]
        made = new_invoice(replace(draft, lines=tuple(inside)), pending.state, terms, at, until, back)
    for note in notes:
        pending.add(e.CreditNoteIssued(note), at, by_time=True)
    if any(line.amount for line in made.invoice.lines):
        invoice = replace(made.invoice, released=releases(pending.state.books, made.invoice.lines))
        finalized = e.InvoiceFinalized(invoice, tuple(item.id for item in draft.items), made.used)
        pending.add(finalized, at, by_time=True)
