"""Credit notes for what was billed and is not wanted any more: of which invoices, and how much of each."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from domain.account import Account
from domain.books import Books
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import CreditNote, OwedLine, Receivable
from domain.books.line import ZERO, Line, LineKind
from domain.errors import Refusal
from domain.exact import exact_sum
from domain.identity import derived_id
from domain.money import split
from domain.totals import credit_note_amounts
from domain.totals.promotional import net

WHY = "less is charged than was billed"
"""Of a credit note that nobody asked for."""


ONE = Decimal(1)


class _Take(NamedTuple):
    invoice_id: str
    line_id: str
    amount: Decimal


def credit_notes(account: Account, lines: Sequence[Line], currency: str, at: datetime) -> Iterator[CreditNote]:
    """The notes that give `lines` (all below zero) back, one for each invoice that charged for them: first the lines
    that they stand on, newest first, then what else was charged and taxed alike. What no invoice has left to give
    stays wanted; nobody has paid for it."""
    taken: list[_Take] = []
    parts: dict[str, list[Line]] = {}
    for line in lines:
        takes = list(_takes(account.books, line, taken))
        taken += takes
        for take in takes:
            parts.setdefault(take.invoice_id, []).append(_part(line, take, takes, currency))
    n = 0
    for invoice_id, of_invoice in parts.items():
        note = _note(account, account.books.receivables[invoice_id], of_invoice, currency, at, n)
        if note is not None:
            n += 1
            yield note


def _takes(books: Books, line: Line, taken: Sequence[_Take]) -> Iterator[_Take]:
    wanted = -net(line)
    room: dict[str, Decimal] = {}
    for owed, charged in _standing_on(books, line):
        if wanted <= 0:
            return
        others = exact_sum(take.amount for take in taken if take.line_id == charged.id)
        rest = charged.net - charged.credited - others
        if owed.id not in room:
            here = exact_sum(one.net - one.credited for one in owed.lines if one.tax == charged.tax)
            room[owed.id] = here - exact_sum(take.amount for take in taken if take.invoice_id == owed.id)
        amount = min(rest, room[owed.id], wanted)
        if amount > 0:
            yield _Take(owed.id, charged.id, amount)
            wanted -= amount
            room[owed.id] -= amount


def _standing_on(books: Books, line: Line) -> Iterator[tuple[Receivable, OwedLine]]:
    """The lines that a reversal can be taken from, the best first."""
    own = {part.line_id for part in books.billed[line.key].parts}
    newest = sorted(books.receivables.values(), key=lambda one: (one.issued_at, one.id), reverse=True)
    found = [
        (owed, charged)
        for owed in newest
        if owed.closed is None
        for charged in owed.lines
        if charged.net > 0
        and charged.kind is not LineKind.CREDIT
        and (owed.tax[charged.tax].treatment, owed.tax[charged.tax].inclusive) == (line.treatment, line.tax_inclusive)
    ]
    yield from (pair for pair in found if pair[1].id in own)
    yield from (pair for pair in found if pair[1].id not in own)


def _part(line: Line, take: _Take, every: Sequence[_Take], currency: str) -> Line:
    """The share of `line` that one invoice gives back, its amounts positive. What coupons and promotional credit had
    taken off goes with it in proportion, if all of the line could be placed."""
    weights = [one.amount for one in every]
    placed = exact_sum(weights) == -net(line)
    n = every.index(take)
    discount = split(-line.discount, weights, currency)[n] if placed else ZERO
    credit = split(-line.credit, weights, currency)[n] if placed else ZERO
    amount = exact_sum((take.amount, discount, credit))
    return replace(
        line,
        id=take.line_id,
        quantity=ONE,
        amount=amount,
        unit_amount=amount,
        calculated=None,
        discount=discount,
        credit=credit,
    )


def _note(
    account: Account, owed: Receivable, parts: Sequence[Line], currency: str, at: datetime, n: int
) -> CreditNote | None:
    """None: the invoice has not that much left, whatever its lines say; then it stays wanted for the next invoice."""
    amounts: dict[str, Decimal] = {}
    for part in parts:
        amounts[part.id] = exact_sum((amounts.get(part.id, ZERO), net(part)))
    try:
        found = credit_note_amounts(owed, amounts)
    except Refusal:
        return None
    id = note_id(account, n)
    off = min(found.total, owed.due)
    rest = min(found.total - off, account.books.overpaid(owed, found.total))
    return CreditNote(
        id=id,
        invoice_id=owed.id,
        invoice_number=owed.number,
        currency=currency,
        lines=tuple(parts),
        tax=found.tax,
        subtotal=found.subtotal,
        total=found.total,
        reason=WHY,
        issued_at=at,
        off=off,
        credit=credit_of_note(id, currency, rest, "credit note", at),
        automatic=True,
    )


def note_id(account: Account, n: int = 0) -> str:
    """Of the (n + 1)-th credit note from now."""
    assert account.customer is not None
    noted = account.books.noted + n
    return derived_id("note", account.customer.created_at + timedelta(milliseconds=noted), account.customer.id, noted)


def credit_of_note(note_id: str, currency: str, amount: Decimal, reason: str, at: datetime) -> Credit | None:
    """What a credit note gives beyond what was still owed: it settles what comes next."""
    if not amount:
        return None
    id = derived_id("credit", at, note_id)
    return Credit(id, CreditKind.PREPAID, currency, amount, amount, reason, at, source=note_id)
