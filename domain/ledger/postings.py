"""The entry of each event.

What customers owe and what they have prepaid are read off the books, as they were before the event and as they are
after it; the event says where the other side belongs. So those two accounts cannot part from the books. An entry that
does not balance is a mistake of ours, and stops the command that made it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from domain import events as e
from domain.account import Account
from domain.books import Books
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import InvoiceStatus, Receivable
from domain.books.payment import Payment, RefundTarget
from domain.exact import ZERO, exact_sum
from domain.ledger.documents import Share, of_document, of_receivable, shares
from domain.ledger.posting import LedgerAccount, Posting
from domain.money import split

T = TypeVar("T")


def postings(before: Account, event: e.AccountEvent, after: Account, at: datetime) -> tuple[Posting, ...]:
    """The balanced entry of an event that led from one state to the other; () if no money is concerned."""
    if before.books is after.books:
        return ()
    moved = [*_receivable(before.books, after.books), *_credit(before.books, after.books)]
    entry = _joined_postings([*moved, *_other_side(before.books, event, after.books, at, moved)])
    assert _balances(entry), f"{type(event).__name__} does not balance: {entry}"
    return entry


# ── what the books say ───────────────────────────────────────────────────────────────────────────────────────────────
def _receivable(before: Books, after: Books) -> Iterator[Posting]:
    for id, old, new in _changed_entries(before.receivables, after.receivables):
        owed = new or old
        assert owed is not None
        change = (new.due if new else ZERO) - (old.due if old else ZERO)
        yield Posting(LedgerAccount.RECEIVABLE, owed.currency, change, id, owed.number)


def _credit(before: Books, after: Books) -> Iterator[Posting]:
    for id, old, new in _changed_entries(before.credits, after.credits):
        credit = new or old
        assert credit is not None
        if credit.kind is CreditKind.PREPAID:
            change = (old.remaining if old else ZERO) - (new.remaining if new else ZERO)
            yield Posting(LedgerAccount.CREDIT_LIABILITY, credit.currency, change, id)


def _changed_entries(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    for id in before.keys() | after.keys():
        old, new = before.get(id), after.get(id)
        if old is not new:
            yield id, old, new


# ── where the other side belongs ─────────────────────────────────────────────────────────────────────────────────────
def _other_side(
    before: Books, event: e.AccountEvent, after: Books, at: datetime, moved: Iterable[Posting]
) -> Iterator[Posting]:
    rest = exact_sum(posting.amount for posting in moved)  # a debit that something has to be credited for
    match event:
        case e.InvoiceFinalized(invoice=invoice):
            yield from _credits(shares(of_document(invoice), at), invoice.currency, invoice.id, invoice.number)
        case e.CreditNoteIssued(note=note):
            owed = before.receivables[note.invoice_id]
            yield from _debits(shares(of_document(note), at), note.currency, note.id, note.number)
            yield from _recovery_postings(owed, note.off)
            # What was refunded before anybody wrote this note was goodwill until now.
            refunded = note.total - note.off - (note.credit.amount if note.credit else ZERO)
            yield Posting(LedgerAccount.GOODWILL, note.currency, -refunded, note.id, note.number)
        case e.InvoiceVoided(invoice_id=id):
            yield from _void_postings(before.receivables[id], at, -rest)
        case e.InvoiceWrittenOff(invoice_id=id):
            owed = before.receivables[id]
            yield Posting(LedgerAccount.WRITE_OFF, owed.currency, -rest, id, owed.number)
        case e.CreditGranted(credit=credit):
            yield from _grant_postings(before, credit, -rest)
        case e.CreditVoided(credit_id=id):
            yield Posting(LedgerAccount.GOODWILL, before.credits[id].currency, -rest, id)
        case e.CreditExpired(credit_id=id):
            credit = before.credits[id]
            given = credit.source is None
            account = LedgerAccount.GOODWILL if given else LedgerAccount.REVENUE
            yield Posting(account, credit.currency, -rest, id)
        case e.CreditApplied(invoice_id=id):
            yield from _recovery_postings(before.receivables[id], rest)
        case e.PaymentSucceeded(payment_id=id) | e.PaymentRecorded(payment=Payment(id=id)):
            payment = after.payments[id]
            yield Posting(LedgerAccount.CASH, payment.currency, payment.amount, id)
            for allocation in payment.allocations:
                yield from _recovery_postings(before.receivables[allocation.invoice_id], allocation.amount)
        case e.RefundSettled(refund_id=id, payment_id=payment_id):
            payment = after.payments[payment_id]
            refund = next(refund for refund in payment.refunds if refund.id == id)
            cash = -refund.amount if refund.to is RefundTarget.METHOD else ZERO
            yield Posting(LedgerAccount.CASH, payment.currency, cash, id)
            yield Posting(LedgerAccount.GOODWILL, payment.currency, -rest - cash, id)
        case _:
            pass


def _recovery_postings(owed: Receivable, amount: Decimal) -> Iterator[Posting]:
    """What settles an invoice that was written off makes the loss smaller: it is not in the receivable any more."""
    if owed.closed is InvoiceStatus.UNCOLLECTIBLE:
        yield Posting(LedgerAccount.WRITE_OFF, owed.currency, -amount, owed.id, owed.number)


def _void_postings(owed: Receivable, at: datetime, credited: Decimal) -> Iterator[Posting]:
    """As if the invoice had never been. (One with a credit note, or that money was paid for, is not voided.) Credit
    that it had used and that expired meanwhile does not come back: that is revenue like all credit that expires."""
    yield from _debits(shares(of_receivable(owed), at), owed.currency, owed.id, owed.number)
    yield Posting(LedgerAccount.REVENUE, owed.currency, credited - owed.total, owed.id, owed.number)


def _grant_postings(before: Books, credit: Credit, amount: Decimal) -> Iterator[Posting]:
    """Bought credit was sold by its invoice; what it holds beyond its price is given away, as is all of a credit that
    nobody paid for."""
    owed = before.receivables.get(credit.source or "")
    paid = ZERO
    if owed is not None and any(bought.id == credit.id for bought in owed.buys):
        billed = shares(of_receivable(owed), owed.issued_at)
        sold = exact_sum(share.amount for share in billed if share.account is LedgerAccount.CREDIT_SOLD)
        by_credit = split(sold, [bought.amount for bought in owed.buys], owed.currency)
        paid = next(part for bought, part in zip(owed.buys, by_credit, strict=True) if bought.id == credit.id)
        yield Posting(LedgerAccount.CREDIT_SOLD, owed.currency, paid, owed.id, owed.number)
    yield Posting(LedgerAccount.GOODWILL, credit.currency, amount - paid, credit.id)


def _credits(found: Iterable[Share], currency: str, about: str, number: str) -> Iterator[Posting]:
    for share in found:
        yield Posting(share.account, currency, -share.amount, about, number, share.period)


def _debits(found: Iterable[Share], currency: str, about: str, number: str) -> Iterator[Posting]:
    for share in found:
        yield Posting(share.account, currency, share.amount, about, number, share.period)


# ── the entry ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _joined_postings(found: Iterable[Posting]) -> tuple[Posting, ...]:
    """One posting for each account, matter and period, in an order that depends on nothing else."""
    together: dict[Posting, Decimal] = {}
    for posting in found:
        same = replace(posting, amount=ZERO)
        together[same] = exact_sum((together.get(same, ZERO), posting.amount))
    return tuple(replace(same, amount=together[same]) for same in sorted(together, key=_order) if together[same])


def _order(posting: Posting) -> tuple[int, str, tuple[datetime, ...]]:
    span = () if posting.period is None else (posting.period.start, posting.period.end)
    return list(LedgerAccount).index(posting.account), posting.about, span


def _balances(entry: Iterable[Posting]) -> bool:
    sums: dict[str, Decimal] = {}
    for posting in entry:
        sums[posting.currency] = exact_sum((sums.get(posting.currency, ZERO), posting.amount))
    return not any(sums.values())
