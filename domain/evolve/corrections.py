"""The fold of what takes an invoice back: voids, write-offs, credit notes."""

from datetime import datetime
from fractions import Fraction

from msgspec.structs import replace

from domain import events as e
from domain.books import Books
from domain.books.books import Billed, Part
from domain.books.invoice import CreditNote, InvoiceStatus, OwedLine, Receivable
from domain.books.line import ZERO, Line
from domain.books.redemption import Redemption
from domain.evolve.entries import with_credit, with_owed
from domain.money import rounded


def voided(books: Books, event: e.InvoiceVoided, at: datetime) -> Books:
    owed = books.receivables[event.invoice_id]
    books = forgiven(books, owed, rebill=event.rebill)
    if event.rebill:
        returned = (_unused(one) if one.id in owed.used else one for one in books.redemptions)
        books = replace(books, redemptions=tuple(returned), bill_at=at)
    for burn in event.returned:
        credit = books.credits[burn.credit_id]
        # Also one that was taken back in the meantime: what was used of it was not.
        books = with_credit(books, replace(credit, remaining=credit.remaining + burn.amount, voided_at=None))
    return with_owed(books, owed.id, closed=InvoiceStatus.VOID, next_attempt_at=None)


def forgiven(books: Books, owed: Receivable, *, rebill: bool = False) -> Books:
    """What nobody will pay cannot be given back once more: it counts as given back, or (`rebill`) as never billed."""
    billed = dict(books.billed)
    for line in owed.lines:
        before = billed.get(line.key)
        if before is None:
            continue
        billed[line.key] = _unbilled(before, line) if rebill else _unpaid(before, line, owed)
        if not billed[line.key].parts:
            del billed[line.key]
    return replace(books, billed=billed)


def _unpaid(before: Billed, line: OwedLine, owed: Receivable) -> Billed:
    """The share of the line that is still owed."""
    share = Fraction(owed.due) / Fraction(owed.total) if owed.total else Fraction(0)
    return replace(before, given_back=before.given_back + rounded(Fraction(line.net) * share, owed.currency))


def _unbilled(before: Billed, line: OwedLine) -> Billed:
    return replace(
        before,
        amount=before.amount - line.amount,
        discount=before.discount - line.discount,
        credit=before.credit - line.credit,
        parts=tuple(part for part in before.parts if part.line_id != line.id),
    )


def _unused(redemption: Redemption) -> Redemption:
    """A coupon that had come to its end with that period goes on; one that was removed does not."""
    used_up = redemption.left == 0
    left = None if redemption.left is None else redemption.left + 1
    return replace(redemption, left=left, ended_at=None if used_up else redemption.ended_at)


def credit_noted(books: Books, event: e.CreditNoteIssued) -> Books:
    note = event.note
    owed = books.receivables[note.invoice_id]
    taken = {line.id: line.amount - line.discount - line.credit for line in note.lines}
    back = list(owed.taken_back)
    places = {(line.treatment, line.inclusive): n for n, line in enumerate(owed.tax)}
    for tax in note.tax:
        back[places[tax.treatment, tax.inclusive]] += tax.amount
    billed = dict(books.billed)
    for line in note.lines:
        if line.key in billed:
            billed[line.key] = _noted(billed[line.key], note, line)
    books = replace(books, billed=billed, noted=books.noted + 1)
    books = with_owed(
        books,
        owed.id,
        lines=tuple(replace(one, credited=one.credited + taken.get(one.id, ZERO)) for one in owed.lines),
        taken_back=tuple(back),
        credited=owed.credited + note.off,
        returned=owed.returned + (note.credit.amount if note.credit else ZERO),
        notes=(*owed.notes, note.id),
    )
    return books if note.credit is None else with_credit(books, note.credit)


def _noted(before: Billed, note: CreditNote, line: Line) -> Billed:
    """What follows from the rules is billed back; what support gives is a gift beside them."""
    if not note.automatic:
        return replace(before, given_back=before.given_back + line.amount)
    return replace(
        before,
        amount=before.amount - line.amount,
        discount=before.discount - line.discount,
        credit=before.credit - line.credit,
        parts=(*before.parts, Part(note.invoice_id, line.id, -line.amount)),
    )
