"""Charging, giving back and withdrawing, as the port has it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from adapters.payments.connector import Surroundings
from adapters.payments.simulated import behaviour
from adapters.payments.simulated.behaviour import Behaviour, SimulatedCharge
from adapters.payments.simulated.customers import SimulatedCustomer, SimulatedCustomers
from adapters.payments.simulated.stores import MemoryStore, Store, TableStore
from domain.books.payment import FailureCode
from domain.providers.provider import (
    Capabilities,
    ChargeRequest,
    Failed,
    NeedsAction,
    Outcome,
    Processing,
    Refused,
    Repayment,
    Succeeded,
    Unknown,
)
from domain.providers.records import DisputeStatus

LOSES_AN_ANSWER = frozenset({Behaviour.TIMES_OUT_BEFORE_CHARGING, Behaviour.TIMES_OUT_AFTER_CHARGING})


async def _real_time(anonymous_id: str) -> datetime:
    return datetime.now(UTC)


class Simulated(SimulatedCustomers):
    capabilities = Capabilities(form=True, portal=True, copies=True, test_clocks=True)

    def __init__(self) -> None:
        """In memory and real time, until it is opened."""
        super().__init__()
        self._in_memory = MemoryStore[SimulatedCharge]()
        self.charge_store: Store[SimulatedCharge] = self._in_memory
        self.now_of: Callable[[str], Awaitable[datetime]] = _real_time

    async def open(self, surroundings: Surroundings) -> None:
        self.charge_store = TableStore(surroundings.engine, "charge", SimulatedCharge)
        self.customer_store = TableStore(surroundings.engine, "customer", SimulatedCustomer)
        self.now_of = surroundings.now_of

    @property
    def made(self) -> dict[str, SimulatedCharge]:
        """What is kept in memory, by our id of the payment."""
        return self._in_memory.kept

    async def charge(self, charge: ChargeRequest) -> Outcome:
        charge, now = replace(charge, reference=None), await self.now_of(charge.anonymous_id)
        before = await self.charge_store.of(charge.anonymous_id)
        again = any(
            earlier.charge.payment_id != charge.payment_id and earlier.charge.token == charge.token
            for earlier in before
        )
        async with self.charge_store.changing(
            charge.payment_id, (charge.anonymous_id, SimulatedCharge(charge, now))
        ) as record:
            assert record is not None
            assert record.charge == charge, "one id stands for one charge"
            record.asked += 1
            first = record.asked == 1
            lost = first and charge.token == Behaviour.TIMES_OUT_BEFORE_CHARGING
            if record.outcome is None and not lost:
                record.outcome = behaviour.first_outcome(record, again)
            behaviour.let_time_pass(record, now)
        if first and charge.token in LOSES_AN_ANSWER:
            raise Unknown("no answer in time")
        outcome = behaviour.outcome_at(record, now)
        assert outcome is not None
        return outcome

    async def outcome_of(self, charge: ChargeRequest) -> Outcome | None:
        now = await self.now_of(charge.anonymous_id)
        record = await self.charge_at(charge.payment_id, now)
        return None if record is None else behaviour.outcome_at(record, now)

    async def withdraw(self, charge: ChargeRequest) -> Succeeded | None:
        now = await self.now_of(charge.anonymous_id)
        async with self.charge_store.changing(charge.payment_id) as record:
            if record is None:
                return None
            behaviour.let_time_pass(record, now)
            if record.outcome is None and record.is_debit:
                raise Processing("the bank has it already", behaviour.ASK_AGAIN_S, record.reference)
            if isinstance(record.outcome, Succeeded):
                return record.outcome
            record.outcome = Failed(FailureCode.METHOD_REFUSED)
            return None

    async def refund(self, repayment: Repayment) -> Succeeded | Refused:
        known = await self.charge_store.get(repayment.payment_id)
        if known is None:
            return Refused("there is no such charge")
        now = await self.now_of(known.charge.anonymous_id)
        async with self.charge_store.changing(repayment.payment_id) as record:
            assert record is not None
            behaviour.let_time_pass(record, now)
            refused = None if repayment.refund_id in record.refunds else _why_not(record, repayment, now)
            if refused is None:
                record.refunds[repayment.refund_id] = repayment.amount.amount
        return refused or Succeeded(f"simulated_{repayment.refund_id}")

    async def charge_at(self, payment_id: str, now: datetime | None = None) -> SimulatedCharge | None:
        """The charge as it stands at that instant; None: in the customer's present."""
        record = await self.charge_store.get(payment_id)
        if record is not None:
            behaviour.let_time_pass(record, now or await self.now_of(record.charge.anonymous_id))
        return record

    def confirm(self, payment_id: str) -> None:
        """What the customer does about a charge that needs action and is kept in memory."""
        record = self.made[payment_id]
        assert isinstance(record.outcome, NeedsAction)
        record.outcome = Succeeded(record.reference)


def _why_not(record: SimulatedCharge, repayment: Repayment, now: datetime) -> Refused | None:
    if not record.taken:
        return Refused("there is no such charge")
    dispute = behaviour.dispute(record, now)
    if dispute is not None and dispute.status is not DisputeStatus.WON:
        return Refused("the bank has taken it back")
    return Refused("more than was charged") if record.refunded + repayment.amount.amount > record.taken else None
