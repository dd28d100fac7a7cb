"""The fold of invoices: what is billed of each key, and what is owed."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from domain import events as e
from domain.books import Books
from domain.books.books import Billed, Part
from domain.books.invoice import Invoice, OwedLine, Receivable
from domain.books.line import ZERO, Line, LineKind
from domain.books.redemption import Redemption
from domain.books.stretch import Stretch
from domain.evolve.entries import with_burned
from domain.period import Period, period_at
from domain.tax import Treatment

BY_HAND = frozenset({LineKind.ITEM, LineKind.CREDIT})
"""Lines that nothing is wanted for: they are billed once, as they stand."""


def finalized(books: Books, event: e.InvoiceFinalized) -> Books:
    invoice = event.invoice
    billed = dict(books.billed)
    for line in invoice.lines:
        if line.kind not in BY_HAND:
            billed[line.key] = _with_line(billed.get(line.key), invoice, line)
    keys = {line.key for line in invoice.lines}
    books = replace(
        books,
        billed=billed,
        items=tuple(item for item in books.items if item.id not in event.items),
        adjustments=tuple(one for one in books.adjustments if one.key not in keys),
        made=books.made + 1,
        receivables={**books.receivables, invoice.id: replace(receivable(invoice), used=event.used)},
        redemptions=tuple(_used(one, invoice.issued_at) if one.id in event.used else one for one in books.redemptions),
    )
    books = with_burned(books, invoice.credits)
    if invoice.until is None or invoice.corrections_from is None:
        return books
    return closed(books, invoice.until, invoice.corrections_from)


def receivable(invoice: Invoice) -> Receivable:
    """The running side of an invoice that has just become final."""
    places = {(tax.treatment, tax.inclusive): n for n, tax in enumerate(invoice.tax)}
    lines = (
        OwedLine(
            id=line.id,
            key=line.key,
            kind=line.kind,
            amount=line.amount,
            tax=places[_treatment(line), line.tax_inclusive],
            serves=line.usage or line.period,
            discount=line.discount,
            credit=line.credit,
        )
        for line in invoice.lines
    )
    return Receivable(
        id=invoice.id,
        number=invoice.number,
        currency=invoice.currency,
        total=invoice.total,
        tax=invoice.tax,
        lines=tuple(lines),
        issued_at=invoice.issued_at,
        due_at=invoice.due_at,
        dunning=invoice.dunning,
        taken_back=(ZERO,) * len(invoice.tax),
        credits=invoice.credits,
        discounts=invoice.discounts,
        buys=invoice.buys,
    )


def _treatment(line: Line) -> Treatment:
    assert line.treatment is not None, "a final line is taxed"
    return line.treatment


def _with_line(before: Billed | None, invoice: Invoice, line: Line) -> Billed:
    """What the rules came to counts as billed; what support made of it is theirs to have given."""
    calculated = line.amount if line.calculated is None else line.calculated
    part = Part(invoice.id, line.id, line.amount)
    if before is None:
        before = Billed(
            kind=line.kind,
            description=line.description,
            currency=invoice.currency,
            amount=ZERO,
            period=line.period,
            ends_at=line.ends_at or line.period.end,
            treatment=_treatment(line),
            tax_inclusive=line.tax_inclusive,
            subscription_id=line.subscription_id,
            plan_key=line.plan_key,
        )
    return replace(
        before,
        amount=before.amount + calculated,
        period=_spanned(before.period, line.period),
        treatment=before.treatment if line.amount < 0 else _treatment(line),
        discount=before.discount + line.discount,
        credit=before.credit + line.credit,
        given_back=before.given_back + calculated - line.amount,
        parts=(*before.parts, part),
    )


def _spanned(one: Period, other: Period) -> Period:
    return Period(min(one.start, other.start), max(one.end, other.end))


def closed(books: Books, until: datetime, corrections_from: datetime) -> Books:
    closed_until = max(books.closed_until or corrections_from, corrections_from)
    stretches = tuple(one for one in books.stretches if one.looked_at(closed_until))
    since = _kept_since(stretches, closed_until)
    return replace(
        books,
        billed_until=max(books.billed_until or until, until),
        closed_until=closed_until,
        bill_at=None if books.bill_at is not None and books.bill_at <= until else books.bill_at,
        billed={
            key: one
            for key, one in books.billed.items()
            if one.ends_at > since.get(one.subscription_id or "", closed_until)
        },
        stretches=stretches,
    )


def _kept_since(stretches: Iterable[Stretch], closed_until: datetime) -> dict[str, datetime]:
    """Where a minimum spend counts months that are closed already, with all the others of its year, what they came to
    is kept until the year is."""
    found: dict[str, datetime] = {}
    for one in stretches:
        if one.minimum:
            start = period_at(one.anchor, one.cadence, one.zone, closed_until).start
            found[one.subscription_id] = min(start, found.get(one.subscription_id, start))
    return found


def _used(redemption: Redemption, at: datetime) -> Redemption:
    if redemption.left is None:
        return redemption
    left = redemption.left - 1
    return replace(redemption, left=left, ended_at=redemption.ended_at if left else at)
