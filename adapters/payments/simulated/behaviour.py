"""What becomes of a charge, and when: a function of its token, of what was done about it, and of the time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.books.payment import FailureCode
from domain.exact import exact_sum
from domain.money import Money
from domain.providers.provider import ChargedBack, ChargeRequest, Failed, NeedsAction, Outcome, Processing, Succeeded
from domain.providers.records import DisputeStatus, FoundDispute


class Behaviour(StrEnum):
    """Tokens of methods. What the customer confirms later is confirmed `CONFIRMED_AFTER` it was asked for.

    A debit takes `DEBIT_TAKES`; one that is returned comes back `RETURNED_AFTER` it came in. A dispute begins
    `DISPUTED_AFTER` the money came in, and is decided `DECIDED_AFTER` that."""

    SUCCEEDS = "succeeds"
    DECLINES = "declines"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRES = "expires"
    REFUSES = "refuses"
    NEEDS_ACTION = "needs_action"
    CONFIRMED_LATER = "confirmed_later"
    DECLINES_THEN_SUCCEEDS = "declines_then_succeeds"
    TIMES_OUT_AFTER_CHARGING = "times_out_after_charging"
    TIMES_OUT_BEFORE_CHARGING = "times_out_before_charging"
    DEBIT = "debit"
    DEBIT_FAILS = "debit_fails"
    DEBIT_RETURNED = "debit_returned"
    DISPUTE_LOST = "dispute_lost"
    DISPUTE_WON = "dispute_won"


CONFIRMED_AFTER = timedelta(hours=1)
DEBIT_TAKES = timedelta(days=3)
RETURNED_AFTER = timedelta(days=5)
DISPUTED_AFTER = timedelta(days=1)
DECIDED_AFTER = timedelta(days=10)

FAILURES = {
    Behaviour.DECLINES: FailureCode.DECLINED,
    Behaviour.INSUFFICIENT_FUNDS: FailureCode.INSUFFICIENT_FUNDS,
    Behaviour.EXPIRES: FailureCode.METHOD_EXPIRED,
    Behaviour.REFUSES: FailureCode.METHOD_REFUSED,
}
DEBITS = frozenset({Behaviour.DEBIT, Behaviour.DEBIT_FAILS, Behaviour.DEBIT_RETURNED})
AT_ONCE = frozenset(
    {
        Behaviour.SUCCEEDS,
        Behaviour.TIMES_OUT_AFTER_CHARGING,
        Behaviour.TIMES_OUT_BEFORE_CHARGING,
        Behaviour.DISPUTE_LOST,
        Behaviour.DISPUTE_WON,
    }
)
ASK_AGAIN_S = 3600.0
DISPUTE = "simulated_dispute_"
"""How the references of disputes begin."""


@dataclass
class SimulatedCharge:
    """What it was asked for under one id, first at `at`. `outcome` None: it does not know of it, since the question was
    lost; or nobody knows yet, since a bank takes its time."""

    charge: ChargeRequest
    at: datetime
    asked: int = 0
    outcome: Succeeded | Failed | NeedsAction | None = None
    refunds: dict[str, Decimal] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        return f"simulated_{self.charge.payment_id}"

    @property
    def taken(self) -> Decimal:
        return self.charge.amount.amount if isinstance(self.outcome, Succeeded) else Decimal(0)

    @property
    def refunded(self) -> Decimal:
        return exact_sum(self.refunds.values())

    @property
    def is_debit(self) -> bool:
        return self.charge.token in DEBITS

    @property
    def is_known(self) -> bool:
        """Not if the question was lost."""
        return self.outcome is not None or self.is_debit


def first_outcome(record: SimulatedCharge, before: bool) -> Succeeded | Failed | NeedsAction | None:
    """At once, when it is asked for. `before`: the same customer was asked with this method before. None: a debit."""
    token = record.charge.token
    if token in DEBITS:
        return None
    if token in AT_ONCE or (token == Behaviour.DECLINES_THEN_SUCCEEDS and before):
        return Succeeded(record.reference)
    if token == Behaviour.DECLINES_THEN_SUCCEEDS:
        return Failed(FailureCode.DECLINED)
    if token in (Behaviour.NEEDS_ACTION, Behaviour.CONFIRMED_LATER):
        return NeedsAction()
    return Failed(FAILURES[Behaviour(token)] if token in FAILURES else FailureCode.METHOD_REFUSED)


def let_time_pass(record: SimulatedCharge, now: datetime) -> None:
    """By now the customer has confirmed it, or the bank has answered a debit; or not yet."""
    waits = isinstance(record.outcome, NeedsAction) and record.charge.token == Behaviour.CONFIRMED_LATER
    if waits and now >= record.at + CONFIRMED_AFTER:
        record.outcome = Succeeded(record.reference)
    if record.outcome is None and record.is_debit and now >= record.at + DEBIT_TAKES:
        failed = record.charge.token == Behaviour.DEBIT_FAILS
        record.outcome = Failed(FailureCode.INSUFFICIENT_FUNDS) if failed else Succeeded(record.reference)


def outcome_at(record: SimulatedCharge, now: datetime) -> Outcome | None:
    """How it stands. None: the question was lost. Raises Processing."""
    if record.outcome is None and record.is_debit:
        raise Processing("the bank has not answered yet", ASK_AGAIN_S, record.reference)
    found = dispute(record, now)
    if found is not None and found.status is DisputeStatus.LOST:
        return ChargedBack(record.reference, found)
    if isinstance(record.outcome, NeedsAction):  # what the customer opens is a secret, and stored nowhere
        return NeedsAction(f"https://pay.example/confirm/{record.charge.payment_id}")
    return record.outcome


def dispute(record: SimulatedCharge, now: datetime) -> FoundDispute | None:
    """What the customer's bank has begun by now. A returned debit is one that was lost as it began."""
    if record.taken <= record.refunded:
        return None
    match record.charge.token:
        case Behaviour.DEBIT_RETURNED:
            begun = decided = record.at + DEBIT_TAKES + RETURNED_AFTER
            reason, ends = "debit returned", DisputeStatus.LOST
        case Behaviour.DISPUTE_LOST | Behaviour.DISPUTE_WON as token:
            begun = record.at + DISPUTED_AFTER
            decided = begun + DECIDED_AFTER
            reason, ends = "fraudulent", DisputeStatus.LOST if token == Behaviour.DISPUTE_LOST else DisputeStatus.WON
        case _:
            return None
    if now < begun:
        return None
    charge = record.charge
    return FoundDispute(
        reference=f"{DISPUTE}{charge.payment_id}",
        payment=record.reference,
        amount=Money(charge.amount.amount - record.refunded, charge.amount.currency),
        status=ends if now >= decided else DisputeStatus.OPEN,
        reason=reason,
        at=begun,
    )
