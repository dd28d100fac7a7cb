"""Collecting what is owed: the first attempt, the steps after a failed one, and what they end with.

Every open invoice goes through the same steps, whether or not there is a method to charge: a step without a usable
one asks nobody, and stands in the books as an attempt that failed for want of it, which is the customer's notice. So
dunning ends for everybody. Days are 24 hours.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from domain import events as e
from domain.account import Account
from domain.books import Books
from domain.books.invoice import Receivable
from domain.books.payment import NOBODY, Allocation, FailureCode, Method, Payment
from domain.exact import ZERO, exact_sum
from domain.identity import derived_id
from domain.period import FOREVER
from domain.policy import LastStep
from domain.seller import Dunning
from domain.subscription import EndReason

ACTION_WITHOUT_STEP = timedelta(days=1)
"""How long a payment waits for the customer to confirm it, if it is not followed by another step: then until that."""

REFUSED = frozenset({FailureCode.METHOD_REFUSED, FailureCode.METHOD_EXPIRED})
"""After these a method is not asked again by itself; a payment by hand may, and if it succeeds the method is good."""


# ── the schedule ─────────────────────────────────────────────────────────────────────────────────────────────────────
def next_attempt(dunning: Dunning, failed: int, at: datetime, fell_due_at: datetime | None = None) -> datetime | None:
    """When to try again after the failure at `at`, which was number `failed` (from 1). None: that was the last one.

    Intervals count from the attempt before (Polar's; published case D01): with (2, 5, 7, 7) and a first failure on day
    0 it is tried again on day 2, 7, 14 and 21. Grace keeps rights until it ends, so where the retries are over before,
    there is one more, when it does.
    """
    assert failed >= 1
    if failed <= len(dunning.retry_days):
        return at + timedelta(days=dunning.retry_days[failed - 1])
    if fell_due_at is not None and at < fell_due_at + dunning.grace:
        return fell_due_at + dunning.grace
    return None


def failed(
    account: Account, payment: Payment, failure: FailureCode, at: datetime, *, waited: bool = False
) -> e.PaymentFailed:
    """The pending payment has failed. What somebody tried by hand moves no step; what has `waited` for the customer
    until its next step takes that at once."""
    owed = account.books.receivables[payment.allocations[0].invoice_id]
    if payment.by_hand or owed.due <= 0:
        return e.PaymentFailed(payment.id, failure, owed.next_attempt_at)
    again = next_attempt(owed.dunning, owed.attempts + 1, at, owed.fell_due_at)
    if waited and owed.attempts < len(owed.dunning.retry_days):
        again = at
    return e.PaymentFailed(payment.id, failure, again)


def last_step(account: Account, event: e.PaymentFailed) -> Iterator[e.AccountEvent]:
    """What dunning ends with, if that was the last attempt and its invoice is still owed."""
    payment = account.books.payments[event.payment_id]
    owed = account.books.receivables[payment.allocations[0].invoice_id]
    if payment.by_hand or event.next_attempt_at is not None or owed.due <= 0:
        return
    match owed.dunning.last_step:
        case LastStep.SUSPEND:
            if account.owing.suspended_at is None:
                yield e.BillingSuspended(owed.id)
        case LastStep.CANCEL:
            for subscription in account.subscriptions:
                if subscription.ended_at is None:
                    for planned in subscription.scheduled:
                        yield e.ChangeWithdrawn(subscription.id, planned.id, "ended unpaid")
                    yield e.SubscriptionEnded(subscription.id, EndReason.UNPAID)
        case LastStep.LEAVE:
            pass


# ── asking for money ─────────────────────────────────────────────────────────────────────────────────────────────────
def pending_payment(books: Books, invoice_id: str) -> Payment | None:
    """The payment under way for this invoice: while there is one nothing else is charged for it (Polar #10653)."""
    return next(
        (payment for payment in _pending(books) if any(a.invoice_id == invoice_id for a in payment.allocations)), None
    )


def at_provider(books: Books, invoice_id: str) -> Payment | None:
    """The payment for this invoice that a provider is being asked for now, and not the customer."""
    payment = pending_payment(books, invoice_id)
    return None if payment is None or payment.waiting else payment


def charges_open(books: Books) -> bool:
    """Whether a provider is still to say what became of a charge."""
    return any(not payment.waiting for payment in _pending(books))


def usable_method(books: Books) -> Method | None:
    """The default method, unless the last that was heard of it is that it will not do."""
    method = books.method
    return None if method is None or _last_failure(books, method) in REFUSED else method


def collect(account: Account, owed: Receivable, at: datetime) -> e.PaymentRequested | None:
    """The charge for an invoice that has just become final. None: nothing is due, or there is nothing to charge; then
    it is asked for when it falls due."""
    method = usable_method(account.books)
    if method is None or owed.due <= 0 or pending_payment(account.books, owed.id) is not None:
        return None
    return e.PaymentRequested(_attempt(owed, method.provider, method.id, owed.due, at))


def collect_with(account: Account, method: Method, at: datetime) -> list[e.PaymentRequested]:
    """A new default method is tried at once on what is overdue or has failed before. If it fails too, the steps go on
    as they were planned."""
    return [
        e.PaymentRequested(
            Payment(
                id=derived_id("payment", at, owed.id, method.id),
                amount=amount,
                currency=owed.currency,
                provider=method.provider,
                created_at=at,
                allocations=(Allocation(owed.id, amount),),
                method_id=method.id,
                by_hand=True,
            )
        )
        for owed in account.books.open
        if (owed.attempts or owed.fell_due_at <= at)
        and pending_payment(account.books, owed.id) is None
        and (amount := _fallen_due(owed, at))
    ]


# ── what falls due by itself ─────────────────────────────────────────────────────────────────────────────────────────
def next_money_due(account: Account) -> datetime | None:
    """When something next comes of the books alone."""
    return min((instant for instant, _, _ in _dues(account)), default=None)


def money_due(account: Account, at: datetime) -> Sequence[e.AccountEvent]:
    """The events of the first thing that falls due by `at`, which is then due no more; of none: nothing. Call it with
    what `next_money_due` said, fold, and ask again."""
    found = min((due for due in _dues(account) if due[0] <= at), key=lambda due: due[:2], default=None)
    if found is None:
        return ()
    _, _, about = found
    match about:
        case Receivable():
            return _step(account, about, at)
        case Payment():
            return [failed(account, about, FailureCode.ACTION_REQUIRED, at, waited=True)]
        case credit_id:
            return [e.CreditExpired(credit_id, account.books.credits[credit_id].remaining)]


def _dues(account: Account) -> Iterator[tuple[datetime, int, Receivable | Payment | str]]:
    """(when, its place among those of the same instant, what): expiries, then what waited too long, then attempts."""
    books, places = account.books, count()
    if account.customer is None or account.customer.erased_at is not None:
        return
    for credit in books.credits.values():
        if credit.remaining and credit.expires_at is not None and credit.expires_at < FOREVER:
            yield credit.expires_at, next(places), credit.id
    pending = list(_pending(books))
    for payment in pending:
        if payment.waiting:
            yield _waits_until(books, payment), next(places), payment
    busy = {allocation.invoice_id for payment in pending for allocation in payment.allocations}
    for owed in books.open:
        if owed.id not in busy and (instant := _next_step(owed)) is not None:
            yield instant, next(places), owed


def _next_step(owed: Receivable) -> datetime | None:
    if owed.next_attempt_at is None:
        return None if owed.attempts else owed.fell_due_at
    return max(owed.next_attempt_at, owed.fell_due_at) if owed.instalments else owed.next_attempt_at


def _waits_until(books: Books, payment: Payment) -> datetime:
    """The last automatic attempt waits as long as the one before it did."""
    since = payment.action_since or payment.created_at
    days = books.receivables[payment.allocations[0].invoice_id].dunning.retry_days
    if payment.by_hand or not days:
        return since + ACTION_WITHOUT_STEP
    return since + timedelta(days=days[min(payment.attempt, len(days) - 1)])


def _step(account: Account, owed: Receivable, at: datetime) -> list[e.AccountEvent]:
    books = account.books
    amount = _fallen_due(owed, at)
    method = usable_method(books)
    if method is not None:
        return [e.PaymentRequested(_attempt(owed, method.provider, method.id, amount, at))]
    told = books.method and _last_failure(books, books.method)
    payment = _attempt(owed, NOBODY, books.default_method_id, amount, at)
    return [e.PaymentRequested(payment), failed(account, payment, told or FailureCode.NO_METHOD, at)]


def _attempt(owed: Receivable, provider: str, method_id: str | None, amount: Decimal, at: datetime) -> Payment:
    return Payment(
        id=derived_id("payment", at, owed.id, owed.attempts),
        amount=amount,
        currency=owed.currency,
        provider=provider,
        created_at=at,
        allocations=(Allocation(owed.id, amount),),
        method_id=method_id,
        attempt=owed.attempts,
    )


def _fallen_due(owed: Receivable, at: datetime) -> Decimal:
    """How much of it is to be paid by `at`: of an instalment plan what has fallen due, else all."""
    if not owed.instalments:
        return owed.due
    later = exact_sum(instalment.amount for instalment in owed.instalments if instalment.due_at > at)
    return max(ZERO, owed.due - later)


def _pending(books: Books) -> Iterator[Payment]:
    return (payment for payment in books.payments.values() if payment.settled_at is None)


def _last_failure(books: Books, method: Method) -> FailureCode | None:
    """Of the payment by this method that was settled last; None: it went through, or there was none."""
    settled = [
        payment
        for payment in books.payments.values()
        if payment.method_id == method.id and payment.settled_at is not None
    ]
    charged = [
        payment for payment in settled if payment.provider != NOBODY and payment.failure is not FailureCode.NOT_NEEDED
    ]
    return max(charged, key=lambda payment: (payment.settled_at, payment.id)).failure if charged else None
