"""Asking the provider, after the fact: a payment or a refund is in the journal first, then the provider is asked under
its id, then the answer is recorded. Whatever breaks off in between is done again, and comes to one charge."""

import asyncio
from collections.abc import Awaitable, Mapping
from time import monotonic
from typing import NamedTuple, TypeVar

import structlog

from adapters.postgres import effects, states
from adapters.postgres.codec import decode_whole_account
from adapters.postgres.connection import Engine
from adapters.postgres.effects import Effect, forget_id
from domain.account import Account
from domain.books import Books
from domain.books.payment import FailureCode, Payment, Refund
from domain.commands import SettlePayment, SettleRefund, UnlinkProvider
from domain.money import Money
from domain.provider import (
    Charge,
    Failed,
    NeedsAction,
    Outcome,
    Provider,
    Refused,
    Repayment,
    Succeeded,
    Unknown,
)
from service.outage import DatabaseAway, telling_outages
from service.payments.linking import Linking
from service.record import WORKER, Record, Recorded

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

CLAIM_MAX = 20
"""Asked at the same time. The claim's transaction is idle meanwhile, which the database bears for a minute."""
RECORDED_AT_ONCE = 4
"""Each takes a connection, and the claim one more."""
ANSWER_S_MAX = 20.0
REST_S_MIN, REST_S_MAX = 1.0, 300.0


class _Rest(NamedTuple):
    until: float
    seconds: float


class Charging:
    """`providers` by the name that methods carry. What nobody can answer yet is left to rest, ever longer, and holds up
    no other."""

    def __init__(
        self, engine: Engine, record: Record, providers: Mapping[str, Provider], settled_at_once: int = 1
    ) -> None:
        """`settled_at_once`: how many calls of `settle` may ask a provider at a time; each takes two connections."""
        self._engine = engine
        self._record = record
        self._linking = Linking(engine, record, providers)
        self._resting: dict[str, _Rest] = {}
        self._recording = asyncio.Semaphore(RECORDED_AT_ONCE)
        self._settling = asyncio.Semaphore(settled_at_once)
        self._linked = asyncio.Semaphore(RECORDED_AT_ONCE)

    async def run(self) -> int:
        """One round over what is open: how many there were. Raises DatabaseAway."""
        resting = [id for id, rest in self._resting.items() if rest.until > monotonic()]
        with telling_outages():
            async with self._engine.begin() as connection:
                claimed = await effects.claim(connection, resting, CLAIM_MAX)
                await self._see_to_all(claimed)
        return len(claimed)

    async def run_for(self, customer_id: str) -> int:
        """The same for one customer, as after moving a test clock; what rests is asked too. How many have come to an
        answer. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.begin() as connection:
                claimed = await effects.claim_of(connection, customer_id, CLAIM_MAX)
                return sum(await self._see_to_all(claimed))

    async def settle(self, customer_id: str, id: str) -> Recorded | None:
        """Try this payment or refund at once, also one that waited for the customer. None: somebody else is at it, too
        many are tried already, or nobody knows yet; the worker goes on with it. Raises DatabaseAway."""
        if self._settling.locked():
            return None
        async with self._settling:
            with telling_outages():
                async with self._engine.begin() as connection:
                    if not await effects.take(connection, id):
                        return None
                    try:
                        return await self._ask(customer_id, id)
                    except Unknown as error:
                        self._let_rest(id, customer_id, error)
                        return None

    async def _see_to_all(self, claimed: list[Effect]) -> list[bool]:
        """Whether each has come to an answer. An outage is raised when all have come back."""
        found = await asyncio.gather(*map(self._see_to, claimed))
        for one in found:
            if isinstance(one, DatabaseAway):
                raise one
        return [one is True for one in found]

    async def _see_to(self, effect: Effect) -> bool | DatabaseAway:
        try:
            with telling_outages():
                await self._ask(effect.customer_id, effect.id)
        except DatabaseAway as outage:
            return outage
        except Exception as error:
            self._let_rest(effect.id, effect.customer_id, error)
            return False
        self._resting.pop(effect.id, None)
        return True

    async def _ask(self, customer_id: str, id: str) -> Recorded | None:
        """Ask and record. Raises Unknown."""
        account = await self._account(customer_id)
        if account is None:
            return None
        payments = account.books.payments
        command: SettlePayment | SettleRefund | UnlinkProvider
        if (payment := payments.get(id)) is not None:
            if payment.settled_at is not None:
                return None
            command = told(payment, await self._charged(account, payment))
        elif (
            link := next((one for one in account.books.links if forget_id(customer_id, one) == id), None)
        ) is not None:
            if account.customer is None or account.customer.erased_at is None:
                return None
            await _in_time(self._linking.provider(link).forget(account.books.links[link].reference))
            command = UnlinkProvider(link)
        else:
            refund = next((one for each in payments.values() for one in each.refunds if one.id == id), None)
            if refund is None or refund.settled_at is not None or refund.failure is not None:
                return None
            answer = await self._refunded(payments[refund.payment_id], refund)
            command = SettleRefund(id, refund.payment_id, answer.reason if isinstance(answer, Refused) else None)
        async with self._recording:
            return await self._record(customer_id, command, WORKER)

    async def _account(self, customer_id: str) -> Account | None:
        async with self._recording, self._engine.connect() as connection:
            head = await states.head(connection, customer_id)
        return None if head is None else decode_whole_account(head.state, head.books, head.seq)

    async def _charged(self, account: Account, payment: Payment) -> Outcome | None:
        """None: it was not charged, and is not going to be: its invoices were paid or voided meanwhile."""
        assert account.customer is not None
        provider = self._linking.provider(payment.provider)
        charge = await self._charge(account, payment)
        waits_for_nobody = account.customer.erased_at is not None and payment.waiting
        if waits_for_nobody or not _unpaid(account.books, payment):
            return await _in_time(provider.withdraw(charge))
        for other in _superseded(account.books, payment):
            # The customer can still confirm it with the provider, and would then pay twice.
            if (paid := await _in_time(provider.withdraw(charge_of(account, other, charge.customer)))) is not None:
                async with self._recording:
                    await self._record(account.customer.id, told(other, paid), WORKER)
                raise Unknown("an earlier charge has gone through meanwhile")  # so this one is looked at anew
        return await _in_time(provider.charge(charge))

    async def _charge(self, account: Account, payment: Payment) -> Charge:
        async with self._linked:
            return charge_of(account, payment, await _in_time(self._linking.linked(account, payment.provider)))

    async def _refunded(self, payment: Payment, refund: Refund) -> Succeeded | Refused:
        amount = Money(refund.amount, payment.currency)
        repayment = Repayment(refund.id, payment.id, amount, payment.reference)
        return await _in_time(self._linking.provider(payment.provider).refund(repayment))

    def _let_rest(self, id: str, customer_id: str, error: Exception) -> None:
        before = self._resting.get(id)
        seconds = REST_S_MIN if before is None else min(before.seconds * 2, REST_S_MAX)
        wanted = error.retry_after if isinstance(error, Unknown) else None
        self._resting[id] = _Rest(monotonic() + max(seconds, wanted or 0.0), seconds)
        # The message may repeat what a provider was told; the type says enough, but for what we say ourselves.
        why = str(error) if isinstance(error, Unknown) else type(error).__name__
        log.warning("not settled", id=id, customer_id=customer_id, error=why, tries_again_in_seconds=seconds)


def charge_of(account: Account, payment: Payment, reference: str | None) -> Charge:
    assert account.customer is not None
    method = next(one for one in account.books.methods if one.id == payment.method_id)
    amount = Money(payment.amount, payment.currency)
    return Charge(payment.id, account.customer.anonymous_id, amount, method.token, reference)


def _unpaid(books: Books, payment: Payment) -> bool:
    return any(books.receivables[one.invoice_id].unpaid for one in payment.allocations)


def _superseded(books: Books, payment: Payment) -> list[Payment]:
    """Earlier charges for the same invoices that waited for the customer in vain, of which the provider may not know
    that they are over."""
    about = {one.invoice_id for one in payment.allocations}
    return [
        one
        for one in books.payments.values()
        if one.failure is FailureCode.ACTION_REQUIRED
        and one.provider == payment.provider
        and about & {each.invoice_id for each in one.allocations}
    ]


def told(payment: Payment, outcome: Outcome | None) -> SettlePayment:
    """What to record of it. None: it was never charged, and is not going to be."""
    match outcome:
        case None:
            return SettlePayment(payment.id, FailureCode.NOT_NEEDED)
        case Succeeded(reference=reference):
            return SettlePayment(payment.id, reference=reference)
        case Failed(failure=failure):
            return SettlePayment(payment.id, failure)
        case NeedsAction():  # what the customer opens stays with the provider
            return SettlePayment(payment.id, FailureCode.ACTION_REQUIRED)


async def _in_time(answer: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(answer, ANSWER_S_MAX)
    except TimeoutError:
        raise Unknown("no answer in time") from None
