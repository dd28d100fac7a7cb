"""What the simulated provider has, and what it tells: it is reminded of a charge by `POST /webhooks/simulated`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Self

import msgspec
from msgspec import Struct

from adapters.payments.simulated import behaviour
from adapters.payments.simulated.behaviour import SimulatedCharge
from adapters.payments.simulated.customers import PREFIX
from adapters.payments.simulated.provider import Simulated
from domain.books.payment import Method
from domain.exact import exact_sum
from domain.money import Money
from domain.providers.notice import About, Acknowledgement, Delivery, NotGenuine, Notice, Subject
from domain.providers.provider import Failed, Succeeded
from domain.providers.records import FoundCustomer, FoundDispute, FoundPayment, FoundRefund, FoundStatus


class SimulatedRecords:
    def __init__(self, provider: Simulated) -> None:
        self._provider = provider

    @property
    def listing(self) -> Self:
        return self

    # ── one by one ───────────────────────────────────────────────────────────────────────────────────────────────────
    async def payment(self, reference: str) -> FoundPayment | None:
        record = await self._made(reference)
        return None if record is None else _payment(record, await self._provider.now_of(record.charge.anonymous_id))

    async def refunds_of(self, payment: str) -> Sequence[FoundRefund]:
        record = await self._made(payment)
        return [] if record is None else _refunds(record)

    async def dispute(self, reference: str) -> FoundDispute | None:
        found = await self.disputes_of(reference.replace(behaviour.DISPUTE, PREFIX, 1))
        return found[0] if found else None

    async def disputes_of(self, payment: str) -> Sequence[FoundDispute]:
        record = await self._made(payment)
        if record is None:
            return []
        found = behaviour.dispute(record, await self._provider.now_of(record.charge.anonymous_id))
        return [] if found is None else [found]

    async def customer(self, reference: str) -> FoundCustomer | None:
        """Whoever is asked for is there, as everywhere at this provider."""
        return FoundCustomer(reference, reference.removeprefix(PREFIX)) if reference.startswith(PREFIX) else None

    async def methods(self, customer: str) -> Sequence[Method] | None:
        return None

    # ── all of a time ────────────────────────────────────────────────────────────────────────────────────────────────
    async def payments(
        self, since: datetime, until: datetime | None = None, customer: str | None = None
    ) -> AsyncIterator[FoundPayment]:
        async for record in self._between(since, until, customer):
            yield _payment(record, await self._provider.now_of(record.charge.anonymous_id))

    async def refunds(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundRefund]:
        async for record in self._between(since, until, None):
            for refund in _refunds(record):
                yield refund

    async def customers(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundCustomer]:
        """It does not keep when it was told of them: always all."""
        for kept in await self._provider.customer_store.of(None):
            yield FoundCustomer(f"{PREFIX}{kept.anonymous_id}", kept.anonymous_id)

    async def _between(
        self, since: datetime, until: datetime | None, customer: str | None
    ) -> AsyncIterator[SimulatedCharge]:
        for record in await self._provider.charge_store.of(None if customer is None else customer.removeprefix(PREFIX)):
            if since <= record.at and (until is None or record.at < until) and record.is_known:
                behaviour.let_time_pass(record, await self._provider.now_of(record.charge.anonymous_id))
                yield record

    async def _made(self, reference: str) -> SimulatedCharge | None:
        record = await self._provider.charge_at(reference.removeprefix(PREFIX))
        return record if record is not None and record.is_known else None


class Reminder(Struct, frozen=True):
    """`payments`: our ids. Something may have become of them, as time has passed."""

    payments: tuple[str, ...]


class SimulatedNotices:
    """Nothing is signed: whether it is true is asked, which is all that a notice is good for."""

    def __init__(self, records: SimulatedRecords) -> None:
        self._records = records

    async def read(self, body: bytes, headers: Mapping[str, str]) -> Delivery:
        try:
            reminder = msgspec.json.decode(body, type=Reminder)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotGenuine("UNREADABLE") from None
        notices: list[Notice] = []
        for id in reminder.payments:
            found = await self._records.payment(f"{PREFIX}{id}")
            if found is None:
                raise NotGenuine("UNKNOWN")
            notices += [_notice("payment", found.state, About.PAYMENT, found.reference, found.reference, id)]
            for dispute in await self._records.disputes_of(found.reference):
                notices += [_notice("dispute", dispute.status, About.DISPUTE, dispute.reference, found.reference, id)]
        return Delivery(tuple(notices), Acknowledgement(202, "noted\n"))


def _notice(of: str, stands: str, about: About, reference: str, payment: str, payment_id: str) -> Notice:
    """One notice for each state that a thing comes to."""
    subject = Subject(about, reference, payment=payment, payment_id=payment_id)
    return Notice(f"{reference}/{stands}", f"{of}.{stands.lower()}", datetime.now(UTC), subject)


def _payment(record: SimulatedCharge, now: datetime) -> FoundPayment:
    return FoundPayment(
        reference=record.reference,
        payment_id=record.charge.payment_id,
        customer=f"{PREFIX}{record.charge.anonymous_id}",
        amount=record.charge.amount,
        state=_state(record),
        refunded=Money(exact_sum(record.refunds.values()), record.charge.amount.currency),
        disputed=behaviour.dispute(record, now) is not None,
    )


def _state(record: SimulatedCharge) -> FoundStatus:
    match record.outcome:
        case Succeeded():
            return FoundStatus.SUCCEEDED
        case Failed():
            return FoundStatus.FAILED
        case _:
            return FoundStatus.PENDING


def _refunds(record: SimulatedCharge) -> list[FoundRefund]:
    currency = record.charge.amount.currency
    return [
        FoundRefund(f"{PREFIX}{id}", record.reference, id, Money(amount, currency), FoundStatus.SUCCEEDED, record.at)
        for id, amount in record.refunds.items()
    ]
