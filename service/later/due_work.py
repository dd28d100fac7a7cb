"""What has fallen due by itself, recorded by whoever comes first. Repeated or raced, it changes nothing: the write path
looks again, under the lock of the account, at what is due."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from adapters.postgres import due, work
from adapters.postgres.connection import Engine
from adapters.postgres.outage import is_outage
from adapters.postgres.work import Work, WorkKind
from domain.commands import CatchUp
from domain.events import AnyEvent, CreditNoteIssued, InvoiceFinalized
from service.clock import Clock
from service.later.work import Queue
from service.outage import telling_outages
from service.write.record import WORKER, Recording

log = structlog.stdlib.get_logger(__name__)

_CLOCK = Clock()

CLAIM_MAX = 100
AT_ONCE = 400
"""In hand. They are recorded as TRANSACTIONS has room for them; the rest of it is for those who wait for whoever holds
their account."""
BATCH = 25
"""Accounts recorded in one transaction. What a dying worker has to leave undone, and how long others wait for a number,
grows with it; what is won grows slower and slower."""
TRANSACTIONS = 2
"""Each takes a connection; one more is for accounts that somebody holds."""
IDLE_S_MAX = 1.0
"""Something may fall due sooner than what we know of: another process has just planned it."""


class Tally(NamedTuple):
    """How many accounts were brought up to date, and how many documents came of it."""

    accounts: int = 0
    invoices: int = 0
    credit_notes: int = 0


class DueWork:
    """One worker's share of what has fallen due. `now` is that of the write path, so that what is claimed as due is due
    there, too."""

    def __init__(self, engine: Engine, record: Recording, now: Callable[[], datetime] = _CLOCK.now) -> None:
        self._engine = engine
        self._now = now
        self._record = record
        self._together = asyncio.Semaphore(TRANSACTIONS)
        self._alone = asyncio.Semaphore(1)
        self._failed: set[str] = set()
        self.done = Tally()
        """All that this worker has done."""
        self.queue = Queue(
            engine,
            WorkKind.DUE,
            self._do,
            at_once=AT_ONCE,
            claim_max=CLAIM_MAX,
            batch=BATCH,
            idle=self._until_next,
            now=now,
        )

    @property
    def resting(self) -> Sequence[str]:
        """The customers for whom it failed the last time it was tried here."""
        return sorted(self._failed)

    async def begin(self) -> None:
        """What rests after a failure is tried, too. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.begin() as connection:
                await work.wake(connection, WorkKind.DUE)

    async def backlog(self, now: datetime, *, resting: bool = True) -> int:
        """How many accounts have something due by `now`, with or without those that rest. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.connect() as connection:
                return await work.depth(connection, WorkKind.DUE, now, resting=resting)

    async def next_instant(self, after: datetime) -> datetime | None:
        """When something next falls due. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.connect() as connection:
                return await due.next_instant(connection, after)

    async def _until_next(self) -> float:
        now = self._now()
        instant = await self.next_instant(now)
        return IDLE_S_MAX if instant is None else min(max((instant - now).total_seconds(), 0.001), IDLE_S_MAX)

    async def _do(self, batch: Sequence[Work]) -> Mapping[str, Exception]:
        """Together. Those whom somebody holds are waited for, each by itself; and so are all if the database refuses
        what one of them comes to."""
        ids = [piece.id for piece in batch]
        try:
            async with self._together:
                found = await self._record.catch_up(ids)
        except Exception as error:
            if is_outage(error):
                raise
            log.warning("accounts are recorded one by one", error=type(error).__name__, accounts=len(ids))
            found = {}
        failed = {id: account.error for id, account in found.items() if account.error is not None}
        for account in found.values():
            if account.error is None:
                self._count([fact.event for fact in account.facts])
        for id in ids:
            if id not in found and (refused := await self._do_one(id)) is not None:
                failed[id] = refused
        self._failed = self._failed.difference(ids) | failed.keys()
        return failed

    async def _do_one(self, customer_id: str) -> Exception | None:
        try:
            async with self._alone:
                recorded = await self._record(customer_id, CatchUp(), WORKER)
        except Exception as error:
            if is_outage(error):
                raise
            return error
        self._count([entry.event for entry in recorded.entries])
        return None

    def _count(self, events: Sequence[AnyEvent]) -> None:
        accounts, invoices, notes = self.done
        self.done = Tally(
            accounts + 1,
            invoices + sum(isinstance(event, InvoiceFinalized) for event in events),
            notes + sum(isinstance(event, CreditNoteIssued) for event in events),
        )
