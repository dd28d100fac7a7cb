"""What has to hold of a life that was lived. Each fault is a sentence."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from domain import events as e
from domain.account import Account
from domain.books.credit import CreditKind
from domain.books.invoice import InvoiceStatus
from domain.books.payment import RefundTarget
from domain.evolve import evolve_account
from domain.ledger import LedgerAccount, postings

from .live import Lived
from .lowering import lowered
from .reference.bill import Bill, bill
from .reference.taxes import rate


def faults(lived: Lived) -> list[str]:
    """None, if all is as it should be."""
    rates = [rate(head) for head in lived.life.heads("tax")]
    due = bill(lived.timeline.journal, lived.timeline.customer.currency, rates, lived.used)
    return [*_bounds(lived), *_ledger(lived), *_borne(lived, due), *lowered(lived, due), *_unspent(lived)]


# ── law 11 ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _borne(lived: Lived, due: Bill) -> Iterator[str]:
    """To the cent where nothing is taxed on top. Tax is rounded on each document, so it may be half a minor unit off
    for each of its groups."""
    life = lived.life
    due = bill(
        lived.timeline.journal, life.fact("currency", "EUR"), [rate(head) for head in life.heads("tax")], lived.used
    )
    expected = sum(due.borne.values(), Fraction(0))
    got = borne(lived)
    if not -due.doubt - due.refunded <= got - expected <= due.doubt and not life.heads("tax"):
        yield f"borne {_text(got)}, wanted {_text(expected)}: {_by_key(lived, due)}"
    off = got - expected - (due.tax or 0)
    if life.heads("tax") and due.tax is not None and not -due.tax_doubt - due.refunded <= off <= due.tax_doubt:
        yield f"borne {_text(got)}, wanted {_text(expected)} + {_text(due.tax)}: {_by_key(lived, due)}"


def borne(lived: Lived) -> Fraction:
    """What the customer's money went into: what was paid and not given back, and is not theirs to use. Credit given for
    nothing counts as paid; what is still owed, as what will be."""
    sums = Decimal(0)
    asked = [event.refund for _, event in lived.timeline.journal if isinstance(event, e.RefundRequested)]
    refunds = {refund.id: refund for refund in asked}
    taken = {(burn.credit_id, burn.amount) for refund in asked for burn in refund.taken}
    applied: dict[str, Decimal] = {}
    for _, event in lived.timeline.journal:
        match event:
            case e.PaymentRecorded(payment=payment):
                sums += payment.amount
            case e.PaymentSucceeded(payment_id=id):
                sums += lived.timeline.account.books.payments[id].amount
            case e.RefundSettled(refund_id=id) if refunds[id].to is RefundTarget.METHOD:
                sums -= refunds[id].amount
            case e.CreditApplied(invoice_id=id, burns=burns):
                applied[id] = applied.get(id, Decimal(0)) + sum(burn.amount for burn in burns)
            case e.InvoiceVoided(invoice_id=id, returned=returned):  # what has expired since, has expired
                back = sum(burn.amount for burn in returned if _prepaid(lived, burn.credit_id))
                sums -= applied.get(id, Decimal(0)) - back
            case e.CreditGranted(credit=credit) if credit.kind is CreditKind.PREPAID:
                sums += credit.amount
            case e.CreditVoided(credit_id=id, amount=amount) | e.CreditExpired(credit_id=id, amount=amount):
                sums -= amount if _prepaid(lived, id) and (id, amount) not in taken else 0
    books = lived.timeline.account.books
    left = sum((credit.remaining for credit in books.credits.values() if credit.kind is CreditKind.PREPAID), Decimal(0))
    owed = sum((receivable.due for receivable in books.receivables.values()), Decimal(0))
    return Fraction(sums - left + owed)


def _prepaid(lived: Lived, credit_id: str) -> bool:
    return lived.timeline.account.books.credits[credit_id].kind is CreditKind.PREPAID


def _by_key(lived: Lived, due: Bill) -> str:
    """Where the documents and the reference part."""
    billed: dict[str, Decimal] = {}
    void = {owed.id for owed in lived.timeline.account.books.receivables.values() if owed.closed is InvoiceStatus.VOID}
    for invoice in lived.timeline.invoices:
        for line in invoice.lines if invoice.id not in void else ():
            billed[line.key] = billed.get(line.key, Decimal(0)) + line.amount
    for note in lived.timeline.notes:
        for line in note.lines:
            billed[line.key] = billed.get(line.key, Decimal(0)) - line.amount
    parts = [
        f"{key} {_text(Fraction(billed.get(key, Decimal(0))))} for {_text(due.borne.get(key, Fraction(0)))}"
        for key in sorted(billed.keys() | due.borne.keys())
        if Fraction(billed.get(key, Decimal(0))) != due.borne.get(key, 0)
    ]
    return "; ".join(parts) or "the documents agree"


# ── law 12 ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _unspent(lived: Lived) -> Iterator[str]:
    if lived.unspent:
        yield f"unspent at {lived.unspent[0]}"


# ── the bounds ───────────────────────────────────────────────────────────────────────────────────────────────────────
def _bounds(lived: Lived) -> Iterator[str]:
    """Nothing is credited above itself: line by line, tax by tax, invoice by invoice."""
    notes: dict[str, list] = {}
    for note in lived.timeline.notes:
        notes.setdefault(note.invoice_id, []).append(note)
        if note.total <= 0 or note.off < 0:
            yield f"note {note.number} comes to {note.total}, {note.off} off"
    for invoice in lived.timeline.invoices:
        own = notes.get(invoice.id, [])
        if invoice.total < 0:
            yield f"invoice {invoice.number} comes to {invoice.total}"
        if (back := sum(note.total for note in own)) > invoice.total:
            yield f"invoice {invoice.number} of {invoice.total} is credited {back}"
        nets = {line.id: line.amount - line.discount - line.credit for line in invoice.lines}
        backs: dict[str, Decimal] = {}
        for note in own:
            for line in note.lines:
                backs[line.id] = backs.get(line.id, Decimal(0)) + line.amount - line.discount - line.credit
        for id, amount in backs.items():
            if id not in nets or not min(nets[id], 0) <= amount <= max(nets[id], 0):
                yield f"a line of {nets.get(id)} on {invoice.number} is credited {amount}"
        for tax in invoice.tax:
            back = sum(
                t.amount for n in own for t in n.tax if (t.treatment, t.inclusive) == (tax.treatment, tax.inclusive)
            )
            base = sum(
                t.base for n in own for t in n.tax if (t.treatment, t.inclusive) == (tax.treatment, tax.inclusive)
            )
            if not min(tax.amount, 0) <= back <= max(tax.amount, 0) or not min(tax.base, 0) <= base <= max(tax.base, 0):
                yield f"tax of {tax.amount} on {tax.base} on {invoice.number} is credited {back} on {base}"
    for credit in lived.timeline.account.books.credits.values():
        if not 0 <= credit.remaining <= credit.amount:
            yield f"credit {credit.id} of {credit.amount} holds {credit.remaining}"
    for owed in lived.timeline.account.books.receivables.values():
        if owed.due < 0:
            yield f"invoice {owed.number} is owed {owed.due}"


# ── books = documents = ledger ───────────────────────────────────────────────────────────────────────────────────────
def _ledger(lived: Lived) -> Iterator[str]:
    """The journal folded again, with an entry for each event."""
    account, sums = Account(), dict.fromkeys(LedgerAccount, Decimal(0))
    for at, event in lived.timeline.journal:
        before, account = account, evolve_account(account, event, at)
        for posting in postings(before, event, account, at):
            sums[posting.account] += posting.amount
    if account != lived.timeline.account:
        yield "the journal folded again gives another account"
    owed = sum((receivable.due for receivable in account.books.receivables.values()), Decimal(0))
    left = sum(
        (credit.remaining for credit in account.books.credits.values() if credit.kind is CreditKind.PREPAID), Decimal(0)
    )
    tax = sum((tax.amount for receivable in account.books.receivables.values() for tax in receivable.tax), Decimal(0))
    if sums[LedgerAccount.RECEIVABLE] != owed:
        yield f"the ledger says {sums[LedgerAccount.RECEIVABLE]} is owed, the books {owed}"
    if -sums[LedgerAccount.CREDIT_LIABILITY] != left:
        yield f"the ledger says {-sums[LedgerAccount.CREDIT_LIABILITY]} is prepaid, the books {left}"
    if (balance := sum(sums.values())) != 0:
        yield f"the ledger is off by {balance}"
    void = {
        receivable.id for receivable in account.books.receivables.values() if receivable.closed is InvoiceStatus.VOID
    }
    tax = sum(t.amount for invoice in lived.timeline.invoices if invoice.id not in void for t in invoice.tax)
    tax -= sum(t.amount for note in lived.timeline.notes if note.invoice_id not in void for t in note.tax)
    if -sums[LedgerAccount.TAX] != tax:
        yield f"the ledger says {-sums[LedgerAccount.TAX]} of tax, the documents {tax}"


def _text(amount: Fraction) -> str:
    return f"{float(amount):.3f}".rstrip("0").rstrip(".")
