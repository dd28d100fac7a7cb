"""The one way in which anything is done later. A piece is claimed, done, and gone; one that fails rests and is tried
again, ever later, and in the end is given up: left to support, and tried once a day.

What is done is each kind's own. Doing a piece twice changes nothing, and no transaction is open while it is done.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import structlog

from adapters.backoff import backoff_s
from adapters.postgres import work
from adapters.postgres.connection import Engine
from adapters.postgres.outage import is_outage
from adapters.postgres.work import Work, WorkKind
from domain.providers.provider import Processing, Unknown
from service.later import lease
from service.later.lease import Lost, leased
from service.later.resting import processing_rest, rest_of, said
from service.outage import DatabaseAway, telling_outages

log = structlog.stdlib.get_logger(__name__)

BACK_S = 0.2
"""After how long a piece is done again that was done and is still due."""
AWAY_S_MIN, AWAY_S_MAX = 0.5, 15.0

Do = Callable[[Sequence[Work]], Awaitable[Mapping[str, Exception]]]
"""Does a batch: what failed of it, by id. What it raises has failed for all of the batch."""


class Tried(NamedTuple):
    """How many pieces there were, and how many of them are done."""

    claimed: int
    done: int


def one_by_one(do: Callable[[Work], Awaitable[object]]) -> Do:
    """For those who do batches of one."""

    async def each(batch: Sequence[Work]) -> Mapping[str, Exception]:
        for piece in batch:
            await do(piece)
        return {}

    return each


async def _nothing() -> None:
    pass


class Queue:
    """One process's share of the work of one kind."""

    def __init__(
        self,
        engine: Engine,
        kind: WorkKind,
        do: Do,
        *,
        at_once: int,
        claim_max: int | None = None,
        batch: int = 1,
        lanes: Collection[str] | None = None,
        before: Callable[[], Awaitable[None]] = _nothing,
        idle: Callable[[], Awaitable[float]] | float = 0.5,
        takes_s_max: float | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """`at_once` pieces are in hand at a time. `claim_max` are claimed at once, and no more of a lane that has so
        many in hand: so a provider that does not answer keeps nobody waiting who waits for another. `lanes`: those that
        can be served here; None: all. `before` each claim something may have to be made ready. `idle`: after how many
        seconds is looked again where there was nothing to do.
        `takes_s_max`: a batch that takes longer has failed. `now`: by whose time a piece is due; None: the
        database's."""
        self.kind = kind
        self._engine = engine
        self._do = do
        self._at_once = at_once
        self._claim_max = claim_max or at_once
        self._batch = batch
        self._lanes = lanes
        self._before = before
        self._idle = idle
        self._takes_s_max = takes_s_max
        self._now = now
        self._left: list[Work] = []

    async def round(self, by: datetime | None = None) -> int:
        """Claim once what is due by then (None: now) and see to it: how many there were. Raises DatabaseAway."""
        claimed = await self._claimed(self._claim_max, by=by)
        await self._all(claimed)
        return len(claimed)

    async def round_of(self, customer_id: str) -> Tried:
        """The same for one customer; what rests is tried, too. Raises DatabaseAway."""
        claimed = await self._claimed(self._at_once, customer_id=customer_id)
        return Tried(len(claimed), await self._all(claimed))

    async def is_at(self, customer_id: str) -> bool:
        """Whether anybody is at something of the customer's. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.connect() as connection:
                return await work.is_taken(connection, self.kind, customer_id)

    async def replay(self, id: str) -> bool:
        """Try this one now, whatever became of it before. False: somebody else is at it. Raises DatabaseAway."""
        with telling_outages():
            piece = await self._take(id)
        if piece is not None:
            await self._all([piece])
        return piece is not None

    @asynccontextmanager
    async def taken(self, id: str, customer_id: str | None = None) -> AsyncIterator[Work | None]:
        """This piece, to be done inside; None: somebody else is at it. What fails inside rests, and is raised."""
        piece = await self._take(id, customer_id)
        if piece is None:
            yield None
            return
        try:
            async with leased(self._engine, [piece]), self._in_time():
                yield piece
            await self._settle([piece], {})
        except asyncio.CancelledError:
            await asyncio.shield(self._release([piece]))
            raise
        except Exception as error:
            if not _is_nobodys(error):  # else it is free again when the lease is over
                await self._settle([piece], {piece.id: error})
            raise

    async def work(self, stop: asyncio.Event, seen: Callable[[int], Awaitable[None]] | None = None) -> None:
        """Until `stop` is set; what is in hand by then is finished first. `seen` is told how many each claim came to.
        Whatever fails with the database is tried again, ever later: this never ends by an error."""
        in_hand: dict[asyncio.Task[int | Exception], Sequence[Work]] = {}
        stopping = asyncio.create_task(stop.wait())
        failures = 0
        finished = set[str]()  # since the last claim
        while not stop.is_set():
            wait_s: float | None = None  # till somebody has finished
            try:
                for task in [task for task in in_hand if task.done()]:
                    finished.update(piece.id for piece in in_hand.pop(task))
                    if isinstance(error := task.result(), Exception):
                        raise error
                lanes = Counter(piece.lane or "" for batch in in_hand.values() for piece in batch)
                free = self._at_once - lanes.total()
                if free >= self._batch:
                    full = [lane for lane, number in lanes.items() if lane and number >= self._claim_max]
                    by = None if self._now is None else self._now()
                    claimed = await self._claimed(min(free, self._claim_max), by=by, but_not=full)
                    for batch in self._batches(claimed):
                        after_s = BACK_S if any(piece.id in finished for piece in batch) else 0.0
                        in_hand[asyncio.create_task(self._see_to(batch, after_s))] = batch
                    finished.clear()
                    wait_s = 0.0 if claimed else await self._idle_s()
                    if seen is not None:
                        await seen(len(claimed) or lanes.total())
                failures = 0
            except Exception as error:
                failures += 1
                wait_s = backoff_s(failures, AWAY_S_MIN, AWAY_S_MAX)
                away = isinstance(error, DatabaseAway)
                (log.warning if away else log.error)(
                    "the database cannot be reached" if away else "the queue cannot go on",
                    kind=self.kind,
                    error=str(error) if away else type(error).__name__,
                    tries_again_in_seconds=wait_s,
                )
                await asyncio.wait([stopping], timeout=wait_s)
                continue
            await asyncio.wait([stopping, *in_hand], timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*in_hand)

    async def _idle_s(self) -> float:
        return await self._idle() if callable(self._idle) else self._idle

    # ── claimed ──────────────────────────────────────────────────────────────────────────────────────────────────────
    async def _claimed(
        self,
        limit: int,
        *,
        by: datetime | None = None,
        but_not: Collection[str] = (),
        customer_id: str | None = None,
    ) -> list[Work]:
        if self._lanes is not None and not self._lanes:
            return []
        with telling_outages():
            if left := [*self._left]:  # by itself: whoever claims waits for others, and is to hold no row meanwhile
                await self._release(left)
                self._left = [piece for piece in self._left if piece not in left]
            await self._before()
            async with self._engine.begin() as connection:
                return await work.claim(
                    connection,
                    self.kind,
                    lease.LEASE,
                    limit,
                    by=by,
                    lanes=self._lanes,
                    but_not=but_not,
                    customer_id=customer_id,
                )

    async def _take(self, id: str, customer_id: str | None = None) -> Work | None:
        async with self._engine.begin() as connection:
            return await work.take(connection, self.kind, id, lease.LEASE, customer_id)

    async def _release(self, pieces: Sequence[Work]) -> None:
        async with self._engine.begin() as connection:
            await work.release(connection, pieces)

    def _batches(self, claimed: Sequence[Work]) -> list[Sequence[Work]]:
        return [claimed[n : n + self._batch] for n in range(0, len(claimed), self._batch)]

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Raises Unknown."""
        try:
            async with asyncio.timeout(self._takes_s_max) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise Unknown("took too long") from None

    # ── seen to ──────────────────────────────────────────────────────────────────────────────────────────────────────
    async def _all(self, claimed: Sequence[Work]) -> int:
        """How many are done. What fails with the database is raised when all have come back."""
        found = await asyncio.gather(*map(self._see_to, self._batches(claimed)))
        for error in found:
            if isinstance(error, Exception):
                raise error
        return sum(number for number in found if isinstance(number, int))

    async def _see_to(self, batch: Sequence[Work], after_s: float = 0.0) -> int | Exception:
        """How many are done; the others rest. After an error of the database, or broken off, all of the batch is free
        again."""
        try:
            with telling_outages():
                failed = await self._failed_of(batch, after_s)
                await self._settle(batch, failed)
        except Lost:
            return 0
        except asyncio.CancelledError:
            await asyncio.shield(self._release(batch))
            raise
        except Exception as error:
            self._left += batch
            return error
        return len(batch) - len(failed)

    async def _failed_of(self, batch: Sequence[Work], after_s: float) -> Mapping[str, Exception]:
        """Do it: what failed, by id. Raises Lost, and what is an outage of the database."""
        try:
            async with leased(self._engine, batch):
                await asyncio.sleep(after_s)
                async with self._in_time():
                    return await self._do(batch)
        except Exception as error:
            if _is_nobodys(error):
                raise
            return {piece.id: error for piece in batch}

    async def _settle(self, batch: Sequence[Work], failed: Mapping[str, Exception]) -> None:
        async with self._engine.begin() as connection:
            if len(failed) < len(batch):
                await work.done(connection, [piece for piece in batch if piece.id not in failed])
            for piece in batch:
                error = failed.get(piece.id)
                if isinstance(error, Processing):  # no failure: whoever has it needs its time
                    await work.wait(connection, piece, processing_rest(error))
                elif error is not None:
                    await work.rest(connection, piece, said(error), *rest_of(piece, error))


def _is_nobodys(error: Exception) -> bool:
    """No failure of the piece: the database is away, or somebody else is at it."""
    return isinstance(error, DatabaseAway | Lost) or is_outage(error)
