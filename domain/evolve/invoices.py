"""The fold of invoices: what is billed of each key, and what is owed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain import events as e
from domain.books import Books
from domain.books.invoice import Invoice, OwedLine, Receivable
from domain.books.line import Line
from domain.books.redemption import Redemption
from domain.books.segment import BillingSegment
from domain.catalog import ProrationPolicy
from domain.evolve.billed import with_invoice
from domain.evolve.entries import with_burned, with_owed, with_released
from domain.exact import ZERO
from domain.period import FOREVER, period_at
from domain.tax import Treatment

DAY_MAX = timedelta(hours=26)
"""Longer than any local day."""


def invoice_finalized(books: Books, event: e.InvoiceFinalized) -> Books:
    invoice = event.invoice
    keys = {line.key for line in invoice.lines}
    books = replace(
        books,
        billed=with_invoice(books.billed, invoice),
        items=tuple(item for item in books.items if item.id not in event.items),
        adjustments=tuple(adjustment for adjustment in books.adjustments if adjustment.key not in keys),
        invoice_count=books.invoice_count + 1,
        receivables={
            **books.receivables,
            invoice.id: replace(
                receivable(invoice),
                used=event.used,
                releases=invoice.released,
                items=tuple(item for item in books.items if item.id in event.items),
            ),
        },
        redemptions=tuple(
            _with_period_used(redemption, invoice.issued_at) if redemption.id in event.used else redemption
            for redemption in books.redemptions
        ),
    )
    books = with_burned(with_released(_with_returned(books, invoice), invoice.released), invoice.credits)
    if invoice.until is None or invoice.corrections_from is None:
        return books
    return billing_closed(books, invoice.until, invoice.corrections_from)


def _with_returned(books: Books, invoice: Invoice) -> Books:
    """With what the invoice gives back of lines of earlier invoices noted on those lines."""
    for line in invoice.lines:
        if line.corrects is not None:
            owed, back = books.receivables[line.corrects.invoice_id], line.discount + line.credit - line.amount
            lines = (
                replace(charged, returned=charged.returned + back) if charged.id == line.corrects.line_id else charged
                for charged in owed.lines
            )
            books = with_owed(books, owed.id, lines=tuple(lines))
    return books


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
            corrects=line.corrects.line_id if line.corrects else None,
            calculated=line.calculated,
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


def billing_closed(books: Books, until: datetime, corrections_from: datetime) -> Books:
    closed_until = max(books.closed_until or corrections_from, corrections_from)
    segments = _still_needed(books.segments, closed_until)
    since = _kept_since(segments, closed_until)
    return replace(
        books,
        billed_until=max(books.billed_until or until, until),
        closed_until=closed_until,
        bill_at=None if books.bill_at is not None and books.bill_at <= until else books.bill_at,
        billed={
            key: billed
            for key, billed in books.billed.items()
            if billed.ends_at > closed_until or billed.ends_at >= since.get(billed.subscription_id or "", FOREVER)
        },
        segments=segments,
    )


def _still_needed(segments: Iterable[BillingSegment], closed_until: datetime) -> tuple[BillingSegment, ...]:
    """The segments for which something is still charged. And those that charged a meter in months that are closed, as
    long as a longer period of another price of that meter is not: what was used then was theirs. And those that ended
    on the day on which a segment begins that counts days: that day may be theirs."""
    segments = tuple(segments)
    since: dict[str, datetime] = {}
    begun: list[datetime] = []
    for segment in segments:
        if segment.looked_at(closed_until):
            for meter_key, start in segment.counting_since(closed_until).items():
                since[meter_key] = min(start, since.get(meter_key, start))
            if any(price.proration is ProrationPolicy.BY_DAY for price in segment.prices):
                begun.append(segment.start)

    def shares_with_open(segment: BillingSegment) -> bool:
        if segment.end is not None and any(timedelta(0) <= at - segment.end < DAY_MAX for at in begun):
            return True
        return any((segment.end or FOREVER) > since.get(price.meter_key or "", FOREVER) for price in segment.prices)

    return tuple(segment for segment in segments if segment.looked_at(closed_until) or shares_with_open(segment))


def _kept_since(segments: Iterable[BillingSegment], closed_until: datetime) -> dict[str, datetime]:
    """By subscription, since when billed keys are kept although they are closed: a minimum spend by the year counts
    what its closed months came to until the year is closed."""
    found: dict[str, datetime] = {}
    for segment in segments:
        if segment.minimum:
            start = period_at(segment.anchor, segment.cadence, segment.zone, closed_until).start
            found[segment.subscription_id] = min(start, found.get(segment.subscription_id, start))
    return found


def _with_period_used(redemption: Redemption, at: datetime) -> Redemption:
    if redemption.left is None:
        return redemption
    left = redemption.left - 1
    return replace(redemption, left=left, ended_at=redemption.ended_at if left else at)
