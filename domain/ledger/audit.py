"""What has to hold of anybody's money, whatever was asked and recorded, by whichever release: nothing is credited
above itself; what notes take back goes somewhere; books, documents and ledger say the same; nothing is owed beside
credit that could settle it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from domain import events as e
from domain.books import Books
from domain.books.credit import CreditKind
from domain.books.invoice import CreditNote, Invoice, InvoiceStatus
from domain.books.payment import RefundTarget
from domain.exact import EXACT, ZERO, exact_sum
from domain.ledger.posting import LedgerAccount, Posting
from domain.tax import TaxLine

K = TypeVar("K")


def faults(books: Books, events: Iterable[object], posted: Iterable[Posting]) -> Iterator[str]:
    """Each as a sentence. `events`: all of the account, in order; `posted`: their entries."""
    invoices: dict[str, Invoice] = {}
    notes: dict[str, list[CreditNote]] = {}
    for event in events:
        if isinstance(event, e.InvoiceFinalized):
            invoices[event.invoice.id] = event.invoice
        elif isinstance(event, e.CreditNoteIssued):
            notes.setdefault(event.note.invoice_id, []).append(event.note)
    for id, invoice in invoices.items():
        yield from _over_credited(invoice, notes.get(id, []))
        yield from _credited_nowhere(books, invoice, notes.get(id, []))
        yield from _not_in_books(books, invoice, notes.get(id, []))
    yield from _balances(books, invoices, notes, posted)
    yield from _unspent(books)


# ── nothing above itself ─────────────────────────────────────────────────────────────────────────────────────────────
def _over_credited(invoice: Invoice, notes: Sequence[CreditNote]) -> Iterator[str]:
    """Where notes credit more than the invoice, one of its taxes or one of its lines comes to."""
    back = exact_sum(note.total for note in notes)
    if back > max(invoice.total, ZERO):
        yield f"invoice {invoice.number} of {invoice.total:f} is credited {back:f}"
    taxes = _sums(((tax.treatment, tax.inclusive), tax.amount) for note in notes for tax in note.tax)
    for tax in invoice.tax:
        levied = taxes.get((tax.treatment, tax.inclusive), ZERO)
        if not _within(levied, tax.amount):
            yield f"{_named(tax)} of {tax.amount:f} on invoice {invoice.number} is credited {levied:f}"
    nets = {line.id: line.amount - line.discount - line.credit for line in invoice.lines}
    taken = _sums((line.id, line.amount - line.discount - line.credit) for note in notes for line in note.lines)
    for id, amount in taken.items():
        if not _within(amount, nets.get(id, ZERO)):
            yield f"line {id} of {nets.get(id, ZERO):f} on invoice {invoice.number} is credited {amount:f}"


def _within(part: Decimal, whole: Decimal) -> bool:
    return min(whole, ZERO) <= part <= max(whole, ZERO)


def _named(tax: TaxLine) -> str:
    return f"{tax.treatment.name} {tax.treatment.percent:f} %"


def _credited_nowhere(books: Books, invoice: Invoice, notes: Sequence[CreditNote]) -> Iterator[str]:
    """What a note takes back lowers what is owed, or becomes credit, or documents an earlier refund."""
    nowhere = exact_sum(note.total - note.off - (note.credit.amount if note.credit else ZERO) for note in notes)
    refunded = exact_sum(
        refund.amount - refund.from_credit
        for payment in books.payments.values()
        if any(allocation.invoice_id == invoice.id for allocation in payment.allocations)
        for refund in payment.refunds
        if refund.failure is None
    )
    if nowhere > refunded:
        missing = EXACT.subtract(nowhere, refunded)
        yield f"{missing:f} of the credit notes of invoice {invoice.number} neither lowered what was owed nor went back"


# ── books = documents = ledger ───────────────────────────────────────────────────────────────────────────────────────
def _not_in_books(books: Books, invoice: Invoice, notes: Sequence[CreditNote]) -> Iterator[str]:
    owed = books.receivables.get(invoice.id)
    if owed is None:
        yield f"the books do not have invoice {invoice.number}"
        return
    if owed.total != invoice.total:
        yield f"invoice {invoice.number} comes to {invoice.total:f}, in the books to {owed.total:f}"
    if owed.due < 0:
        yield f"invoice {invoice.number} is owed {owed.due:f}"
    noted = exact_sum(note.total for note in notes)
    if owed.noted != noted:
        yield f"the credit notes of invoice {invoice.number} come to {noted:f}, in the books to {owed.noted:f}"


def _balances(
    books: Books, invoices: Mapping[str, Invoice], notes: Mapping[str, Sequence[CreditNote]], posted: Iterable[Posting]
) -> Iterator[str]:
    ledger = _sums(((posting.account, posting.currency), posting.amount) for posting in posted)
    expected = _sums(_amounts(books))
    stand = [invoice for id, invoice in invoices.items() if id in books.receivables and not _void(books, id)]
    expected |= _sums(((LedgerAccount.TAX, invoice.currency), -tax.amount) for invoice in stand for tax in invoice.tax)
    for invoice in stand:
        for note in notes.get(invoice.id, ()):
            key = (LedgerAccount.TAX, note.currency)
            expected[key] = EXACT.add(expected.get(key, ZERO), exact_sum(tax.amount for tax in note.tax))
    for account, currency in sorted(ledger.keys() | expected.keys()):
        if account in _COMPARED:
            in_ledger, in_books = (balances.get((account, currency), ZERO) for balances in (ledger, expected))
            if in_ledger != in_books:
                yield f"{account} is {in_ledger:f} {currency} in the ledger and {in_books:f} in the books"


_COMPARED = frozenset({LedgerAccount.RECEIVABLE, LedgerAccount.CREDIT_LIABILITY, LedgerAccount.CASH, LedgerAccount.TAX})


def _amounts(books: Books) -> Iterator[tuple[tuple[LedgerAccount, str], Decimal]]:
    for owed in books.receivables.values():
        yield (LedgerAccount.RECEIVABLE, owed.currency), owed.due
    for credit in books.credits.values():
        if credit.kind is CreditKind.PREPAID:
            yield (LedgerAccount.CREDIT_LIABILITY, credit.currency), -credit.remaining
    for payment in books.payments.values():
        if payment.settled_at is not None and payment.failure is None:
            yield (LedgerAccount.CASH, payment.currency), payment.amount
        for refund in payment.refunds:
            if refund.settled_at is not None and refund.to is RefundTarget.METHOD:
                yield (LedgerAccount.CASH, payment.currency), -refund.amount


def _void(books: Books, invoice_id: str) -> bool:
    return books.receivables[invoice_id].closed is InvoiceStatus.VOID


# ── law 12 ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _unspent(books: Books) -> Iterator[str]:
    """Credit settles what is open, except what buys credit and what is being charged."""
    busy = {
        allocation.invoice_id
        for payment in books.payments.values()
        if payment.settled_at is None and not payment.waiting
        for allocation in payment.allocations
    }
    prepaid = [credit for credit in books.credits.values() if credit.kind is CreditKind.PREPAID]
    left = _sums((credit.currency, credit.remaining) for credit in prepaid)
    for owed in books.open:
        if left.get(owed.currency, ZERO) > 0 and not owed.buys and owed.id not in busy:
            beside = f"beside {left[owed.currency]:f} {owed.currency} of prepaid credit"
            yield f"{owed.due:f} of invoice {owed.number} are owed {beside}"


def _sums(parts: Iterable[tuple[K, Decimal]]) -> dict[K, Decimal]:
    found: dict[K, Decimal] = {}
    for key, amount in parts:
        found[key] = EXACT.add(found.get(key, ZERO), amount)
    return found
