"""Usage: recorded, used up against limits, held, corrected and read.

Nothing here locks an account. Writers meet at the row of (customer, meter); whoever holds it knows what the period has
used. What may be used is asked of the account as it stands when the request comes in.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from adapters.postgres.connection import Engine
from adapters.postgres.driver import retried
from adapters.postgres.retries import Retry
from adapters.postgres.usage.events import ALL, EventFilter, EventPosition
from adapters.postgres.usage.periods import UsageQuery
from adapters.vault import Vault
from domain.errors import invalid
from domain.rights.gate import Decision
from service.clock import Clock
from service.turns import Turns
from service.usage.base import Base
from service.usage.consume import consume
from service.usage.correct import Correction, correct
from service.usage.customer_lookup import Visible
from service.usage.events import (
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
from service.usage.read import Point, UsageReads
from service.usage.record import Arrival, record
from service.usage.reserve import (
    Reservation,
    ReservationState,
    Reserved,
    Settling,
    commit,
    owner_turn,
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
    """The writing side, and `reads` beside it. `changed` is told each customer whose usage changed. `visible` is the
    customers a caller may touch (None: all); others are answered as if they were not there."""

    def __init__(
        self, engine: Engine, vault: Vault, clock: Clock, changed: Callable[[str], None], retention_days: int
    ) -> None:
        self._base = Base(engine, vault, clock, changed, timedelta(days=retention_days))
        self.reads = UsageReads(self._base)
        self._intake = UsageIntake(self._write, self._write_alone)
        self._turns = Turns()

    # ── recording ────────────────────────────────────────────────────────────────────────────────────────────────────
    async def record(self, events: Sequence[SentEvent], visible: Visible) -> list[UsageOutcome]:
        """What became of each of up to 10,000 events, in their order. Returns when they are committed. Refuses more."""
        if len(events) > EVENTS_MAX:
            raise invalid(f"at most {EVENTS_MAX} events", "events")
        return await self._intake.record([(event, visible) for event in events]) if events else []

    async def correct(self, correction: Correction, retry: Retry) -> RecordedEvent:
        """From now on the event reads what the correction says. Raises Refusal: NOT_FOUND, INVALID,
        IDEMPOTENCY_MISMATCH."""
        async with self._turns.of([turn_of(correction.ref)]):
            return await self._attempted(lambda: correct(self._base, correction, retry))

    # ── using up ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def consume(self, request: UseRequest, retry: Retry) -> Decision:
        """Use up the quantity if the decision allows it; a denied one changes nothing. Raises Refusal: INVALID,
        NOT_FOUND, IDEMPOTENCY_MISMATCH."""
        async with self._turns.of([turn_of(request.ref)]):
            return await self._attempted(lambda: consume(self._base, request, retry))

    async def reserve(self, request: UseRequest, ttl: timedelta, retry: Retry) -> Reserved:
        """Hold the quantity for `ttl` (1 second to 1 day) if it may be used. Raises Refusal: INVALID, NOT_FOUND,
        IDEMPOTENCY_MISMATCH."""
        async with self._turns.of([turn_of(request.ref)]):
            return await self._attempted(lambda: reserve(self._base, request, ttl, retry))

    async def commit_reservation(self, settling: Settling, quantity: Decimal | None, retry: Retry) -> Reservation:
        """Use up what is held, or `quantity` of it. Raises Refusal: NOT_FOUND, INVALID, CONFLICT (settled already),
        STALE (ran out), IDEMPOTENCY_MISMATCH."""
        async with self._turns.of(await owner_turn(self._base, settling.id)):
            return await self._attempted(lambda: commit(self._base, settling, quantity, retry))

    async def release_reservation(self, settling: Settling, retry: Retry) -> Reservation:
        """Hold it no longer. Raises Refusal: NOT_FOUND, CONFLICT (settled already), IDEMPOTENCY_MISMATCH."""
        return await self._attempted(lambda: release(self._base, settling, retry))

    async def _write(self, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
        return await self._attempted(lambda: record(self._base, arrivals))

    async def _write_alone(self, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
        async with self._turns.of(turn_of(event.customer) for event, _ in arrivals):
            return await self._write(arrivals)

    async def _attempted(self, act: Callable[[], Awaitable[T]]) -> T:
        return await retried(act, self._base.forget_known)
