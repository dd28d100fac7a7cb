"""What has fallen due by itself, recorded by whoever comes first. Repeated or raced, it changes nothing: the write path
looks again, under the lock of the account, at what is due."""

import asyncio
import traceback
from datetime import datetime
from time import monotonic
from typing import NamedTuple

import structlog

from adapters.postgres import due
from adapters.postgres.connection import Engine
from domain.commands import CatchUp
from service.outage import DatabaseAway, telling_outages
from service.record import WORKER, Record

log = structlog.stdlib.get_logger(__name__)

CLAIM_MAX = 50
AT_ONCE = 4
"""Accounts recorded at a time; each takes a connection, and the claim one more."""
REST_S_MIN, REST_S_MAX = 1.0, 300.0


class _Rest(NamedTuple):
    until: float
    seconds: float


class DueWork:
    """One worker's share of it. An account that fails is left to rest, ever longer, and holds up nobody."""

    def __init__(self, engine: Engine, record: Record) -> None:
        self._engine = engine
        self._record = record
        self._resting: dict[str, _Rest] = {}

    async def run(self, now: datetime) -> int:
        """Claim accounts with something due by `now` and see to them: how many there were. Raises DatabaseAway."""
        resting = [id for id, rest in self._resting.items() if rest.until > monotonic()]
        with telling_outages():
            async with self._engine.begin() as connection:
                claimed = await due.claim(connection, now, resting, CLAIM_MAX)
                permits = asyncio.Semaphore(AT_ONCE)
                outages = await asyncio.gather(*(self._see_to(id, permits) for id in claimed))
                for outage in outages:
                    if outage is not None:
                        raise outage
        return len(claimed)

    async def next_instant(self, after: datetime) -> datetime | None:
        """When something next falls due. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.connect() as connection:
                return await due.next_instant(connection, after)

    async def _see_to(self, customer_id: str, permits: asyncio.Semaphore) -> DatabaseAway | None:
        """None: recorded, or left to rest."""
        async with permits:
            try:
                with telling_outages():
                    await self._record(customer_id, CatchUp(), WORKER)
            except DatabaseAway as outage:
                return outage
            except Exception as error:
                self._let_rest(customer_id, error)
            else:
                self._resting.pop(customer_id, None)
        return None

    def _let_rest(self, customer_id: str, error: Exception) -> None:
        before = self._resting.get(customer_id)
        seconds = REST_S_MIN if before is None else min(before.seconds * 2, REST_S_MAX)
        self._resting[customer_id] = _Rest(monotonic() + seconds, seconds)
        # Where and what kind, but not the message: it may repeat what is stored of the customer.
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]
        log.error(
            "due work failed",
            customer_id=customer_id,
            error=type(error).__name__,
            at=places,
            tries_again_in_seconds=seconds,
        )
