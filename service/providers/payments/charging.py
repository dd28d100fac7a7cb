"""Asking the provider, after the fact: a payment or a refund is in the journal first, then the provider is asked under
its id, then the answer is recorded. Whatever breaks off in between is done again, and comes to one charge."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from adapters.postgres.connection import Engine
from adapters.postgres.work import Work, WorkKind
from domain.account import Account
from domain.books import Books
from domain.books.payment import FailureCode, Payment, Refund
from domain.commands import NoteDrift, NoteProcessing, RecordRefund, SettlePayment, SettleRefund, UnlinkProvider
from domain.errors import Refusal
from domain.money import Money
from domain.providers.chargeback import chargeback, not_in_books
from domain.providers.effects import forget_id
from domain.providers.provider import (
    ChargedBack,
    ChargeRequest,
    Failed,
    NeedsAction,
    Outcome,
    Processing,
    Provider,
    Refused,
    Repayment,
    Succeeded,
    Unknown,
)
from service.later.work import Queue, one_by_one
from service.outage import telling_outages
from service.providers.accounts import stored_account
from service.providers.payments.linking import Linking
from service.write.record import WORKER, Recorded, Recording

T = TypeVar("T")

AT_ONCE, LANE_MAX = 40, 20
"""Asked at the same time, of all providers and of one."""
ANSWER_S_MAX = 20.0


class Charging:
    """`providers` by the name that methods carry."""

    def __init__(self, engine: Engine, record: Recording, providers: Mapping[str, Provider]) -> None:
        self._engine = engine
        self._record = record
        self._linking = Linking(engine, record, providers)
        self.queue = Queue(engine, WorkKind.CHARGE, one_by_one(self._do), at_once=AT_ONCE, claim_max=LANE_MAX)

    async def settle(self, customer_id: str, id: str) -> Recorded | None:
        """Try this payment or refund at once, also one that waited for the customer. None: somebody else is at it, or
        nobody knows yet; the worker goes on with it. Raises DatabaseAway."""
        try:
            with telling_outages():
                async with self.queue.taken(id, customer_id) as piece:
                    return None if piece is None else await self._ask(customer_id, id)
        except Unknown:
            return None

    async def _do(self, piece: Work) -> None:
        assert piece.customer_id is not None
        await self._ask(piece.customer_id, piece.id)

    async def _ask(self, customer_id: str, id: str) -> Recorded | None:
        """Ask and record. Raises Unknown."""
        account = await stored_account(self._engine, customer_id)
        if account is None:
            return None
        payments = account.books.payments
        command: SettleRefund | UnlinkProvider
        if (payment := payments.get(id)) is not None:
            if payment.settled_at is not None:
                return None
            return await self._settled(account, payment)
        if (
            link := next((link for link in account.books.links if forget_id(customer_id, link) == id), None)
        ) is not None:
            if account.customer is None or account.customer.erased_at is None:
                return None
            await _in_time(self._linking.provider(link).forget(account.books.links[link].reference))
            command = UnlinkProvider(link)
        else:
            refund = next((refund for paid in payments.values() for refund in paid.refunds if refund.id == id), None)
            if refund is None or refund.settled_at is not None or refund.failure is not None:
                return None
            answer = await self._refunded(payments[refund.payment_id], refund)
            command = SettleRefund(id, refund.payment_id, answer.reason if isinstance(answer, Refused) else None)
        return await self._record(customer_id, command, WORKER)

    async def _settled(self, account: Account, payment: Payment) -> Recorded:
        """Ask for a payment, and record what became of it. Raises Unknown; where it takes days Processing, which is
        recorded, too: it is asked for again."""
        assert account.customer is not None
        outcome = await self._charged(account, payment)
        recorded = await self._record(account.customer.id, settling(payment, outcome), WORKER)
        if isinstance(outcome, ChargedBack):
            back = chargeback(payment.provider, payment.id, outcome.dispute)
            return await self._charged_back(account.customer.id, payment.provider, back)
        return recorded

    async def _charged_back(self, customer_id: str, provider: str, back: RecordRefund) -> Recorded:
        """Nothing is open any more, so this is not tried again: what breaks off is found by the hourly comparison, and
        what the books do not allow is told to support."""
        try:
            return await self._record(customer_id, back, WORKER)
        except Refusal as refusal:
            told = NoteDrift(provider, (not_in_books(back, refusal),), (back.reference,))
            return await self._record(customer_id, told, WORKER)

    async def _charged(self, account: Account, payment: Payment) -> Outcome | None:
        """None: it was not charged, and is not going to be: its invoices were paid or voided meanwhile. Raises
        Processing also where an earlier charge is under way, which this one waits for."""
        assert account.customer is not None
        provider = self._linking.provider(payment.provider)
        charge = await self._charge(account, payment)
        waits_for_nobody = account.customer.erased_at is not None and payment.waiting
        if waits_for_nobody or not _unpaid(account.books, payment):
            return await self._answered(account.customer.id, payment, provider.withdraw(charge))
        for other in _superseded(account.books, payment):
            # The customer can still confirm it with the provider, and would then pay twice.
            paid = await _in_time(provider.withdraw(charge_of(account, other, charge.customer)))
            if paid is not None:
                await self._record(account.customer.id, settling(other, paid), WORKER)
                raise Unknown("an earlier charge has gone through meanwhile")  # so this one is looked at anew
        return await self._answered(account.customer.id, payment, provider.charge(charge))

    async def _answered(self, customer_id: str, payment: Payment, answer: Awaitable[T]) -> T:
        """Raises Unknown, and Processing once it is recorded that this very payment is under way."""
        try:
            return await _in_time(answer)
        except Processing as under_way:
            await self._record(customer_id, NoteProcessing(payment.id, under_way.reference), WORKER)
            raise

    async def _charge(self, account: Account, payment: Payment) -> ChargeRequest:
        return charge_of(account, payment, await _in_time(self._linking.linked(account, payment.provider)))

    async def _refunded(self, payment: Payment, refund: Refund) -> Succeeded | Refused:
        amount = Money(refund.amount, payment.currency)
        repayment = Repayment(refund.id, payment.id, amount, payment.reference)
        return await _in_time(self._linking.provider(payment.provider).refund(repayment))


def charge_of(account: Account, payment: Payment, reference: str | None) -> ChargeRequest:
    assert account.customer is not None
    method = next(method for method in account.books.methods if method.id == payment.method_id)
    amount = Money(payment.amount, payment.currency)
    return ChargeRequest(payment.id, account.customer.anonymous_id, amount, method.token, reference, payment.reference)


def _unpaid(books: Books, payment: Payment) -> bool:
    return any(books.receivables[allocation.invoice_id].unpaid for allocation in payment.allocations)


def _superseded(books: Books, payment: Payment) -> list[Payment]:
    """Earlier charges for the same invoices that waited for the customer in vain, of which the provider may not know
    that they are over."""
    about = {allocation.invoice_id for allocation in payment.allocations}
    return [
        other
        for other in books.payments.values()
        if other.failure is FailureCode.ACTION_REQUIRED
        and other.provider == payment.provider
        and about & {allocation.invoice_id for allocation in other.allocations}
    ]


def settling(payment: Payment, outcome: Outcome | None) -> SettlePayment:
    """What to record of it. None: it was never charged, and is not going to be."""
    match outcome:
        case None:
            return SettlePayment(payment.id, FailureCode.NOT_NEEDED)
        case Succeeded(reference=reference) | ChargedBack(reference=reference):
            return SettlePayment(payment.id, reference=reference)
        case Failed(failure=failure):
            return SettlePayment(payment.id, failure)
        case NeedsAction(reference=reference):  # what the customer opens stays with the provider
            return SettlePayment(payment.id, FailureCode.ACTION_REQUIRED, reference)


async def _in_time(answer: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(answer, ANSWER_S_MAX)
    except TimeoutError:
        raise Unknown("no answer in time") from None
