"""Accounts that somebody watches: each is read once per change and process, however many watch it.

A change is heard of (`service.live.changes`), and each account is also looked at every few seconds and at the instant
when its state changes by itself; so a lost notice costs a delay, never an update.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import structlog

from adapters.postgres.connection import Engine
from service.clock import Clock
from service.gates.snapshot import Snapshot
from service.gates.snapshots import Snapshots
from service.live.changes import Changes
from service.live.journal_tail import JournalTails
from service.live.sightings import Numbers
from service.write.streams import CATALOG

log = structlog.stdlib.get_logger(__name__)

GAP_S = 0.05
"""Between two reads of one account: more often nobody could look."""
LOOK_S = 5.0
LOOK_S_DEAF = 1.0
"""How often to look when the line to the other processes is down."""


class Live:
    """`states` of accounts, for as long as they are iterated over; `journal` to follow what happens; `numbers` of the
    states that watched accounts have been in."""

    def __init__(
        self,
        engine: Engine,
        snapshots: Snapshots,
        changes: Changes,
        clock: Clock,
        *,
        look_s: float = LOOK_S,
        gap_s: float = GAP_S,
    ) -> None:
        self.journal = JournalTails(engine, changes, look_s=look_s)
        self.numbers = Numbers()
        self.snapshots = snapshots
        self.changes = changes
        self.clock = clock
        self.look_s = look_s
        self.gap_s = gap_s
        self._watches: dict[str, Watch] = {}
        changes.listen(self._heard)

    @property
    def watched(self) -> int:
        """How many accounts are watched: a figure for metrics, and for tests that nothing is left."""
        return len(self._watches)

    async def states(self, customer_id: str) -> AsyncGenerator[Snapshot, None]:
        """The account's present state, then each newer one. A slow reader is given the newest."""
        watch = self._watches.get(customer_id)
        if watch is None:
            watch = self._watches[customer_id] = Watch(self, customer_id)
        reader = Reader(watch.latest)
        watch.readers.add(reader)
        try:
            while True:
                yield await reader.next()
        finally:
            watch.readers.discard(reader)
            if not watch.readers:
                if self._watches.get(customer_id) is watch:
                    del self._watches[customer_id]
                watch.task.cancel()

    def latest(self, customer_id: str) -> Snapshot | None:
        """What whoever watches the account was last given."""
        watch = self._watches.get(customer_id)
        return None if watch is None else watch.latest

    async def present(self, customer_id: str) -> Snapshot:
        """What whoever watches the account was last given, or would be given first."""
        if (latest := self.latest(customer_id)) is not None:
            return latest
        states = self.states(customer_id)
        try:
            return await anext(states)
        finally:
            await states.aclose()

    def _heard(self, stream_ids: frozenset[str] | None) -> None:
        if stream_ids is None or CATALOG in stream_ids:
            for watch in self._watches.values():
                watch.dirty.set()
            return
        for stream_id in stream_ids:
            watched = self._watches.get(stream_id)
            if watched is not None:
                watched.dirty.set()
            elif stream_id.startswith("clock_"):
                for watch in self._watches.values():
                    if watch.latest is not None and watch.latest.clock_id == stream_id:
                        watch.dirty.set()


class Reader:
    """The newest state for one reader: the watch never waits for it."""

    def __init__(self, first: Snapshot | None) -> None:
        self._newest = first
        self._there = asyncio.Event()
        if first is not None:
            self._there.set()

    def give(self, snapshot: Snapshot) -> None:
        """In place of what has not been taken."""
        self._newest = snapshot
        self._there.set()

    async def next(self) -> Snapshot:
        """Take it, once there is one."""
        await self._there.wait()
        self._there.clear()
        assert self._newest is not None
        return self._newest


class Watch:
    """One watched account."""

    def __init__(self, live: Live, customer_id: str) -> None:
        self._live = live
        self._customer_id = customer_id
        self.readers: set[Reader] = set()
        self.latest: Snapshot | None = None
        self.dirty = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        read = self._live.snapshots.get
        while True:
            self.dirty.clear()
            try:
                snapshot = await read(self._customer_id)
            except Exception as error:  # readers stay: they are told when it can be read again
                log.warning(
                    "a watched account cannot be read", customer_id=self._customer_id, error=type(error).__name__
                )
                await asyncio.sleep(LOOK_S_DEAF)
                continue
            if snapshot is not None:
                self.latest = snapshot
                for reader in self.readers:
                    reader.give(snapshot)
            read = self._live.snapshots.fresh
            await asyncio.sleep(self._live.gap_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_in()):
                    await self.dirty.wait()

    def _look_in(self) -> float:
        live, latest = self._live, self.latest
        look_s = live.look_s if live.changes.connected else min(live.look_s, LOOK_S_DEAF)
        if latest is not None and latest.until is not None and latest.clock_id is None:
            left_s = (latest.until - live.clock.now()).total_seconds()
            look_s = min(look_s, max(left_s, 0.0) + 0.001)
        return look_s
