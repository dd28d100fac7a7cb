"""What has fallen due by itself, recorded by whoever comes first. Repeated or raced, it changes nothing: the write path
looks again, under the lock of the account, at what is due."""

import asyncio
import traceback
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import NamedTuple

import structlog

from adapters.postgres import due
from adapters.postgres.connection import Engine
from domain.commands import CatchUp
from domain.events import AnyEvent, CreditNoteIssued, InvoiceFinalized
from service.outage import DatabaseAway, telling_outages
from service.record import WORKER, Record

log = structlog.stdlib.get_logger(__name__)

CLAIM_MAX = 100
BATCH = 25
"""Accounts recorded in one transaction. What a dying worker has to leave undone, and how long others wait for a number,
grows with it; what is won grows slower and slower."""
AT_ONCE = 2
"""Transactions at a time; each takes a connection, and the claim one more."""
REST_S_MIN, REST_S_MAX = 1.0, 300.0


class Tally(NamedTuple):
    """How many accounts were brought up to date, and how many documents came of it."""

    accounts: int = 0
    invoices: int = 0
    credit_notes: int = 0


class _Rest(NamedTuple):
    until: float
    seconds: float


class DueWork:
    """One worker's share of it. An account that fails is left to rest, ever longer, and holds up nobody."""

    def __init__(self, engine: Engine, record: Record) -> None:
        self._engine = engine
        self._record = record
        self._resting: dict[str, _Rest] = {}
        self.done = Tally()
        """All that this worker has done."""

    @property
    def resting(self) -> Sequence[str]:
        """The customers for whom it failed the last time it was tried."""
        return sorted(self._resting)

    async def run(self, now: datetime) -> int:
        """Claim accounts with something due by `now` and see to them: how many there were. Raises DatabaseAway."""
        resting = [id for id, rest in self._resting.items() if rest.until > monotonic()]
        with telling_outages():
            async with self._engine.begin() as connection:
                claimed = await due.claim(connection, now, resting, CLAIM_MAX)
                permits = asyncio.Semaphore(AT_ONCE)
                batches = [claimed[n : n + BATCH] for n in range(0, len(claimed), BATCH)]
                outages = await asyncio.gather(*(self._see_to(ids, permits) for ids in batches))
                for outage in outages:
                    if outage is not None:
                        raise outage
        return len(claimed)

    async def backlog(self, now: datetime) -> int:
        """How many accounts have something due by `now`. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.connect() as connection:
                return await due.backlog(connection, now)

    async def next_instant(self, after: datetime) -> datetime | None:
        """When something next falls due. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.connect() as connection:
                return await due.next_instant(connection, after)

    async def _see_to(self, customer_ids: Sequence[str], permits: asyncio.Semaphore) -> DatabaseAway | None:
        """None: recorded, or left to rest. Those whom somebody holds are waited for, each by itself; and so are all if
        the database refuses what one of them comes to."""
        alone = set(customer_ids)
        try:
            async with permits:
                with telling_outages():
                    found = await self._record.catch_up(customer_ids)
        except DatabaseAway as outage:
            return outage
        except Exception as error:
            log.warning("accounts are recorded one by one", error=type(error).__name__, accounts=len(alone))
        else:
            alone -= found.keys()
            for id, one in found.items():
                self._note(id, one.error, [fact.event for fact in one.facts])
        outages = await asyncio.gather(*(self._see_to_one(id, permits) for id in sorted(alone)))
        return next((outage for outage in outages if outage is not None), None)

    async def _see_to_one(self, customer_id: str, permits: asyncio.Semaphore) -> DatabaseAway | None:
        try:
            async with permits:
                with telling_outages():
                    recorded = await self._record(customer_id, CatchUp(), WORKER)
        except DatabaseAway as outage:
            return outage
        except Exception as error:
            self._note(customer_id, error, [])
        else:
            self._note(customer_id, None, [entry.event for entry in recorded.entries])
        return None

    def _note(self, customer_id: str, error: Exception | None, events: Sequence[AnyEvent]) -> None:
        if error is not None:
            self._let_rest(customer_id, error)
            return
        self._resting.pop(customer_id, None)
        accounts, invoices, notes = self.done
        self.done = Tally(
            accounts + 1,
            invoices + sum(isinstance(event, InvoiceFinalized) for event in events),
            notes + sum(isinstance(event, CreditNoteIssued) for event in events),
        )

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
