"""The fold of what takes an invoice back: voids, write-offs, credit notes."""

from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domain import events as e
from domain.books import Books
from domain.books.invoice import InvoiceStatus, Receivable
from domain.books.redemption import Redemption
from domain.evolve.billed import with_credit_note, with_forgiven, without_credit, without_invoice
from domain.evolve.entries import with_credit, with_owed, with_released, with_taken_again
from domain.exact import ZERO


def invoice_voided(books: Books, event: e.InvoiceVoided, at: datetime) -> Books:
    """Billed anew, it counts as never billed. Otherwise what it charged is forgiven; what it gave back stands, and so
    does the credit for the plan that an upgrade has left."""
    owed = books.receivables[event.invoice_id]
    if event.rebill:
        redemptions = (
            _with_period_back(redemption) if redemption.id in owed.used else redemption
            for redemption in books.redemptions
        )
        books = _without_returned(books, owed)
        billed = without_invoice(books.billed, owed)
        again = (replace(item, added_at=at, at_once=True) for item in owed.items)
        books = replace(books, billed=billed, items=(*books.items, *again), redemptions=tuple(redemptions), bill_at=at)
    else:
        books = replace(books, billed=without_credit(with_forgiven(books.billed, owed, owed.total, owed.total), owed))
    for burn in event.returned:
        credit = books.credits[burn.credit_id]
        # Also one that was taken back in the meantime: what was used of it was not.
        books = with_credit(books, replace(credit, remaining=credit.remaining + burn.amount, voided_at=None))
    books = with_taken_again(books, owed.releases) if event.rebill else books
    return with_owed(books, owed.id, closed=InvoiceStatus.VOID, next_attempt_at=None)


def _without_returned(books: Books, owed: Receivable) -> Books:
    """What a voided invoice gave back of the lines of other invoices is charged for these lines as before."""
    back = {line.corrects: -line.net for line in owed.lines if line.corrects is not None}
    for other in books.receivables.values() if back else ():
        if any(line.id in back for line in other.lines):
            lines = (
                replace(charged, returned=charged.returned - back.get(charged.id, ZERO)) for charged in other.lines
            )
            books = with_owed(books, other.id, lines=tuple(lines))
    return books


def invoice_written_off(books: Books, event: e.InvoiceWrittenOff) -> Books:
    """What nobody will pay cannot be given back: it is set off against whatever goes back later."""
    owed = books.receivables[event.invoice_id]
    books = replace(books, billed=with_forgiven(books.billed, owed, owed.due, owed.total - owed.noted))
    return with_owed(books, owed.id, closed=InvoiceStatus.UNCOLLECTIBLE, next_attempt_at=None)


def _with_period_back(redemption: Redemption) -> Redemption:
    """A coupon that had come to its end with that period goes on; one that was removed does not."""
    used_up = redemption.left == 0
    left = None if redemption.left is None else redemption.left + 1
    return replace(redemption, left=left, ended_at=None if used_up else redemption.ended_at)


def credit_note_issued(books: Books, event: e.CreditNoteIssued) -> Books:
    note = event.note
    owed = books.receivables[note.invoice_id]
    taken: dict[str, Decimal] = {}
    for line in note.lines:  # several may be of one line of the invoice
        taken[line.id] = taken.get(line.id, ZERO) + line.amount - line.discount - line.credit
    back = list(owed.taken_back)
    places = {(line.treatment, line.inclusive): n for n, line in enumerate(owed.tax)}
    for tax in note.tax:
        back[places[tax.treatment, tax.inclusive]] += tax.amount
    books = replace(
        books, billed=with_credit_note(books.billed, owed, note), credit_note_count=books.credit_note_count + 1
    )
    books = with_owed(
        with_released(books, note.released),
        owed.id,
        lines=tuple(
            replace(charged, credited=charged.credited + taken.get(charged.id, ZERO)) for charged in owed.lines
        ),
        taken_back=tuple(back),
        credited=owed.credited + note.off,
        returned=owed.returned + (note.credit.amount if note.credit else ZERO),
        notes=(*owed.notes, note.id),
    )
    return books if note.credit is None else with_credit(books, note.credit)
