"""The journal: rows are appended and read, never changed. Each row's hash covers the row and the hash before it."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnClause, Row, and_, insert, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.codec import decode_event, encode, version_of
from adapters.postgres.tables import journal
from domain.events import AnyEvent

GENESIS = b""

# The oldest transaction that is still running.
_HORIZON: ColumnClause[int] = literal_column("journal_xact(pg_snapshot_xmin(pg_current_snapshot()))", BigInteger)


class JournalEntry(NamedTuple):
    """One fact. `seq` counts within its stream from 1. `position` and `xact` order it among all streams."""

    stream_id: str
    seq: int
    id: str
    effective_at: datetime
    recorded_at: datetime
    actor: str
    reason: str | None
    cause: str | None
    event: AnyEvent
    type: str
    version: int
    payload: str
    previous: bytes
    hash: bytes
    xact: int = 0
    position: int = 0


def sealed_entry(
    stream_id: str,
    seq: int,
    id: str,
    event: AnyEvent,
    *,
    effective_at: datetime,
    recorded_at: datetime,
    actor: str,
    reason: str | None,
    cause: str | None,
    previous: bytes,
) -> JournalEntry:
    """The entry with its place in the hash chain."""
    type = str(event.__struct_config__.tag)
    version = version_of(type)
    payload = encode(event)
    entry = JournalEntry(
        stream_id,
        seq,
        id,
        effective_at,
        recorded_at,
        actor,
        reason,
        cause,
        event,
        type,
        version,
        payload,
        previous,
        b"",
    )
    return entry._replace(hash=digest(entry))


def digest(entry: JournalEntry) -> bytes:
    """SHA-256 over the previous hash and every field that carries meaning, as one JSON array: no field can run into the
    next."""
    body = encode(
        [
            entry.previous.hex(),
            entry.stream_id,
            entry.seq,
            entry.id,
            entry.type,
            entry.version,
            entry.effective_at.astimezone(UTC),
            entry.recorded_at.astimezone(UTC),
            entry.actor,
            entry.reason,
            entry.cause,
            entry.payload,
        ]
    )
    return hashlib.sha256(body.encode()).digest()


async def append(connection: AsyncConnection, entries: Iterable[JournalEntry]) -> None:
    stored = ("stream_id", "seq", "id", "effective_at", "recorded_at", "actor", "reason", "cause", "type", "version")
    rows = [{name: getattr(entry, name) for name in (*stored, "payload", "previous", "hash")} for entry in entries]
    await connection.execute(insert(journal), rows)


async def read(
    connection: AsyncConnection,
    stream_id: str,
    *,
    after: int = 0,
    until: int | None = None,
    effective_until: datetime | None = None,
    types: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[JournalEntry]:
    """A stream's entries in order: `after` < seq ≤ `until`, effective at or before `effective_until`."""
    query = select(journal).where(journal.c.stream_id == stream_id, journal.c.seq > after).order_by(journal.c.seq)
    if until is not None:
        query = query.where(journal.c.seq <= until)
    if effective_until is not None:
        query = query.where(journal.c.effective_at <= effective_until)
    if types:
        query = query.where(journal.c.type.in_(types))
    rows = await connection.execute(query.limit(limit))
    return [_entry(row) for row in rows]


async def read_all(
    connection: AsyncConnection,
    *,
    after: tuple[int, int],
    limit: int,
    types: Sequence[str] | None = None,
    visible: frozenset[str] | None = None,
) -> list[JournalEntry]:
    """All streams' entries in one order, by (transaction, position), up to the oldest transaction still running:
    nothing can later appear before what was returned. `visible`: only these streams."""
    xact, position = after
    query = (
        select(journal)
        .where(
            or_(journal.c.xact > xact, and_(journal.c.xact == xact, journal.c.position > position)),
            journal.c.xact < _HORIZON,
        )
        .order_by(journal.c.xact, journal.c.position)
        .limit(limit)
    )
    if types:
        query = query.where(journal.c.type.in_(types))
    if visible is not None:
        query = query.where(journal.c.stream_id.in_(visible))
    return [_entry(row) for row in await connection.execute(query)]


async def newest(connection: AsyncConnection) -> tuple[int, int]:
    """Where a reader of all streams who wants only what is new begins."""
    return (await connection.execute(select(_HORIZON))).scalar_one() - 1, 2**62


async def stream_ids(connection: AsyncConnection, page: int = 1_000) -> AsyncIterator[str]:
    """Every stream that has entries, in order of id."""
    last = ""
    while True:
        query = (
            select(journal.c.stream_id)
            .where(journal.c.stream_id > last, journal.c.seq == 1)
            .order_by(journal.c.stream_id)
        ).limit(page)
        found = (await connection.execute(query)).scalars().all()
        for last in found:
            yield last
        if len(found) < page:
            return


def _entry(row: Row[tuple[object, ...]]) -> JournalEntry:
    return JournalEntry(
        row.stream_id,
        row.seq,
        row.id,
        row.effective_at,
        row.recorded_at,
        row.actor,
        row.reason,
        row.cause,
        decode_event(row.payload, row.version),
        row.type,
        row.version,
        row.payload,
        row.previous,
        row.hash,
        row.xact,
        row.position,
    )
