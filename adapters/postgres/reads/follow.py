"""The journal as it grows: where it ends now, and what came after a place."""

from collections.abc import Sequence

from sqlalchemy import select

from adapters.postgres import journal
from adapters.postgres.connection import Engine
from adapters.postgres.journal import JournalEntry
from adapters.postgres.reads.read_connection import read_connection
from adapters.postgres.tables import streams


async def newest_seq(engine: Engine, stream_id: str) -> int:
    """The number of the stream's last entry; 0: it has none."""
    async with read_connection(engine) as connection:
        return (
            await connection.execute(select(streams.c.seq).where(streams.c.id == stream_id))
        ).scalar_one_or_none() or 0


async def newest_place(engine: Engine) -> tuple[int, int]:
    """The place (transaction, position) after all that can be read now of all streams."""
    async with read_connection(engine) as connection:
        return await journal.newest(connection)


async def all_after(
    engine: Engine,
    after: tuple[int, int],
    visible: frozenset[str] | None,
    *,
    limit: int,
    types: Sequence[str] | None = None,
) -> list[JournalEntry]:
    """At most `limit` entries of all visible streams after that place, in one order."""
    async with read_connection(engine) as connection:
        return await journal.read_all(connection, after=after, limit=limit, types=types, visible=visible)
