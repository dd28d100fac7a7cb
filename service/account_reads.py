"""Accounts read in batches: whoever asks while the database is busy is served together by the next read."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from adapters.postgres.connection import Engine
from adapters.postgres.reads import accounts
from adapters.postgres.reads import catalog as catalogs
from service.clock import Clock
from service.snapshot import Snapshot, UsageOf

BATCH_MAX = 100
AT_ONCE = 2
"""Reads running at a time: enough to keep the database busy, few enough that others get a connection."""


class AccountReads:
    """`reads` counts batches that were read: a figure for metrics and tests."""

    def __init__(self, engine: Engine, clock: Clock, usage_of: UsageOf) -> None:
        self._engine = engine
        self._clock = clock
        self._usage_of = usage_of
        self._next: dict[str, asyncio.Future[Snapshot | None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def read(self, customer_id: str) -> asyncio.Future[Snapshot | None]:
        """The account, by a read that begins after this call, so that it sees all that is committed now. None: there is
        no such customer. The future is shared: shield it."""
        future = self._next.get(customer_id)
        if future is None:
            future = self._next[customer_id] = asyncio.get_running_loop().create_future()
            if len(self._running) < AT_ONCE:
                task = asyncio.create_task(self._work())
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return future

    async def _work(self) -> None:
        await asyncio.sleep(0)  # all who ask in this step of the loop
        while self._next:
            batch = {id: self._next.pop(id) for id in list(self._next)[:BATCH_MAX]}
            try:
                found = await self._read(list(batch))
            except asyncio.CancelledError:
                for future in batch.values():
                    future.cancel()
                raise
            except Exception as error:
                for future in batch.values():
                    if not future.done():
                        future.set_exception(error)
                        future.exception()  # all who asked may be gone; then nobody else looks at it
            else:
                for id, future in batch.items():
                    if not future.done():
                        future.set_result(found.get(id))

    async def _read(self, ids: Sequence[str]) -> dict[str, Snapshot]:
        read_at, now = monotonic(), self._clock.now()
        catalog = (await catalogs.catalog(self._engine)).catalog
        snapshots = {}
        # Who may see which customer is settled before anything is asked here: a snapshot serves all who may.
        for id, stored in (await accounts.by_ids(self._engine, ids, None)).items():
            at = now if stored.clock is None else stored.clock.now
            assert at is not None
            snapshots[id] = Snapshot(id, stored.account, stored.seq, catalog, at, read_at)
        wanted = [one for snapshot in snapshots.values() for one in snapshot.metered()]
        if wanted:
            for one, usage in zip(wanted, await self._usage_of(wanted), strict=True):
                snapshots[one.customer_id].usage[one.entitlement.feature.key] = usage
        return snapshots
