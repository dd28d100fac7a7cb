"""Credit notes for what was billed and is not wanted any more: of which invoices, and how much of each."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from msgspec.structs import replace

from domain.account import Account
from domain.billing.releases import releases
from domain.books import Books
from domain.books.credit import Credit, CreditKind, Release
from domain.books.invoice import CreditNote, InvoiceStatus, OwedLine, Receivable
from domain.books.line import Line, LineKind
from domain.books.redemption import mirrored_shares, part_of
from domain.exact import ONE, ZERO, exact_sum
from domain.identity import derived_id
from domain.money import rounded, split
from domain.policy import Rounding
from domain.totals import credit_note_amounts
from domain.totals.promotional import net

WHY = "less is charged than was billed"
"""The reason of automatic credit notes."""


class _Take(NamedTuple):
    invoice_id: str
    line_id: str
    amount: Decimal


def credit_notes(account: Account, lines: Sequence[Line], currency: str, at: datetime) -> Iterator[CreditNote]:
    """The notes that credit `lines` (all below zero) back, one for each invoice that charged for them: first the lines
    that they correct, then others of the same key, then what else was charged and taxed alike, the newest first. What
    no invoice has left to give stays wanted; nobody has paid for it."""
    parts: dict[str, list[Line]] = {}
    taken: list[_Take] = []
    for line in lines:
        takes = list(_takes_for(account.books, line, taken))
        taken += takes
        for take, part in zip(takes, _parts(line, takes, currency), strict=True):
            parts.setdefault(take.invoice_id, []).append(part)
    released: list[Release] = []
    for n, (invoice_id, parts_of_invoice) in enumerate(parts.items()):
        note = _note(account, account.books.receivables[invoice_id], parts_of_invoice, released, at, n)
        released.extend(note.released)
        yield note


def _takes_for(books: Books, line: Line, taken: Sequence[_Take]) -> Iterator[_Take]:
    wanted = -net(line)
    here: list[_Take] = []
    for owed, charged in _standing_on(books, line):
        if wanted <= 0:
            return
        others = [take for take in (*taken, *here) if take.invoice_id == owed.id]
        on_line = exact_sum(take.amount for take in others if take.line_id == charged.id)
        amount = min(charged.net - charged.credited - on_line, _room(owed, charged.tax, others), wanted)
        if amount > 0:
            here.append(_Take(owed.id, charged.id, amount))
            wanted -= amount
            yield here[-1]


def _room(owed: Receivable, position: int, others: Sequence[_Take]) -> Decimal:
    """What is left of the lines taxed alike, beside the other takes from this invoice; and not more than the whole
    invoice has left: of one written off what was paid, and one of long ago may hold returns at another tax."""
    alike = exact_sum(line.net - line.credited for line in owed.lines if line.tax == position)
    alike -= exact_sum(take.amount for take in others if _position(owed, take.line_id) == position)
    lost = owed.unpaid if owed.closed is InvoiceStatus.UNCOLLECTIBLE else ZERO
    if not lost and all(line.net >= 0 for line in owed.lines):
        return alike
    tax = owed.tax[position]
    left = Fraction(owed.total - owed.noted - lost) - sum((_with_tax(owed, take) for take in others), Fraction(0))
    without = left / (1 if tax.inclusive else 1 + Fraction(tax.treatment.percent) / 100)
    return min(alike, rounded(without, owed.currency, Rounding.DOWN))


def _with_tax(owed: Receivable, take: _Take) -> Fraction:
    tax = owed.tax[_position(owed, take.line_id)]
    return Fraction(take.amount) * (1 if tax.inclusive else 1 + Fraction(tax.treatment.percent) / 100)


def _position(owed: Receivable, line_id: str) -> int:
    return next(line.tax for line in owed.lines if line.id == line_id)


def _standing_on(books: Books, line: Line) -> Iterator[tuple[Receivable, OwedLine]]:
    """The lines that a reversal can be taken from, the best first."""
    assert line.corrects is not None
    own = {billed_line.line_id for billed_line in books.billed[line.key].lines}
    newest = sorted(
        books.receivables.values(), key=lambda receivable: (receivable.issued_at, receivable.id), reverse=True
    )
    found = [
        (owed, charged)
        for owed in newest
        if owed.closed is not InvoiceStatus.VOID
        for charged in owed.lines
        if charged.net > 0
        and charged.kind is not LineKind.CREDIT
        and (owed.tax[charged.tax].treatment, owed.tax[charged.tax].inclusive) == (line.treatment, line.tax_inclusive)
        and owed.currency == books.billed[line.key].currency
    ]
    corrected = line.corrects.line_id
    yield from sorted(found, key=lambda pair: (pair[1].id != corrected, pair[1].id not in own))


def _parts(line: Line, takes: Sequence[_Take], currency: str) -> Iterator[Line]:
    """The share of `line` that each invoice gives back, its amounts positive. What coupons and promotional credit had
    taken off goes with it in proportion."""
    placed = exact_sum(take.amount for take in takes)
    missing = -net(line) - placed
    weights = [*(take.amount for take in takes), missing]
    discounts, credits = split(-line.discount, weights, currency), split(-line.credit, weights, currency)
    # What was given by hand or never paid is set off once, with the first of them, if all of the line has its place.
    set_off = ZERO if missing or line.calculated is None else line.amount - line.calculated
    for n, take in enumerate(takes):
        amount = exact_sum((take.amount, discounts[n], credits[n]))
        yield replace(
            line,
            id=take.line_id,
            quantity=ONE,
            amount=amount,
            unit_amount=amount,
            calculated=amount + set_off if set_off and n == 0 else None,
            discount=discounts[n],
            coupons=part_of(mirrored_shares(line.coupons), discounts[n], currency),
            credit=credits[n],
        )


def mirrored(line: Line) -> Line:
    """A note's line as what it is beside the lines of an invoice: below zero."""
    return replace(
        line,
        quantity=-line.quantity,
        amount=-line.amount,
        discount=-line.discount,
        coupons=mirrored_shares(line.coupons),
        credit=-line.credit,
    )


def _note(
    account: Account, owed: Receivable, parts: Sequence[Line], released: Sequence[Release], at: datetime, n: int
) -> CreditNote:
    amounts: dict[str, Decimal] = {}
    for part in parts:
        amounts[part.id] = exact_sum((amounts.get(part.id, ZERO), net(part)))
    found = credit_note_amounts(owed, amounts)
    id = note_id(account, n)
    off = min(found.total, owed.due)
    rest = min(found.total - off, account.books.overpaid(owed, found.total))
    return CreditNote(
        id=id,
        invoice_id=owed.id,
        invoice_number=owed.number,
        currency=owed.currency,
        lines=tuple(parts),
        tax=found.tax,
        subtotal=found.subtotal,
        total=found.total,
        reason=WHY,
        issued_at=at,
        off=off,
        credit=credit_of_note(id, owed.currency, rest, "credit note", at),
        automatic=True,
        released=releases(account.books, parts, released),
    )


def note_id(account: Account, n: int = 0) -> str:
    """Of the (n + 1)-th credit note from now."""
    assert account.customer is not None
    count = account.books.credit_note_count + n
    return derived_id("note", account.customer.created_at + timedelta(milliseconds=count), account.customer.id, count)


def credit_of_note(note_id: str, currency: str, amount: Decimal, reason: str, at: datetime) -> Credit | None:
    """What a credit note gives beyond what was still owed: it settles what comes next."""
    if not amount:
        return None
    id = derived_id("credit", at, note_id)
    return Credit(id, CreditKind.PREPAID, currency, amount, amount, reason, at, source=note_id)
