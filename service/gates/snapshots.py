"""Accounts kept in memory for `canUse`: at most a second old, forgotten when a change is heard of, bounded.

While the line to the other processes is down nothing is answered from memory: nobody would tell us what changed.
"""

import asyncio
from time import monotonic

from adapters.postgres.connection import Engine
from adapters.postgres.reads import accounts
from adapters.vault import Vault
from service.clock import Clock
from service.gates.account_reads import AccountReads
from service.gates.snapshot import Snapshot, UsageOf
from service.live.changes import Changes
from service.write.streams import CATALOG

HELD_MAX = 10_000
NAMES_MAX = 50_000


class Snapshots:
    """`cached` on the hot path; `get` when it has nothing; `fresh` for an answer that sees all that is committed."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock, changes: Changes, usage_of: UsageOf) -> None:
        self._engine = engine
        self._vault = vault
        self._changes = changes
        self._reads = AccountReads(engine, clock, usage_of, lambda customer_id: self._held.get(customer_id))
        # In order of reading. What is in use is read again each second, so the first is the least recently used.
        self._held: dict[str, Snapshot] = {}
        self._pending: dict[str, asyncio.Future[Snapshot | None]] = {}
        self._names: dict[str, str] = {}
        changes.listen(self._forget)

    def cached(self, customer_id: str) -> Snapshot | None:
        """The account as known, without waiting; None: ask `get`."""
        snapshot = self._held.get(customer_id)
        if snapshot is None or not self._changes.connected:
            return None
        now = monotonic()
        if now >= snapshot.expires_at:
            return None
        if now >= snapshot.renew_at:  # read ahead, so that a busy account never waits
            snapshot.renew_at = snapshot.expires_at
            self._read(customer_id)
        return snapshot

    async def get(self, customer_id: str) -> Snapshot | None:
        """The account, at most a second old. All who miss it at once share one read. None: no such customer."""
        snapshot = self.cached(customer_id)
        if snapshot is not None:
            return snapshot
        pending = self._pending.get(customer_id) if self._changes.connected else None
        return await asyncio.shield(pending or self._read(customer_id))

    async def fresh(self, customer_id: str) -> Snapshot | None:
        """The account as it is now: by a read that begins after this call."""
        return await asyncio.shield(self._read(customer_id))

    def known_id(self, external_id: str) -> str | None:
        """Whose external id this is, as far as known without waiting. An erased customer has none: look at them."""
        return self._names.get(external_id)

    async def find_id(self, external_id: str) -> str | None:
        """The id of the customer who has this external id."""
        hashes = self._vault.external_hashes(external_id)
        found = await accounts.by_external_hashes(self._engine, hashes, None)
        customer_id = next((found[hash] for hash in hashes if hash in found), None)
        self._names.pop(external_id, None)
        if customer_id is not None:
            self._names[external_id] = customer_id
            if len(self._names) > NAMES_MAX:
                del self._names[next(iter(self._names))]
        return customer_id

    def _read(self, customer_id: str) -> asyncio.Future[Snapshot | None]:
        future = self._reads.read(customer_id)
        if self._pending.get(customer_id) is not future:
            self._pending[customer_id] = future
            future.add_done_callback(lambda done: self._keep(customer_id, done))
        return future

    def _keep(self, customer_id: str, future: asyncio.Future[Snapshot | None]) -> None:
        if self._pending.get(customer_id) is not future:
            return  # the account has changed since, or a later read is on its way
        del self._pending[customer_id]
        self._held.pop(customer_id, None)
        snapshot = None if future.cancelled() or future.exception() is not None else future.result()
        if snapshot is not None:
            self._held[customer_id] = snapshot
            if len(self._held) > HELD_MAX:
                del self._held[next(iter(self._held))]

    def _forget(self, stream_ids: frozenset[str] | None) -> None:
        if stream_ids is None or CATALOG in stream_ids:
            for snapshot in self._held.values():
                snapshot.expires_at = 0.0
            self._pending.clear()
            return
        for stream_id in stream_ids:
            kept = self._held.get(stream_id)
            if kept is not None:
                kept.expires_at = 0.0
            self._pending.pop(stream_id, None)
        clocks = {stream_id for stream_id in stream_ids if stream_id.startswith("clock_")}
        if clocks:
            for kept in self._held.values():
                if kept.clock_id in clocks:
                    kept.expires_at = 0.0
            self._pending.clear()  # whose time the accounts being read live in is not known yet
