"""What providers told, and how it was handled: for support."""

from collections.abc import Collection

from adapters.postgres import inbox
from adapters.postgres.connection import Engine
from adapters.postgres.inbox import NoticeState, StoredNotice
from adapters.postgres.reads.read_connection import read_connection

__all__ = ["NoticeState", "StoredNotice", "by_id", "page"]


async def page(
    engine: Engine,
    limit: int,
    *,
    after: str | None = None,
    before: str | None = None,
    backwards: bool = False,
    customer_id: str | None = None,
    states: Collection[NoticeState] | None = None,
) -> list[StoredNotice]:
    """At most `limit` between two ids, the newest first: the first of them, or (`backwards`) the last."""
    query = inbox.newest(limit, after=after, before=before, backwards=backwards, customer_id=customer_id, states=states)
    async with read_connection(engine) as connection:
        found = [inbox.told(row) for row in await connection.execute(query)]
    return found[::-1] if backwards else found


async def by_id(engine: Engine, id: str) -> StoredNotice | None:
    async with read_connection(engine) as connection:
        row = (await connection.execute(inbox.by_id(id))).one_or_none()
    return None if row is None else inbox.told(row)
