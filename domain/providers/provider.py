"""The payment provider, in our words. An adapter speaks them on one side and its provider's language on the other.

The law of the port: asked again under the same id, it does not charge or refund again, but tells what became of it.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from domain.books.payment import FailureCode, Method
from domain.exact import exact_sum
from domain.money import Money
from domain.providers.records import FoundDispute


class Capabilities(Struct, frozen=True):
    """What a provider does besides charging and giving back. What it does not do is never asked of it."""

    form: bool = False  # saves a way to pay by its own form in the customer's browser: `set_up`
    portal: bool = False  # has pages of its own for the customer: `portal`
    copies: bool = False  # keeps copies of our invoices: `push`
    test_clocks: bool = False  # lives by the test clock of its customer


class ChargeRequest(Struct, frozen=True):
    """`anonymous_id` is all that a provider learns of the customer; `token` is its own name of the method, `customer`
    that of the customer, where they are linked; `reference` that of the charge, where it gave one already."""

    payment_id: str
    anonymous_id: str
    amount: Money
    token: str
    customer: str | None = None
    reference: str | None = None


class Repayment(Struct, frozen=True):
    """`reference`: the provider's own, of the payment."""

    refund_id: str
    payment_id: str
    amount: Money
    reference: str | None


class Succeeded(Struct, frozen=True, tag=True):
    """`reference`: the provider's own."""

    reference: str | None = None


class Failed(Struct, frozen=True, tag=True):
    failure: FailureCode


class NeedsAction(Struct, frozen=True, tag=True):
    """The customer is to confirm it; `action` is what they open: a secret, which is told and never stored.
    `reference`: the provider's own, if it has one already."""

    action: str | None = None
    reference: str | None = None


class ChargedBack(Struct, frozen=True, tag=True):
    """It came in, and a bank took it back for good: by a dispute that was lost, or as a debit that was returned."""

    reference: str | None
    dispute: FoundDispute


class Refused(Struct, frozen=True):
    """A refund that will not happen."""

    reason: str


Outcome = Succeeded | Failed | NeedsAction | ChargedBack
"""Of a charge that is under way for days `Processing` is raised."""


class MirrorState(StrEnum):
    DRAFT = "DRAFT"
    FINAL = "FINAL"
    PAID = "PAID"  # here, and not through the mirror: nothing is charged there
    GONE = "GONE"  # void, or a draft that will not be


class Mirror(Struct, frozen=True):
    """An invoice as the provider's portal and dashboard shall show it. `lines`: all that makes up the total, tax among
    them, in the currency's digits. What was bought is not said."""

    invoice_id: str
    currency: str
    lines: tuple[Decimal, ...]
    state: MirrorState

    @property
    def total(self) -> Money:
        return Money(exact_sum(self.lines), self.currency)


class Mirrored(Struct, frozen=True):
    """`reference`: the provider's own, of its copy. `total`: what that comes to. None: there is no copy any more."""

    reference: str | None
    total: Money | None


class Unknown(Exception):
    """Nobody knows: no answer in time, or none that says. It may have happened. It is asked again under the same id.

    `retry_after`: the seconds that the provider wants to be left alone for, where it says so.
    """

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Processing(Unknown):
    """The provider has the charge or the refund, under `reference`, and a bank takes its days. Nothing has failed: it
    is asked again in `retry_after` seconds, for as long as it takes."""

    retry_after: float

    def __init__(self, why: str, retry_after: float, reference: str | None) -> None:
        super().__init__(why, retry_after)
        self.reference = reference


class Unsayable(Exception):
    """The provider has no words for it, as for a currency that it does not know. Asking again will not help."""


class PaymentProvider(Protocol):
    async def charge(self, charge: ChargeRequest) -> Outcome:
        """What became of it, also if it had been asked before. Raises Unknown."""
        ...

    async def outcome_of(self, charge: ChargeRequest) -> Outcome | None:
        """What became of a charge, which changes nothing. None: it never was asked for it, or forgets it; or, of a
        charge that does not say its `customer`, it was asked within the last minute. Raises Unknown."""
        ...

    async def refund(self, repayment: Repayment) -> Succeeded | Refused:
        """Raises Unknown."""
        ...

    async def withdraw(self, charge: ChargeRequest) -> Succeeded | None:
        """See to it that it never is charged any more. Succeeded: too late, it was. Raises Unknown, and Processing
        where a bank has it already."""
        ...


class CustomerProvider(Protocol):
    """What a provider keeps of a customer. `reference` is its own name of them. All raise Unknown."""

    async def link(self, anonymous_id: str) -> str:
        """The one reference of this id, made if there is none: two who ask at once, or days later, get the same."""
        ...

    async def forget(self, reference: str) -> None:
        """Delete it with all its methods. Done twice is done once."""
        ...

    async def set_up(self, reference: str, key: str) -> str:
        """Begin to save a method: the client secret for the provider's form in the customer's browser, the same when
        asked again under the same key. Asked only of one that has a `form`."""
        raise NotImplementedError

    async def methods(self, reference: str) -> Sequence[Method]:
        """Those that the customer may be charged with, the newest first."""
        ...

    async def set_default(self, reference: str, token: str) -> None:
        """What the provider's portal shows as the default. Nothing, if one of them is gone."""
        ...

    async def detach(self, token: str) -> None:
        """It can never be charged again. Done twice is done once."""
        ...

    async def portal(self, reference: str, return_url: str) -> str:
        """The address of the provider's own pages for this customer, good for minutes. Asked only of one that has a
        `portal`."""
        raise NotImplementedError

    async def push(self, reference: str, mirror: Mirror, copy: str | None) -> Mirrored:
        """Bring its copy of an invoice to this state; what is the same costs little. `copy`: the copy's reference,
        as it was known last, also of one that is gone. One push at a time per invoice: who pushes sees to that.
        Asked only of one that keeps `copies`. Raises Unsayable, too."""
        raise NotImplementedError


class Provider(PaymentProvider, CustomerProvider, Protocol):
    """All that is asked of one."""

    @property
    def capabilities(self) -> Capabilities: ...
