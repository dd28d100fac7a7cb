"""Usage: recorded, used up against limits, held, corrected and read.

Nothing here locks an account. Writers meet at the row of (customer, meter); whoever holds it knows what the period has
used. What may be used is asked of the account as it stands when the request comes in.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from adapters.postgres.connection import Engine
from adapters.postgres.driver import retried
from adapters.postgres.retries import Retry
from adapters.postgres.usage.events import ALL, EventFilter, EventPosition
from adapters.postgres.usage.periods import UsageQuery
from adapters.vault import Vault
from domain.catalog import Meter
from domain.errors import invalid
from domain.period import Grain, Period
from domain.rights.gate import Decision
from domain.rights.gate import FeatureUsage as Used
from service.clock import Clock
from service.gates.snapshot import UsageOfEntitlement
from service.turns import Turns
from service.usage.allowance import allowances
from service.usage.base import Base
from service.usage.consume import consume
from service.usage.correct import Correction, correct
from service.usage.customer_lookup import Visible
from service.usage.events import (
    CustomerIds,
    CustomerRef,
    RecordedEvent,
    SentEvent,
    UsageEvent,
    UsageEventStatus,
    UsageOutcome,
    turn_of,
)
from service.usage.gate import UseRequest
from service.usage.intake import UsageIntake
from service.usage.read import Point, events_page, history, used_many
from service.usage.record import Arrival, record
from service.usage.reserve import (
    Reservation,
    ReservationState,
    Reserved,
    Settling,
    commit,
    holder,
    release,
    reserve,
)

__all__ = [
    "ALL",
    "CustomerRef",
    "EventFilter",
    "EventPosition",
    "Point",
    "RecordedEvent",
    "Reservation",
    "ReservationState",
    "Reserved",
    "Usage",
    "UsageEvent",
    "UsageEventStatus",
    "UsageOutcome",
    "UsageQuery",
]

EVENTS_MAX = 10_000
T = TypeVar("T")


class Usage:
    """`changed` is told each customer whose usage changed. `visible` is the customers a caller may touch (None: all);
    others are answered as if they were not there."""

    def __init__(
        self, engine: Engine, vault: Vault, clock: Clock, changed: Callable[[str], None], retention_days: int
    ) -> None:
        self._base = Base(engine, vault, clock, changed, timedelta(days=retention_days))
        self._intake = UsageIntake(self._write, self._write_alone)
        self._turns = Turns()

    # ── recording ────────────────────────────────────────────────────────────────────────────────────────────────────
    async def record(self, events: Sequence[SentEvent], visible: Visible) -> list[UsageOutcome]:
        """What became of each of up to 10,000 events, in their order. Returns when they are committed. Refuses more."""
        if len(events) > EVENTS_MAX:
            raise invalid(f"at most {EVENTS_MAX} events", "events")
        return await self._intake.record([(event, visible) for event in events]) if events else []

    async def correct(
        self,
        ref: CustomerIds,
        source: str | None,
        id: str,
        quantity: Decimal | None,
        reason: str,
        retry: Retry,
        visible: Visible,
        *,
        properties: Mapping[str, Any] | None = None,
    ) -> RecordedEvent:
        """From now on the event reads `quantity` (and `properties`); with neither it does not count. Raises Refusal:
        NOT_FOUND, INVALID, IDEMPOTENCY_MISMATCH."""
        correction = Correction(ref, source, id, quantity, properties, reason, visible)
        async with self._turns.of([turn_of(ref)]):
            return await self._attempted(lambda: correct(self._base, correction, retry))

    # ── using up ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def consume(
        self,
        ref: CustomerIds,
        feature: str,
        quantity: Decimal,
        retry: Retry,
        visible: Visible,
        *,
        subscription_id: str | None = None,
    ) -> Decision:
        """Use up the quantity if the decision allows it; a denied one changes nothing. `subscription_id`: which of the
        customer's subscriptions is to be charged. Raises Refusal: INVALID, NOT_FOUND, IDEMPOTENCY_MISMATCH."""
        async with self._turns.of([turn_of(ref)]):
            asked = UseRequest(ref, feature, quantity, visible, subscription_id)
            return await self._attempted(lambda: consume(self._base, asked, retry))

    async def reserve(
        self,
        ref: CustomerIds,
        feature: str,
        quantity: Decimal,
        ttl: timedelta,
        retry: Retry,
        visible: Visible,
        *,
        subscription_id: str | None = None,
    ) -> Reserved:
        """Hold the quantity for `ttl` (1 second to 1 day) if it may be used. `subscription_id`: which of the customer's
        subscriptions is to be charged. Raises Refusal: INVALID, NOT_FOUND, IDEMPOTENCY_MISMATCH."""
        async with self._turns.of([turn_of(ref)]):
            asked = UseRequest(ref, feature, quantity, visible, subscription_id)
            return await self._attempted(lambda: reserve(self._base, asked, ttl, retry))

    async def commit_reservation(
        self, id: str, quantity: Decimal | None, retry: Retry, visible: Visible
    ) -> Reservation:
        """Use up what is held, or `quantity` of it. Raises Refusal: NOT_FOUND, INVALID, CONFLICT (settled already),
        STALE (ran out), IDEMPOTENCY_MISMATCH."""
        async with self._turns.of(await holder(self._base, id)):
            return await self._attempted(lambda: commit(self._base, Settling(id, visible), quantity, retry))

    async def release_reservation(self, id: str, retry: Retry, visible: Visible) -> Reservation:
        """Hold it no longer. Raises Refusal: NOT_FOUND, CONFLICT (settled already), IDEMPOTENCY_MISMATCH."""
        return await self._attempted(lambda: release(self._base, Settling(id, visible), retry))

    # ── reading: of customers that the caller was found to see ───────────────────────────────────────────────────────
    async def of(self, wanted: Sequence[UsageOfEntitlement]) -> list[Used]:
        """What each entitlement has used, held and carried over at its instant, in a constant number of statements."""
        if not wanted:
            return []
        async with self._base.driver() as driver:
            return await allowances(driver, await self._base.catalog(driver), wanted)

    async def used(self, customer_id: str, meter: Meter, period: Period, until: datetime) -> Decimal:
        """What the meter read in the period, readings up to and including `until` counted."""
        (figure,) = await used_many(self._base, [UsageQuery(customer_id, meter, period, until, until)])
        return figure

    async def used_many(self, asks: Sequence[UsageQuery]) -> list[Decimal]:
        """The same for many, in a constant number of statements."""
        return await used_many(self._base, asks)

    async def history(self, ask: UsageQuery, by: Grain, zone: str) -> list[Point]:
        """The ask's period in buckets of the customer's calendar, none later than its `at`. Refuses more than 1,000."""
        return await history(self._base, ask, by, zone)

    async def events_page(
        self,
        customer_id: str,
        type: str,
        period: Period,
        after: EventPosition | None,
        first: int,
        chosen: EventFilter = ALL,
    ) -> list[RecordedEvent]:
        """Up to `first` events as recorded, corrections among them, by (time, source, id, revision)."""
        return await events_page(self._base, customer_id, type, period, after, first, chosen)

    async def _write(self, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
        return await self._attempted(lambda: record(self._base, arrivals))

    async def _write_alone(self, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
        async with self._turns.of(turn_of(event.customer) for event, _ in arrivals):
            return await self._write(arrivals)

    async def _attempted(self, act: Callable[[], Awaitable[T]]) -> T:
        return await retried(act, self._base.forget_known)
