"""A provider in this very process, for tests and demos: how it behaves is written on the method. No money moves.

It keeps its charges in memory: what it knows ends with the process, and another process knows nothing of it.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from adapters.payments.simulated_customers import SimulatedCustomers
from domain.books.payment import FailureCode
from domain.exact import exact_sum
from domain.provider import Charge, Failed, NeedsAction, Outcome, Refused, Repayment, Succeeded, Unknown


class Behaviour(StrEnum):
    """Tokens of methods."""

    SUCCEEDS = "succeeds"
    DECLINES = "declines"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRES = "expires"
    REFUSES = "refuses"
    NEEDS_ACTION = "needs_action"
    DECLINES_THEN_SUCCEEDS = "declines_then_succeeds"
    TIMES_OUT_AFTER_CHARGING = "times_out_after_charging"
    TIMES_OUT_BEFORE_CHARGING = "times_out_before_charging"


_FAILURES = {
    Behaviour.DECLINES: FailureCode.DECLINED,
    Behaviour.INSUFFICIENT_FUNDS: FailureCode.INSUFFICIENT_FUNDS,
    Behaviour.EXPIRES: FailureCode.METHOD_EXPIRED,
    Behaviour.REFUSES: FailureCode.METHOD_REFUSED,
}


@dataclass
class Made:
    """What it was asked for under one id. `outcome` None: it does not know of it, since the question was lost."""

    charge: Charge
    asked: int = 0
    outcome: Outcome | None = None
    refunds: dict[str, Decimal] = field(default_factory=dict)

    @property
    def taken(self) -> Decimal:
        return self.charge.amount.amount if isinstance(self.outcome, Succeeded) else Decimal(0)


class Simulated(SimulatedCustomers):
    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, Made] = {}

    async def charge(self, charge: Charge) -> Outcome:
        made = self.made.setdefault(charge.payment_id, Made(charge))
        assert made.charge == charge, "one id stands for one charge"
        made.asked += 1
        lost = made.asked == 1 and charge.token == Behaviour.TIMES_OUT_BEFORE_CHARGING
        if made.outcome is None and not lost:
            made.outcome = self._outcome(charge)
        if lost or (made.asked == 1 and charge.token == Behaviour.TIMES_OUT_AFTER_CHARGING):
            raise Unknown("no answer in time")
        assert made.outcome is not None
        return made.outcome

    async def outcome_of(self, charge: Charge) -> Outcome | None:
        made = self.made.get(charge.payment_id)
        return None if made is None else made.outcome

    async def withdraw(self, charge: Charge) -> Succeeded | None:
        made = self.made.get(charge.payment_id)
        if made is None:
            return None
        if isinstance(made.outcome, Succeeded):
            return made.outcome
        made.outcome = Failed(FailureCode.METHOD_REFUSED)
        return None

    async def refund(self, repayment: Repayment) -> Succeeded | Refused:
        made, amount = self.made.get(repayment.payment_id), repayment.amount.amount
        if made is None or not made.taken:
            return Refused("there is no such charge")
        if repayment.refund_id not in made.refunds:
            if exact_sum((*made.refunds.values(), amount)) > made.taken:
                return Refused("more than was charged")
            made.refunds[repayment.refund_id] = amount
        return Succeeded(f"simulated_{repayment.refund_id}")

    def confirm(self, payment_id: str) -> None:
        """What the customer does about a charge that needs action."""
        made = self.made[payment_id]
        assert isinstance(made.outcome, NeedsAction)
        made.outcome = _success(made.charge)

    def _outcome(self, charge: Charge) -> Outcome:
        match charge.token:
            case Behaviour.SUCCEEDS | Behaviour.TIMES_OUT_AFTER_CHARGING | Behaviour.TIMES_OUT_BEFORE_CHARGING:
                return _success(charge)
            case Behaviour.NEEDS_ACTION:
                return NeedsAction(f"https://pay.example/confirm/{charge.payment_id}")
            case Behaviour.DECLINES_THEN_SUCCEEDS:
                before = (made.charge for made in self.made.values() if made.charge.payment_id != charge.payment_id)
                again = any((one.anonymous_id, one.token) == (charge.anonymous_id, charge.token) for one in before)
                return _success(charge) if again else Failed(FailureCode.DECLINED)
            case token if token in _FAILURES:
                return Failed(_FAILURES[Behaviour(token)])
            case _:
                return Failed(FailureCode.METHOD_REFUSED)


def _success(charge: Charge) -> Succeeded:
    return Succeeded(f"simulated_{charge.payment_id}")
