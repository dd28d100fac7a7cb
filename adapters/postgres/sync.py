"""What payment providers are still to be told of customers: marked where something changes, and taken off only as far
as it was told. Who is at it, and what failed, stands in `work`. Nobody keeps a row locked while a provider is asked, so
that who changes something never waits for one.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.driver import Driver
from adapters.postgres.tables import provider_copies as copies
from adapters.postgres.tables import provider_sync as syncs
from domain.providers.dirty_marks import DirtyMark


class Job(NamedTuple):
    """A provider to be told. `changes`: how many there were before what is told was looked at."""

    customer_id: str
    provider: str
    reference: str
    changes: int
    pushed_digest: bytes | None
    methods_digest: bytes | None


class Copy(NamedTuple):
    """What the provider was told last of an invoice. `digest` None: nothing is certain."""

    invoice_id: str
    reference: str | None
    state: str
    digest: bytes | None
    drift: str | None


# ── marked ───────────────────────────────────────────────────────────────────────────────────────────────────────────
async def keep_marks(connection: Connection, marks: Sequence[DirtyMark], gone: Collection[tuple[str, str]]) -> None:
    """In the transaction of what changed. `gone`: (customer id, provider) that are linked no more."""
    if gone:
        for customer_id, provider in sorted(gone):
            await forget(connection, customer_id, provider)
    if not marks:
        return
    row = insert(syncs).values(
        [
            {
                "customer_id": mark.customer_id,
                "provider": mark.provider,
                "reference": mark.reference,
                "dirty_since": func.now(),
                "changes": mark.changes,
                "due_at": func.now() if mark.at_once else None,
            }
            for mark in sorted(marks)  # in one order, in which everybody locks these rows
        ]
    )
    new = row.excluded
    others = {
        "reference": new.reference,
        "dirty_since": func.coalesce(syncs.c.dirty_since, new.dirty_since),
        "changes": syncs.c.changes + new.changes,
        "due_at": func.coalesce(new.due_at, syncs.c.due_at),
    }
    keys = ["customer_id", "provider"]
    await connection.execute(row.on_conflict_do_update(index_elements=keys, set_=others))


async def mark_used(driver: Driver, changes: Mapping[str, int]) -> None:
    """Usage of these customers changed so many times: those whom no provider knows are passed over."""
    ids = sorted(changes)
    await driver.execute(_MARK_USED, ids, [changes[id] for id in ids])


_MARK_USED = """
    WITH given AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS given (customer_id, changes)),
    held AS (
        SELECT customer_id, provider, given.changes AS more FROM provider_sync JOIN given USING (customer_id)
        ORDER BY customer_id, provider FOR UPDATE OF provider_sync
    )
    UPDATE provider_sync SET changes = changes + held.more, dirty_since = coalesce(dirty_since, now())
    FROM held WHERE provider_sync.customer_id = held.customer_id AND provider_sync.provider = held.provider
"""


async def sweep(connection: Connection, unseen_for: timedelta, limit: int) -> int:
    """Have those looked at again whom nobody has for so long: how many. What a dying process had gathered and not yet
    marked comes to light so."""
    stale = (
        select(syncs.c.customer_id, syncs.c.provider)
        .where(syncs.c.dirty_since.is_(None), syncs.c.looked_at < func.now() - unseen_for)
        .order_by(syncs.c.looked_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .subquery()
    )
    here = and_(syncs.c.customer_id == stale.c.customer_id, syncs.c.provider == stale.c.provider)
    found = await connection.execute(update(syncs).where(here).values(dirty_since=func.now(), due_at=func.now()))
    return found.rowcount


async def ripen(connection: Connection, interval: timedelta) -> None:
    """Changes that have waited for the interval are due; those that somebody just changes are the next time."""
    due_at = syncs.c.dirty_since + interval
    ripe = (
        select(syncs.c.customer_id, syncs.c.provider)
        .where(syncs.c.dirty_since.is_not(None), syncs.c.due_at.is_(None), due_at <= func.now())
        .order_by(syncs.c.customer_id, syncs.c.provider)  # the order in which everybody locks these rows
        .with_for_update(skip_locked=True)
        .subquery()
    )
    here = and_(syncs.c.customer_id == ripe.c.customer_id, syncs.c.provider == ripe.c.provider)
    await connection.execute(update(syncs).where(here).values(due_at=due_at))


async def keep_due(connection: Connection, job: Job) -> None:
    """It was asked for and not told: then it is due, also if nothing was to be told before."""
    await connection.execute(
        update(syncs)
        .where(_here(job.customer_id, job.provider), syncs.c.reference == job.reference)
        .values(
            dirty_since=func.coalesce(syncs.c.dirty_since, func.now()), due_at=func.coalesce(syncs.c.due_at, func.now())
        )
    )


# ── told ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
async def job(connection: Connection, customer_id: str, provider: str) -> Job | None:
    """None: the provider knows nothing of them."""
    row = (await connection.execute(select(syncs).where(_here(customer_id, provider)))).one_or_none()
    return None if row is None else _job(row)


async def providers_of(connection: Connection, customer_id: str) -> list[str]:
    query = select(syncs.c.provider).where(syncs.c.customer_id == customer_id).order_by(syncs.c.provider)
    return list((await connection.execute(query)).scalars())


async def note_pushed(connection: Connection, pushed: Job, pushed_digest: bytes, methods_digest: bytes) -> None:
    """What changed since the job was read stays to be told."""
    left = syncs.c.changes - pushed.changes
    await connection.execute(
        update(syncs)
        .where(_here(pushed.customer_id, pushed.provider), syncs.c.reference == pushed.reference)
        .values(
            changes=left,
            dirty_since=case((left > 0, func.now()), else_=None),
            due_at=None,
            pushed_digest=pushed_digest,
            methods_digest=methods_digest,
            looked_at=func.now(),
            synced_at=func.now(),
        )
    )


async def forget(connection: Connection, customer_id: str, provider: str) -> None:
    for table in (syncs, copies):
        here = (table.c.customer_id == customer_id) & (table.c.provider == provider)
        await connection.execute(delete(table).where(here))


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────────
async def copies_of(connection: Connection, customer_id: str, provider: str) -> dict[str, Copy]:
    """By our id of the invoice."""
    query: Select[Any] = select(
        copies.c.invoice_id, copies.c.reference, copies.c.state, copies.c.digest, copies.c.drift
    ).where(copies.c.customer_id == customer_id, copies.c.provider == provider)
    return {row.invoice_id: Copy(*row) for row in await connection.execute(query)}


async def keep_copy(connection: Connection, of: Job, copy: Copy) -> None:
    row = {"customer_id": of.customer_id, "provider": of.provider, **copy._asdict()}
    stored = insert(copies)
    others = {name: stored.excluded[name] for name in ("reference", "state", "digest", "drift")}
    keys = ["customer_id", "provider", "invoice_id"]
    await connection.execute(stored.on_conflict_do_update(index_elements=keys, set_=others), row)


def _job(row: Row[Any]) -> Job:
    return Job(row.customer_id, row.provider, row.reference, row.changes, row.pushed_digest, row.methods_digest)


def _here(customer_id: str, provider: str) -> ColumnElement[bool]:
    return and_(syncs.c.customer_id == customer_id, syncs.c.provider == provider)
