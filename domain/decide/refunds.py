"""Refunds: a payment given back, to the method it came from or as credit.

A refund does not reopen the invoice. Whoever takes the invoice back writes a credit note, which turns what was paid
into credit, and refunds that; a refund without one is goodwill. Credit that the payment had brought (in excess, by a
credit note, or bought) is taken back first, and what of it has been used cannot be refunded (published case D06).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from msgspec.structs import replace

from domain import commands as c
from domain import events as e
from domain.books import Books
from domain.books.credit import Burn, Credit, CreditKind
from domain.books.invoice import InvoiceStatus, Receivable
from domain.books.line import LineKind
from domain.books.payment import MANUAL, Allocation, Payment, Refund, RefundTarget
from domain.decide.credits import check_amount
from domain.errors import ErrorCode, Refusal, invalid
from domain.exact import ZERO, exact_sum
from domain.identity import derived_id
from domain.money import rounded
from domain.policy import Rounding
from domain.wording import REASON_CHARS_MAX, check_length


class _Brought(NamedTuple):
    """Credit that the payment brought: refunding `money` takes back `money` / `rate` of it."""

    credit: Credit
    money: Decimal
    rate: Fraction = Fraction(1)


def refund(books: Books, command: c.RefundPayment, at: datetime) -> Sequence[e.MoneyEvent]:
    """Raises Refusal."""
    payment = _refundable(books, command.payment_id)
    if any(refund.id == command.refund_id for refund in payment.refunds):
        raise Refusal(ErrorCode.ALREADY_EXISTS, "the refund exists already", "refund_id")
    check_length(command.reason, REASON_CHARS_MAX, "reason")
    refund, voided = _asked(books, payment, command, at)
    return [*voided, e.RefundRequested(refund), *_at_once(payment, refund, at)]


def record_refund(books: Books, command: c.RecordRefund, at: datetime) -> Sequence[e.MoneyEvent]:
    """The money has gone already, so nobody is asked for it. Refused all the same where the books do not allow it, as
    when what it paid for has been used: that is for people to see to. Raises Refusal."""
    payment = _refundable(books, command.payment_id)
    if any(refund.id == command.refund_id for refund in payment.refunds):
        return []
    told = c.RefundPayment(command.refund_id, payment.id, command.amount, RefundTarget.METHOD, command.reason)
    refund, voided = _asked(books, payment, told, at)
    refund = replace(refund, reference=command.reference)
    return [*voided, e.RefundRequested(refund), e.RefundSettled(refund.id, payment.id)]


def _asked(
    books: Books, payment: Payment, command: c.RefundPayment, at: datetime
) -> tuple[Refund, Sequence[e.CreditVoided]]:
    """The refund, and the credit that it takes back."""
    brought = list(_brought(books, payment))
    most = min(
        payment.amount - payment.refunded,
        _without_credit(books, payment) + exact_sum(source.money for source in brought),
    )
    if most <= 0:
        raise Refusal(ErrorCode.CONFLICT, "nothing is left of the payment that could be refunded", "payment_id")
    amount = most if command.amount is None else check_amount(command.amount, payment.currency, "amount")
    if amount > most:
        raise invalid(f"must be at most the {most:f} that is left of the payment, without credit used since", "amount")
    taken, from_credit = _taken(brought, amount, payment.currency)
    refund = Refund(
        id=command.refund_id,
        payment_id=payment.id,
        amount=amount,
        to=command.to,
        created_at=at,
        reason=command.reason,
        from_credit=from_credit,
        taken=taken,
    )
    return refund, [e.CreditVoided(burn.credit_id, burn.amount) for burn in taken]


def settle_refund(books: Books, command: c.SettleRefund, at: datetime) -> Sequence[e.MoneyEvent]:
    """The first answer counts. What a failed refund had taken is given back. Raises Refusal."""
    payment = _payment(books, command.payment_id)
    refund = next((refund for refund in payment.refunds if refund.id == command.refund_id), None)
    if refund is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such refund", "refund_id")
    if refund.settled_at is not None or refund.failure is not None:
        return []
    if command.failure is None:
        return [e.RefundSettled(refund.id, payment.id)]
    return [e.RefundFailed(refund.id, payment.id, command.failure), *_given_back(books, refund, at)]


def _refundable(books: Books, payment_id: str) -> Payment:
    payment = _payment(books, payment_id)
    if payment.settled_at is None or payment.failure is not None:
        raise Refusal(
            ErrorCode.CONFLICT, f"the payment is {payment.status}: there is no money to give back", "payment_id"
        )
    for allocation in payment.allocations:
        owed = books.receivables[allocation.invoice_id]
        if owed.buys and owed.status is InvoiceStatus.OPEN:
            told = f"it pays invoice {owed.number}, which gives its credit once it is paid: write that off first"
            raise Refusal(ErrorCode.CONFLICT, told, "payment_id")
    return payment


def _payment(books: Books, id: str) -> Payment:
    if (payment := books.payments.get(id)) is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such payment", "payment_id")
    return payment


def _at_once(payment: Payment, refund: Refund, at: datetime) -> Iterator[e.RefundSettled]:
    """Credit is given here and now; money that came by bank is sent back by bank, by whoever records this."""
    if refund.to is RefundTarget.CREDIT:
        id = derived_id("credit", at, refund.id)
        reason, amount = refund.reason or "refund", refund.amount
        credit = Credit(id, CreditKind.PREPAID, payment.currency, amount, amount, reason, at, source=refund.id)
        yield e.RefundSettled(refund.id, payment.id, credit)
    elif payment.provider == MANUAL:
        yield e.RefundSettled(refund.id, payment.id)


def _given_back(books: Books, refund: Refund, at: datetime) -> Iterator[e.CreditGranted]:
    for burn in refund.taken:
        credit = books.credits[burn.credit_id]
        yield e.CreditGranted(
            replace(
                credit,
                id=derived_id("credit", at, refund.id, credit.id),
                amount=burn.amount,
                remaining=burn.amount,
                granted_at=at,
                voided_at=None,
                expired_at=None,
            )
        )


# ── what a payment brought ───────────────────────────────────────────────────────────────────────────────────────────
def _brought(books: Books, payment: Payment) -> Iterator[_Brought]:
    """What is left of the credit, as far as this payment paid for it."""
    yield from (_Brought(credit, credit.remaining) for credit in _from(books, payment.id))
    for allocation in payment.allocations:
        owed = books.receivables[allocation.invoice_id]
        most = _returned(owed, allocation)
        for note_id in owed.notes:
            for credit in _from(books, note_id):
                money = min(credit.remaining, most)
                most -= money
                yield _Brought(credit, money)
        most = _bought(owed, allocation)
        if most:
            rate = _sold(owed) / Fraction(exact_sum(credit.amount for credit in owed.buys))
            for credit in _from(books, owed.id):
                money = min(rounded(Fraction(credit.remaining) * rate, owed.currency, Rounding.DOWN), most)
                most -= money
                yield _Brought(credit, money, rate)


def _from(books: Books, source: str) -> Iterator[Credit]:
    return (credit for credit in books.credits.values() if credit.source == source and credit.remaining)


def _without_credit(books: Books, payment: Payment) -> Decimal:
    """What the payment paid for otherwise, less what was refunded of that."""
    paid = ZERO
    for allocation in payment.allocations:
        owed = books.receivables[allocation.invoice_id]
        paid += allocation.amount - _bought(owed, allocation) - _returned(owed, allocation)
    return paid - exact_sum(refund.amount - refund.from_credit for refund in payment.refunds if refund.failure is None)


def _returned(owed: Receivable, allocation: Allocation) -> Decimal:
    """What credit notes have made credit of it."""
    return min(owed.returned, allocation.amount - _bought(owed, allocation))


def _bought(owed: Receivable, allocation: Allocation) -> Decimal:
    """How much of the allocation bought credit: its share of the invoice."""
    if not owed.buys:
        return ZERO
    return rounded(Fraction(allocation.amount) * _sold(owed) / Fraction(owed.total), owed.currency)


def _sold(owed: Receivable) -> Fraction:
    """What the lines that sell credit come to, with their tax."""
    sold = Fraction(0)
    for line in owed.lines:
        if line.kind is LineKind.CREDIT:
            tax = owed.tax[line.tax]
            levied = Fraction(tax.amount) / Fraction(tax.base) if tax.base and not tax.inclusive else 0
            sold += Fraction(line.net) * (1 + levied)
    return sold


def _taken(brought: Sequence[_Brought], amount: Decimal, currency: str) -> tuple[tuple[Burn, ...], Decimal]:
    """The credit to take back for a refund of `amount`, and how much of the refund that accounts for."""
    rest, taken = amount, []
    for source in brought:
        money = min(rest, source.money)
        whole = money == rounded(Fraction(source.credit.remaining) * source.rate, currency, Rounding.DOWN)
        credit = source.credit.remaining if whole else rounded(Fraction(money) / source.rate, currency)
        if credit and money:
            taken.append(Burn(source.credit.id, min(credit, source.credit.remaining)))
            rest -= money
    return tuple(taken), amount - rest
