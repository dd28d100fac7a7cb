"""What is sent to be recorded, what became of it, and what can be read of it afterwards."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from msgspec import Struct


class CustomerIds(Protocol):
    """A customer by our id or by the caller's own: exactly one of the two."""

    @property
    def id(self) -> str | None: ...

    @property
    def external_id(self) -> str | None: ...


class SentEvent(Protocol):
    """A usage event as its sender wrote it. `time` None: now. `quantity` is its value. `subscription_id`: by which of
    the customer's subscriptions it is to be charged; None: by whichever prices its meter."""

    @property
    def id(self) -> str: ...

    @property
    def customer(self) -> CustomerIds: ...

    @property
    def type(self) -> str: ...

    @property
    def time(self) -> datetime | None: ...

    @property
    def quantity(self) -> Decimal | None: ...

    @property
    def properties(self) -> Mapping[str, Any] | None: ...

    @property
    def source(self) -> str | None: ...

    @property
    def subscription_id(self) -> str | None: ...


class CustomerRef(NamedTuple):
    id: str | None = None
    external_id: str | None = None


def turn_of(ref: CustomerIds) -> str:
    """Under which those who write usage of one customer queue."""
    return f"id {ref.id}" if ref.external_id is None else f"external {ref.external_id}"


class UsageEvent(Struct, frozen=True):
    """A SentEvent for those who have no type of their own."""

    id: str
    customer: CustomerIds
    type: str
    time: datetime | None = None
    quantity: Decimal | None = None
    properties: Mapping[str, Any] | None = None
    source: str | None = None
    subscription_id: str | None = None


class UsageEventStatus(StrEnum):
    """CONFLICT: the same id was recorded with other content. REJECTED: the message says what is wrong."""

    ACCEPTED = "ACCEPTED"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"


class UsageOutcome(NamedTuple):
    status: UsageEventStatus
    message: str | None = None


class RecordedEvent(Struct, frozen=True):
    """An event as it was recorded, or a correction of one (`corrects` is that one's id). `properties` is JSON text.

    Of an event and its corrections the one with the highest `revision` counts, unless it is `retracted`.
    """

    id: str
    source: str
    type: str
    time: datetime
    value: Decimal | None
    properties: str | None
    recorded_at: datetime
    corrects: str | None = None
    revision: int = 0
    retracted: bool = False
    reason: str | None = None
    subscription_id: str | None = None
