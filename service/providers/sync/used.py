"""Usage of customers whom a provider knows, marked beside its hot path: a count in memory, and a few times a second one
statement for all. What a dying process had not marked yet, the sweep finds (`push_schedule`)."""

import asyncio
from collections import Counter
from contextlib import suppress

import structlog

from adapters.postgres import sync
from adapters.postgres.connection import Engine
from adapters.postgres.driver import driver_of

log = structlog.stdlib.get_logger(__name__)

GATHER_S = 0.3
CUSTOMERS_MAX = 50_000
"""More than these in one gathering are left to the sweep."""


class Used:
    """`run` it as long as the process lives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changes: Counter[str] = Counter()
        self._waiting = asyncio.Event()

    def changed(self, customer_id: str) -> None:
        """Called after a commit that changed what is counted for the customer."""
        if len(self._changes) < CUSTOMERS_MAX or customer_id in self._changes:
            self._changes[customer_id] += 1
            self._waiting.set()

    async def run(self) -> None:
        """Until cancelled; what is not marked then is marked before it ends."""
        try:
            while True:
                await self._waiting.wait()
                await asyncio.sleep(GATHER_S)
                await self.mark()
        except asyncio.CancelledError:
            with suppress(Exception):
                await asyncio.wait_for(asyncio.shield(self.mark()), 1.0)
            raise

    async def mark(self) -> None:
        """All that was gathered. If the database does not take it, it is kept for the next time."""
        self._waiting.clear()
        changes, self._changes = self._changes, Counter()
        if not changes:
            return
        try:
            async with self._engine.connect() as connection:
                await sync.mark_used(await driver_of(connection), changes)
        except BaseException as error:  # being cancelled, too
            self._changes.update(changes)
            self._waiting.set()
            if not isinstance(error, Exception):
                raise
            log.warning("usage is not marked for sync yet", error=type(error).__name__)
