"""Accounts read in batches: whoever asks while the database is busy is served together by the next read."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

from adapters.postgres.codec import decode_account, decode_catalog, decode_clock
from adapters.postgres.connection import Engine
from adapters.postgres.driver import driver_of
from adapters.postgres.reads.stream_states import StreamState, stream_states
from domain.catalog import Catalog
from service.clock import Clock
from service.gates.snapshot import Snapshot, UsageOf
from service.write.streams import CATALOG

BATCH_MAX = 100
AT_ONCE = 2
"""Reads running at a time: enough to keep the database busy, few enough that others get a connection."""


class AccountReads:
    """`known` gives an earlier snapshot, however old, of which what has not changed is taken."""

    def __init__(
        self, engine: Engine, clock: Clock, usage_of: UsageOf, known: Callable[[str], Snapshot | None]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._usage_of = usage_of
        self._known = known
        self._catalog, self._catalog_seq = Catalog(), 0
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
        before = {id: self._known(id) for id in ids}
        asked = {id: 0 if snapshot is None else snapshot.seq for id, snapshot in before.items()} | {
            CATALOG: self._catalog_seq
        }
        # Who may see which customer is settled before anything is asked here: a snapshot serves all who may.
        async with self._engine.connect() as connection:
            found = await stream_states(await driver_of(connection), asked)
        self._learn_catalog(found.pop(CATALOG, None))
        snapshots = {id: self._snapshot(id, head, before[id], now, read_at) for id, head in found.items()}
        wanted = [metered for snapshot in snapshots.values() for metered in snapshot.metered()]
        if wanted:
            for metered, usage in zip(wanted, await self._usage_of(wanted), strict=True):
                snapshots[metered.customer_id].usage[metered.entitlement.feature.key] = usage
        return snapshots

    def _learn_catalog(self, head: StreamState | None) -> None:
        if head is not None and head.state is not None and head.seq > self._catalog_seq:
            self._catalog, self._catalog_seq = decode_catalog(head.state), head.seq

    def _snapshot(self, id: str, head: StreamState, before: Snapshot | None, now: datetime, read_at: float) -> Snapshot:
        if head.state is None:
            assert before is not None
            account = before.stored
        else:
            account = decode_account(head.state)
        at = now if head.clock is None else decode_clock(head.clock).now
        assert at is not None
        if head.effective_at is not None:
            at = max(at, head.effective_at)  # other machines' clocks may be ahead
        return Snapshot(id, account, head.seq, self._catalog, at, read_at, before)
