"""Following the journal: nothing is missed and nothing repeated, at each reader's own pace, and new entries are read
once for all who are up to date."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Hashable, Sequence
from contextlib import suppress

import structlog

from adapters.postgres.connection import Engine
from adapters.postgres.reads import JournalEntry
from service.live.changes import Changes
from service.live.journal_sources import Everything, JournalSource, OneCustomer, Place

log = structlog.stdlib.get_logger(__name__)

PAGE = 100
RECENT_MAX = 1_000
"""Entries kept for readers that are a little behind; who is further behind reads pages of their own."""
SETTLE_S_MIN = 0.02
RETRY_S = 1.0


class JournalTails:
    """The tails that somebody follows."""

    def __init__(self, engine: Engine, changes: Changes, *, look_s: float | None = None) -> None:
        self._engine = engine
        self._changes = changes
        self._look_s = look_s
        self._tails: dict[Hashable, Tail] = {}
        changes.listen(self._heard)

    @property
    def readers(self) -> int:
        """How many follow: a figure for metrics, and for tests that nothing is left."""
        return sum(tail.readers for tail in self._tails.values())

    def of_customer(
        self, customer_id: str, after: Place | None, types: Sequence[str] | None
    ) -> AsyncGenerator[tuple[Place, JournalEntry], None]:
        """The customer's entries after that place; None: after the present."""
        return self._follow(customer_id, OneCustomer(self._engine, customer_id), after, types)

    def of_all(
        self, visible: frozenset[str] | None, after: Place | None, types: Sequence[str] | None
    ) -> AsyncGenerator[tuple[Place, JournalEntry], None]:
        """Everybody's entries after that place; None: after the present. `visible`: of these streams only."""
        return self._follow((visible,), Everything(self._engine, visible), after, types)

    async def _follow(
        self, key: Hashable, source: JournalSource, after: Place | None, types: Sequence[str] | None
    ) -> AsyncGenerator[tuple[Place, JournalEntry], None]:
        tail = self._tails.get(key)
        if tail is None:
            look_s = min(source.look_s, self._look_s or source.look_s)
            tail = self._tails[key] = Tail(source, look_s)
        tail.readers += 1
        try:
            async for entry in tail.follow(after, types):
                yield source.place(entry), entry
        finally:
            tail.readers -= 1
            if not tail.readers:
                if self._tails.get(key) is tail:
                    del self._tails[key]
                tail.task.cancel()

    def _heard(self, stream_ids: frozenset[str] | None) -> None:
        for tail in self._tails.values():
            if stream_ids is None or any(map(tail.source.concerns, stream_ids)):
                tail.dirty.set()


class Tail:
    """The newest entries of one source. All entries after `floor` and up to `head` are in `recent`; None: nothing has
    been read yet."""

    def __init__(self, source: JournalSource, look_s: float) -> None:
        self.source = source
        self.readers = 0
        self.dirty = asyncio.Event()
        self._look_s = look_s
        self._recent: deque[tuple[Place, JournalEntry]] = deque()
        self._floor: Place | None = None
        self.head: Place | None = None
        self._turn = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def follow(self, after: Place | None, types: Sequence[str] | None) -> AsyncGenerator[JournalEntry, None]:
        """The entries after that place (None: after `head`), and then each new one."""
        while self.head is None or self._floor is None:
            await self._turn.wait()
        place = self.head if after is None else after
        while True:
            turn, head = self._turn, self.head
            if place >= self._floor:
                for at, entry in [(at, entry) for at, entry in self._recent if at > place]:
                    place = at
                    if types is None or entry.type in types:
                        yield entry
                await turn.wait()
            else:
                page = await self.source.read(place, PAGE, types)
                for entry in page:
                    place = self.source.place(entry)
                    yield entry
                if len(page) < PAGE:
                    place = max(place, head)  # all up to there could be read: what is not in the page is of other types

    async def _run(self) -> None:
        settle_s = self._look_s
        while True:
            heard = self.dirty.is_set()
            self.dirty.clear()
            try:
                found = await self._read()
            except Exception as error:  # readers stay, and miss nothing: they go on from their places
                log.warning("the journal cannot be followed", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)
                self.dirty.set()
                continue
            if found == PAGE:
                self.dirty.set()
            elif found or not self.source.settles:
                settle_s = self._look_s
            elif heard:
                settle_s = SETTLE_S_MIN
            else:
                settle_s = min(settle_s * 2, self._look_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(settle_s):
                    await self.dirty.wait()

    async def _read(self) -> int:
        if self.head is None:
            self._floor = self.head = await self.source.newest()
            entries: list[JournalEntry] = []
        else:
            entries = await self.source.read(self.head, PAGE)
        for entry in entries:
            self.head = self.source.place(entry)
            self._recent.append((self.head, entry))
        while len(self._recent) > RECENT_MAX:
            self._floor = self._recent.popleft()[0]
        self._turn.set()
        self._turn = asyncio.Event()
        return len(entries)
