"""Charging, giving back and withdrawing, as the port has it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from adapters.payments.connector import Surroundings
from adapters.payments.simulated import behaviour
from adapters.payments.simulated.behaviour import Behaviour, Made
from adapters.payments.simulated.customers import Kept, SimulatedCustomers
from adapters.payments.simulated.shelves import InMemory, InTable, Shelf
from domain.books.payment import FailureCode
from domain.provider import (
    Capabilities,
    Charge,
    Failed,
    NeedsAction,
    Outcome,
    Processing,
    Refused,
    Repayment,
    Succeeded,
    Unknown,
)
from domain.provider_state import Standing

LOSES_AN_ANSWER = frozenset({Behaviour.TIMES_OUT_BEFORE_CHARGING, Behaviour.TIMES_OUT_AFTER_CHARGING})


async def _real_time(anonymous_id: str) -> datetime:
    return datetime.now(UTC)


class Simulated(SimulatedCustomers):
    capabilities = Capabilities(form=True, portal=True, copies=True, test_clocks=True)

    def __init__(self) -> None:
        """In memory and real time, until it is opened."""
        super().__init__()
        self._in_memory = InMemory[Made]()
        self.charges: Shelf[Made] = self._in_memory
        self.now_of: Callable[[str], Awaitable[datetime]] = _real_time

    async def open(self, surroundings: Surroundings) -> None:
        self.charges = InTable(surroundings.engine, "charge", Made)
        self.customers_kept = InTable(surroundings.engine, "customer", Kept)
        self.now_of = surroundings.now_of

    @property
    def made(self) -> dict[str, Made]:
        """What is kept in memory, by our id of the payment."""
        return self._in_memory.kept

    async def charge(self, charge: Charge) -> Outcome:
        charge, now = replace(charge, reference=None), await self.now_of(charge.anonymous_id)
        before = await self.charges.of(charge.anonymous_id)
        again = any(one.charge.payment_id != charge.payment_id and one.charge.token == charge.token for one in before)
        async with self.charges.changing(charge.payment_id, (charge.anonymous_id, Made(charge, now))) as made:
            assert made is not None
            assert made.charge == charge, "one id stands for one charge"
            made.asked += 1
            first = made.asked == 1
            lost = first and charge.token == Behaviour.TIMES_OUT_BEFORE_CHARGING
            if made.outcome is None and not lost:
                made.outcome = behaviour.first_outcome(made, again)
            behaviour.let_time_pass(made, now)
        if first and charge.token in LOSES_AN_ANSWER:
            raise Unknown("no answer in time")
        outcome = behaviour.told(made, now)
        assert outcome is not None
        return outcome

    async def outcome_of(self, charge: Charge) -> Outcome | None:
        now = await self.now_of(charge.anonymous_id)
        made = await self.charge_known(charge.payment_id, now)
        return None if made is None else behaviour.told(made, now)

    async def withdraw(self, charge: Charge) -> Succeeded | None:
        now = await self.now_of(charge.anonymous_id)
        async with self.charges.changing(charge.payment_id) as made:
            if made is None:
                return None
            behaviour.let_time_pass(made, now)
            if made.outcome is None and made.is_debit:
                raise Processing("the bank has it already", behaviour.ASK_AGAIN_S, made.reference)
            if isinstance(made.outcome, Succeeded):
                return made.outcome
            made.outcome = Failed(FailureCode.METHOD_REFUSED)
            return None

    async def refund(self, repayment: Repayment) -> Succeeded | Refused:
        known = await self.charges.get(repayment.payment_id)
        if known is None:
            return Refused("there is no such charge")
        now = await self.now_of(known.charge.anonymous_id)
        async with self.charges.changing(repayment.payment_id) as made:
            assert made is not None
            behaviour.let_time_pass(made, now)
            refused = None if repayment.refund_id in made.refunds else _why_not(made, repayment, now)
            if refused is None:
                made.refunds[repayment.refund_id] = repayment.amount.amount
        return refused or Succeeded(f"simulated_{repayment.refund_id}")

    async def charge_known(self, payment_id: str, now: datetime | None = None) -> Made | None:
        """As it stands at that instant; None: in the customer's present."""
        made = await self.charges.get(payment_id)
        if made is not None:
            behaviour.let_time_pass(made, now or await self.now_of(made.charge.anonymous_id))
        return made

    def confirm(self, payment_id: str) -> None:
        """What the customer does about a charge that needs action and is kept in memory."""
        made = self.made[payment_id]
        assert isinstance(made.outcome, NeedsAction)
        made.outcome = Succeeded(made.reference)


def _why_not(made: Made, repayment: Repayment, now: datetime) -> Refused | None:
    if not made.taken:
        return Refused("there is no such charge")
    taken_back = behaviour.dispute(made, now)
    if taken_back is not None and taken_back.standing is not Standing.WON:
        return Refused("the bank has taken it back")
    return Refused("more than was charged") if made.refunded + repayment.amount.amount > made.taken else None
