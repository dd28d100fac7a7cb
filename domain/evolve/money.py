"""The fold of money events into the books, and what rights have to know of them."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from domain import events as e
from domain.account import Account, Owing
from domain.books import Books
from domain.books.books import Billed, Link, Part
from domain.books.credit import Burn, Credit, CreditKind
from domain.books.debt import debts
from domain.books.invoice import CreditNote, Invoice, InvoiceStatus, OwedLine, Receivable
from domain.books.line import ZERO, Line, LineKind
from domain.books.payment import Allocation, Payment
from domain.books.redemption import Redemption
from domain.books.stretch import Stretch
from domain.exact import exact_sum
from domain.money import rounded
from domain.period import Period, period_at
from domain.tax import Treatment

BY_HAND = frozenset({LineKind.ITEM, LineKind.CREDIT})
"""Lines that nothing is wanted for: they are billed once, as they stand."""


def evolve_money(account: Account, event: e.MoneyEvent, at: datetime) -> Account:
    books = _books(account.books, event, at)
    suspended_at = account.owing.suspended_at
    if isinstance(event, e.BillingSuspended):
        suspended_at = at
    elif isinstance(event, e.BillingRestored):
        suspended_at = None
    return replace(account, books=books, owing=owing(books, suspended_at), prepaid=prepaid(books))


def owing(books: Books, suspended_at: datetime | None) -> Owing:
    """What rights and the billing status have to know."""
    amounts: dict[str, Decimal] = {}
    due_at: datetime | None = None
    rights_until: datetime | None = None
    for one in books.open:
        amounts[one.currency] = exact_sum((amounts.get(one.currency, ZERO), one.due))
        fell_due = one.fell_due_at
        due_at = min(due_at or fell_due, fell_due)
        rights_until = min(rights_until or fell_due + one.dunning.grace, fell_due + one.dunning.grace)
    attempts = [one.next_attempt_at for one in books.open if one.next_attempt_at is not None]
    parts = sorted((part for one in books.open for part in debts(one)), key=lambda part: (part.due_at, part.currency))
    return Owing(
        amounts=dict(sorted(amounts.items())),
        due_at=due_at,
        rights_until=rights_until,
        next_attempt_at=min(attempts, default=None),
        suspended_at=suspended_at,
        debts=tuple(parts),
    )


def prepaid(books: Books) -> dict[str, Decimal]:
    """Prepaid credit that is left, by currency."""
    found: dict[str, Decimal] = {}
    for credit in books.credits.values():
        if credit.kind is CreditKind.PREPAID and credit.remaining:
            found[credit.currency] = exact_sum((found.get(credit.currency, ZERO), credit.remaining))
    return dict(sorted(found.items()))


def _books(books: Books, event: e.MoneyEvent, at: datetime) -> Books:
    match event:
        case e.ItemAdded(item=item):
            return replace(books, items=(*books.items, item))
        case e.ItemRemoved(item_id=id):
            return replace(books, items=tuple(item for item in books.items if item.id != id))
        case e.LineAdjusted(adjustment=adjustment):
            others = tuple(one for one in books.adjustments if one.key != adjustment.key)
            return replace(books, adjustments=(*others, adjustment))
        case e.InvoiceFinalized():
            return _finalized(books, event)
        case e.BillingClosed(until=until, corrections_from=corrections_from):
            return _closed(books, until, corrections_from)
        case e.InvoiceVoided():
            return _voided(books, event, at)
        case e.InvoiceWrittenOff(invoice_id=id):
            forgiven = _forgiven(books, books.receivables[id])
            return _owed(forgiven, id, closed=InvoiceStatus.UNCOLLECTIBLE, next_attempt_at=None)
        case e.InstalmentsPlanned(invoice_id=id, instalments=instalments):
            return _owed(books, id, instalments=instalments, attempts=0, next_attempt_at=None)
        case e.CreditNoteIssued():
            return _credit_noted(books, event)
        case e.CreditGranted(credit=credit):
            return _given(books, credit)
        case e.CreditVoided(credit_id=id, amount=amount):
            credit = books.credits[id]
            left = credit.remaining - amount
            voided_at = credit.voided_at if left else at
            return _given(books, replace(credit, remaining=left, voided_at=voided_at))
        case e.CreditExpired(credit_id=id):
            return _given(books, replace(books.credits[id], remaining=ZERO, expired_at=at))
        case e.CreditApplied(invoice_id=id, burns=burns):
            amount = exact_sum(burn.amount for burn in burns)
            applied = _owed(books, id, prepaid=(*books.receivables[id].prepaid, *burns))
            return _paid(_burned(applied, burns), (Allocation(id, amount),), at)
        case e.CouponRedeemed(redemption=redemption):
            return replace(books, redemptions=(*books.redemptions, redemption))
        case e.CouponRemoved(redemption_id=id):
            return replace(
                books,
                redemptions=tuple(replace(r, ended_at=at) if r.id == id else r for r in books.redemptions),
            )
        case e.MethodAdded(method=method, default=default):
            chosen = method.id if default or books.method is None else books.default_method_id
            return replace(books, methods=(*books.methods, method), default_method_id=chosen)
        case e.MethodRemoved(method_id=id):
            return replace(
                books,
                methods=tuple(replace(one, removed_at=at) if one.id == id else one for one in books.methods),
                default_method_id=None if books.default_method_id == id else books.default_method_id,
            )
        case e.MethodUpdated(method_id=id, label=label, expires=expires):
            now = (replace(one, label=label, expires=expires) if one.id == id else one for one in books.methods)
            return replace(books, methods=tuple(now))
        case e.MethodDefaulted(method_id=id):
            return replace(books, default_method_id=id)
        case e.PaymentRequested(payment=payment):
            if not payment.by_hand:
                for allocation in payment.allocations:
                    books = _owed(books, allocation.invoice_id, next_attempt_at=None)
            return _with_payment(books, payment)
        case e.PaymentNeedsAction(payment_id=id, action=action):
            waiting = replace(books.payments[id], action=action or "", action_since=at)
            return _with_payment(books, waiting)
        case e.PaymentSucceeded():
            return _payment_succeeded(books, event, at)
        case e.PaymentFailed():
            return _payment_failed(books, event, at)
        case e.PaymentRecorded(payment=payment, credit=credit):
            books = _paid(_with_payment(books, payment), payment.allocations, at)
            return books if credit is None else _given(books, credit)
        case e.RefundRequested(refund=refund):
            payment = books.payments[refund.payment_id]
            return _with_payment(books, replace(payment, refunds=(*payment.refunds, refund)))
        case e.RefundSettled(refund_id=id, payment_id=payment_id, credit=credit):
            books = _refund(books, payment_id, id, settled_at=at, credit_id=credit.id if credit else None)
            return books if credit is None else _given(books, credit)
        case e.RefundFailed(refund_id=id, payment_id=payment_id, failure=failure):
            return _refund(books, payment_id, id, failure=failure)
        case e.BillingSuspended() | e.BillingRestored():
            return books
        case e.ProviderLinked(provider=provider, reference=reference):
            return replace(books, links={**books.links, provider: Link(reference, at)})
        case e.ProviderUnlinked(provider=provider):
            return replace(books, links={name: link for name, link in books.links.items() if name != provider})
        case e.ProviderDrifted(provider=provider, drift=drift):
            return replace(books, links={**books.links, provider: replace(books.links[provider], drift=drift)})


# ── invoices ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _finalized(books: Books, event: e.InvoiceFinalized) -> Books:
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
    books = _burned(books, invoice.credits)
    if invoice.until is None or invoice.corrections_from is None:
        return books
    return _closed(books, invoice.until, invoice.corrections_from)


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


def _closed(books: Books, until: datetime, corrections_from: datetime) -> Books:
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


def _unused(redemption: Redemption) -> Redemption:
    """A coupon that had come to its end with that period goes on; one that was removed does not."""
    used_up = redemption.left == 0
    left = None if redemption.left is None else redemption.left + 1
    return replace(redemption, left=left, ended_at=None if used_up else redemption.ended_at)


def _voided(books: Books, event: e.InvoiceVoided, at: datetime) -> Books:
    owed = books.receivables[event.invoice_id]
    books = _forgiven(books, owed, rebill=event.rebill)
    if event.rebill:
        returned = (_unused(one) if one.id in owed.used else one for one in books.redemptions)
        books = replace(books, redemptions=tuple(returned), bill_at=at)
    for burn in event.returned:
        credit = books.credits[burn.credit_id]
        # Also one that was taken back in the meantime: what was used of it was not.
        books = _given(books, replace(credit, remaining=credit.remaining + burn.amount, voided_at=None))
    return _owed(books, owed.id, closed=InvoiceStatus.VOID, next_attempt_at=None)


def _forgiven(books: Books, owed: Receivable, *, rebill: bool = False) -> Books:
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


def _credit_noted(books: Books, event: e.CreditNoteIssued) -> Books:
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
    books = _owed(
        books,
        owed.id,
        lines=tuple(replace(one, credited=one.credited + taken.get(one.id, ZERO)) for one in owed.lines),
        taken_back=tuple(back),
        credited=owed.credited + note.off,
        returned=owed.returned + (note.credit.amount if note.credit else ZERO),
        notes=(*owed.notes, note.id),
    )
    return books if note.credit is None else _given(books, note.credit)


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


# ── payments ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _payment_succeeded(books: Books, event: e.PaymentSucceeded, at: datetime) -> Books:
    payment = books.payments[event.payment_id]
    settled = replace(
        payment,
        settled_at=at,
        failure=None,  # the money is there, whatever was heard before
        action=None,
        reference=event.reference or payment.reference,
        allocations=event.allocations,
        to_credit=event.credit.amount if event.credit else ZERO,
    )
    books = _paid(_with_payment(books, settled), event.allocations, at)
    return books if event.credit is None else _given(books, event.credit)


def _payment_failed(books: Books, event: e.PaymentFailed, at: datetime) -> Books:
    payment = books.payments[event.payment_id]
    for allocation in payment.allocations:
        owed = books.receivables[allocation.invoice_id]
        attempts = owed.attempts + (not payment.by_hand)
        books = _owed(books, owed.id, attempts=attempts, next_attempt_at=event.next_attempt_at)
    return _with_payment(books, replace(payment, settled_at=at, failure=event.failure, action=None))


def _paid(books: Books, allocations: Iterable[Allocation], at: datetime) -> Books:
    for one in allocations:
        owed = books.receivables[one.invoice_id]
        owed = replace(owed, paid=owed.paid + one.amount)
        if owed.closed is InvoiceStatus.UNCOLLECTIBLE and not owed.unpaid:
            owed = replace(owed, closed=None)  # paid after all
        if owed.due <= 0:
            owed = replace(owed, next_attempt_at=None)
        elif owed.instalments and owed.fell_due_at > at:
            owed = replace(owed, attempts=0, next_attempt_at=None)  # the next instalment is collected anew
        books = replace(books, receivables={**books.receivables, owed.id: owed})
    return books


def _with_payment(books: Books, payment: Payment) -> Books:
    return replace(books, payments={**books.payments, payment.id: payment})


def _refund(books: Books, payment_id: str, refund_id: str, **changes: Any) -> Books:
    payment = books.payments[payment_id]
    refunds = tuple(replace(one, **changes) if one.id == refund_id else one for one in payment.refunds)
    return _with_payment(books, replace(payment, refunds=refunds))


# ── credits ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _given(books: Books, credit: Credit) -> Books:
    return replace(books, credits={**books.credits, credit.id: credit})


def _burned(books: Books, burns: Iterable[Burn]) -> Books:
    for burn in burns:
        credit = books.credits[burn.credit_id]
        books = _given(books, replace(credit, remaining=credit.remaining - burn.amount))
    return books


def _owed(books: Books, invoice_id: str, **changes: Any) -> Books:
    owed = replace(books.receivables[invoice_id], **changes)
    return replace(books, receivables={**books.receivables, invoice_id: owed})
