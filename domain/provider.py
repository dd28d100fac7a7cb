"""The payment provider, in our words. An adapter speaks them on one side and its provider's language on the other.

The law of the port: asked again under the same id, it does not charge or refund again, but tells what became of it.
"""

from typing import Protocol

from msgspec import Struct

from domain.books.payment import FailureCode
from domain.money import Money


class Charge(Struct, frozen=True):
    """`anonymous_id` is all that a provider learns of the customer; `token` is its own name of the method."""

    payment_id: str
    anonymous_id: str
    amount: Money
    token: str


class Repayment(Struct, frozen=True):
    """`reference`: the provider's own, of the payment."""

    refund_id: str
    payment_id: str
    amount: Money
    reference: str | None


class Succeeded(Struct, frozen=True):
    """`reference`: the provider's own."""

    reference: str | None = None


class Failed(Struct, frozen=True):
    failure: FailureCode


class NeedsAction(Struct, frozen=True):
    """The customer is to confirm it; `action` is what they open."""

    action: str | None = None


class Refused(Struct, frozen=True):
    """A refund that will not happen."""

    reason: str


Outcome = Succeeded | Failed | NeedsAction


class Unknown(Exception):
    """Nobody knows: no answer in time, or none that says. It may have happened. It is asked again under the same id.

    `retry_after`: the seconds that the provider wants to be left alone for, where it says so.
    """

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class PaymentProvider(Protocol):
    async def charge(self, charge: Charge) -> Outcome:
        """What became of it, also if it had been asked before. Raises Unknown."""
        ...

    async def outcome_of(self, payment_id: str) -> Outcome | None:
        """What became of a charge. None: it never was asked for one, or forgets it. Raises Unknown."""
        ...

    async def refund(self, repayment: Repayment) -> Succeeded | Refused:
        """Raises Unknown."""
        ...
