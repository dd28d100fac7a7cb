"""What may become of a final invoice besides being paid: voided, written off, credited. The document stays as it is."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.account import Account
from domain.billing.credit_notes import credit_of_note, note_id
from domain.books import Books
from domain.books.credit import Burn
from domain.books.invoice import CreditNote, InvoiceStatus, OwedLine, Receivable
from domain.books.line import Line, LineKind, Step
from domain.errors import ErrorCode, Refusal
from domain.evolve.billed import BY_HAND
from domain.exact import EXACT, ONE, ZERO, exact_sum
from domain.totals.credit_note import credit_note_amounts
from domain.wording import REASON_CHARS_MAX, check_name


def decide_invoice(
    account: Account, command: c.VoidInvoice | c.WriteOffInvoice | c.IssueCreditNote, at: datetime
) -> Sequence[e.MoneyEvent]:
    """Voiding and writing off twice changes nothing (Lago #5495). Raises Refusal."""
    owed = account.books.receivables.get(command.invoice_id)
    if owed is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such final invoice", "invoice_id")
    match command:
        case c.VoidInvoice(rebill=rebill):
            return [] if owed.status is InvoiceStatus.VOID else [_voided(account.books, owed, at, rebill)]
        case c.WriteOffInvoice():
            return [] if owed.status is InvoiceStatus.UNCOLLECTIBLE else [_written_off(owed)]
        case c.IssueCreditNote():
            return [e.CreditNoteIssued(_note(account, owed, command, at))]


def _written_off(owed: Receivable) -> e.InvoiceWrittenOff:
    if owed.status is not InvoiceStatus.OPEN:
        raise _conflict(f"invoice {owed.number} is {owed.status}: there is nothing to write off")
    return e.InvoiceWrittenOff(owed.id)


# ── void ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _voided(books: Books, owed: Receivable, at: datetime, rebill: bool) -> e.InvoiceVoided:
    """As if it had never been, so no money and no other document may rest on it."""
    instead = "refund the payment or issue a credit note instead"
    if owed.status is not InvoiceStatus.OPEN:
        raise _conflict(f"invoice {owed.number} is {owed.status}: {instead}")
    by_credit = exact_sum(burn.amount for burn in owed.prepaid)
    if owed.paid > by_credit:
        raise _conflict(f"{EXACT.subtract(owed.paid, by_credit)} of invoice {owed.number} was paid: {instead}")
    if owed.credited:
        raise _conflict(f"invoice {owed.number} has a credit note: issue another one for the rest instead")
    if rebill and any(line.returned and (line.discount or line.credit) for line in owed.lines):
        message = (
            f"a later invoice has given back of what {owed.number} billed, with its coupons or credit: void that first"
        )
        raise Refusal(ErrorCode.CONFLICT, message, "rebill")
    if rebill and any(line.kind not in BY_HAND and line.key not in books.billed for line in owed.lines):
        message = f"what invoice {owed.number} billed is closed by now, and would not be billed anew"
        raise Refusal(ErrorCode.CONFLICT, message, "rebill")
    return e.InvoiceVoided(owed.id, tuple(_returned(books, owed, at)), rebill)


def _returned(books: Books, owed: Receivable, at: datetime) -> Iterator[Burn]:
    """The credit that it used, of both kinds (published case C13); what has expired meanwhile stays gone, and what came
    back before, with lines that were given back."""
    for burn in (*_unreleased(owed), *owed.prepaid):
        credit = books.credits[burn.credit_id]
        if credit.expired_at is None and (credit.expires_at is None or at < credit.expires_at):
            yield burn


def _unreleased(owed: Receivable) -> Iterator[Burn]:
    for burn in owed.credits:
        gone = exact_sum(release.amount for release in owed.released if release.credit_id == burn.credit_id)
        if burn.amount > gone:
            yield Burn(burn.credit_id, EXACT.subtract(burn.amount, gone))


# ── credit notes ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _note(account: Account, owed: Receivable, command: c.IssueCreditNote, at: datetime) -> CreditNote:
    """What was paid already becomes prepaid credit, which can be refunded from there. The number is taken when it is
    recorded."""
    assert account.customer is not None
    check_name(command.reason, "reason", chars_max=REASON_CHARS_MAX)
    if owed.status is InvoiceStatus.VOID:
        raise _conflict(f"invoice {owed.number} is void: nobody owes it")
    sold = [line.id for line in owed.lines if line.kind is LineKind.CREDIT and line.net != line.credited]
    named = sold if command.amounts is None else [id for id in sold if id in command.amounts]
    if named:
        raise _conflict(
            f"line {named[0]} sold prepaid credit: void the invoice while it is not paid, else refund the payment, "
            "which takes the credit back"
        )
    found = credit_note_amounts(owed, command.amounts)
    if found.total <= 0:
        raise _conflict(f"nothing is left to credit of invoice {owed.number}")
    id = note_id(account)
    off = min(found.total, EXACT.subtract(owed.total, EXACT.add(owed.paid, owed.credited)))
    described = {line.id: line for line in command.lines}
    return CreditNote(
        id=id,
        invoice_id=owed.id,
        invoice_number=owed.number,
        currency=owed.currency,
        lines=tuple(
            _line(owed, line, described.get(line.id), found.amounts[line.id], command.reason)
            for line in owed.lines
            if line.id in found.amounts
        ),
        tax=found.tax,
        subtotal=found.subtotal,
        total=found.total,
        reason=command.reason,
        issued_at=at,
        off=off,
        credit=credit_of_note(
            id, owed.currency, min(found.total - off, account.books.overpaid(owed, found.total)), command.reason, at
        ),
    )


def _line(owed: Receivable, line: OwedLine, described: Line | None, amount: Decimal, reason: str) -> Line:
    """The invoice's line as far as it goes back, so `amount` is without discount and credit."""
    tax = owed.tax[line.tax]
    own = Line(line.id, line.key, line.kind, reason, ONE, amount, line.serves) if described is None else described
    return replace(
        own,
        quantity=ONE,
        amount=amount,
        unit_amount=amount,
        tax_inclusive=tax.inclusive,
        price=None,
        steps=(Step(reason, ONE, amount, amount),),
        calculated=None,
        discount=ZERO,
        coupons=(),
        credit=ZERO,
        corrects=None,
        over=None,
        stands=None,
        treatment=tax.treatment,
    )


def _conflict(message: str) -> Refusal:
    return Refusal(ErrorCode.CONFLICT, message, "invoice_id")
