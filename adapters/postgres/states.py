"""The folded state of each stream: one row, locked by whoever decides on it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import streams


class StreamHead(NamedTuple):
    """The last entry's number, hash and instant, and the state folded up to it. An account's `state` lacks its books,
    which are in `books`."""

    seq: int
    hash: bytes
    effective_at: datetime | None
    state: str
    books: str | None = None


async def head(connection: AsyncConnection, stream_id: str) -> StreamHead | None:
    """The stream's head as it stands, unlocked."""
    row = (await connection.execute(_head(stream_id))).one_or_none()
    return None if row is None else StreamHead(row.seq, row.hash, row.effective_at, row.state, row.books)


def _head(stream_id: str) -> Select[tuple[int, bytes, datetime | None, str, str | None]]:
    head = streams.c
    return select(head.seq, head.hash, head.effective_at, head.state, head.books).where(head.id == stream_id)


async def lock(connection: AsyncConnection, stream_id: str, visible: frozenset[str] | None) -> StreamHead | None:
    """The stream's head, held until the transaction ends. None: no such stream among the visible ones (None: all)."""
    query = _head(stream_id)
    if visible is not None:
        query = query.where(streams.c.id.in_(visible))
    row = (await connection.execute(query.with_for_update())).one_or_none()
    return None if row is None else StreamHead(row.seq, row.hash, row.effective_at, row.state, row.books)


async def begin(connection: AsyncConnection, stream_id: str, kind: str, empty: str) -> None:
    """A stream without entries yet. Of two that begin it at once, the second waits and finds it there."""
    row = {"id": stream_id, "kind": kind, "seq": 0, "hash": b"", "state": empty}
    await connection.execute(insert(streams).values(row).on_conflict_do_nothing())


async def lock_free(connection: AsyncConnection, stream_ids: Collection[str]) -> dict[str, StreamHead]:
    """The heads of those that nobody else holds, held until the transaction ends. Taken in one order."""
    head = streams.c
    query = select(head.id, head.seq, head.hash, head.effective_at, head.state, head.books)
    query = query.where(among(head.id, stream_ids)).order_by(head.id).with_for_update(skip_locked=True)
    return {row.id: StreamHead(*row[1:]) for row in await connection.execute(query)}


async def write(connection: AsyncConnection, heads: Mapping[str, StreamHead]) -> None:
    """Store new heads, by stream id."""
    changed = update(streams).where(streams.c.id == bindparam("stream_id"))
    await connection.execute(changed, [{"stream_id": id, **head._asdict()} for id, head in heads.items()])


async def are_any(connection: AsyncConnection) -> bool:
    return bool(await connection.scalar(select(exists().select_from(streams))))


async def read(connection: AsyncConnection, stream_id: str) -> str | None:
    """The folded state, unlocked."""
    query = select(streams.c.state).where(streams.c.id == stream_id)
    return (await connection.execute(query)).scalar_one_or_none()
