"""What a provider has, read to be compared with the journal. Reading only: nothing here moves money.

Everything is as it now stands, whatever was told of it before. Each may raise `domain.providers.provider.Unknown`.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from domain.books.payment import Method
from domain.money import Money


class FoundStatus(StrEnum):
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class DisputeStatus(StrEnum):
    """How far a dispute has come."""

    ASKED = "ASKED"  # an inquiry: no money has been taken yet
    OPEN = "OPEN"  # the money is gone, for now
    WON = "WON"  # it came back, or never went
    LOST = "LOST"


class FoundPayment(Struct, frozen=True):
    """`reference`: as `Succeeded` carries it. `payment_id` None: we did not ask for it. `refunded`: how much of it was
    given back; None where that was not looked at. `disputed`: a bank has taken it back, or tried to, whatever became of
    that; `ProviderRecords.disputes_of` says."""

    reference: str
    payment_id: str | None
    customer: str | None
    amount: Money
    state: FoundStatus
    refunded: Money | None = None
    disputed: bool = False


class FoundRefund(Struct, frozen=True):
    """`payment`: the reference of what is given back. `refund_id` None: we did not ask for it."""

    reference: str
    payment: str | None
    refund_id: str | None
    amount: Money
    state: FoundStatus
    at: datetime


class FoundDispute(Struct, frozen=True):
    """`reason`: the provider's word, as "fraudulent"."""

    reference: str
    payment: str | None
    amount: Money
    status: DisputeStatus
    reason: str
    at: datetime


class FoundCustomer(Struct, frozen=True):
    """`anonymous_id` None: not made by us. `also`: the names of the fields that say more of them than we ever would."""

    reference: str
    anonymous_id: str | None
    also: tuple[str, ...] = ()


class Listing(Protocol):
    """`since` up to, but not including, `until`: by when it was made at the provider."""

    def payments(
        self, since: datetime, until: datetime | None = None, customer: str | None = None
    ) -> AsyncIterator[FoundPayment]:
        """Try by try: a payment may come several times. `customer`: only of this one."""
        ...

    def refunds(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundRefund]: ...

    def customers(self, since: datetime, until: datetime | None = None) -> AsyncIterator[FoundCustomer]: ...


class ProviderRecords(Protocol):
    """One by one, as each now stands. None: it is not known there."""

    @property
    def listing(self) -> Listing | None:
        """None: it lists nothing, so that only what is known here can be looked at there."""
        ...

    async def payment(self, reference: str) -> FoundPayment | None: ...

    async def refunds_of(self, payment: str) -> Sequence[FoundRefund]: ...

    async def dispute(self, reference: str) -> FoundDispute | None: ...

    async def disputes_of(self, payment: str) -> Sequence[FoundDispute]: ...

    async def customer(self, reference: str) -> FoundCustomer | None:
        """None also for one that was deleted."""
        ...

    async def methods(self, customer: str) -> Sequence[Method] | None:
        """None: it does not say."""
        ...
