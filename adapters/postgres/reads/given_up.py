"""Work that was tried in vain: for support."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import among, read_connection
from adapters.postgres.tables import work
from adapters.postgres.work import WorkKind, WorkState

__all__ = ["GivenUp", "WorkKind", "by_id", "oldest"]


class GivenUp(NamedTuple):
    """`since`: when it fell due. `next_at`: when it is tried next. `error`: why the last try failed."""

    kind: WorkKind
    id: str
    customer_id: str | None
    since: datetime
    attempts: int
    next_at: datetime
    error: str | None


_COLUMNS = tuple(work.c[name] for name in GivenUp._fields)


async def oldest(
    engine: Engine, limit: int, *, kinds: Collection[WorkKind] | None = None, customer_id: str | None = None
) -> list[GivenUp]:
    """At most `limit`, the longest due first."""
    query = select(*_COLUMNS).where(work.c.state == WorkState.GIVEN_UP)
    if kinds is not None:
        query = query.where(among(work.c.kind, kinds))
    if customer_id is not None:
        query = query.where(work.c.customer_id == customer_id)
    async with read_connection(engine) as connection:
        rows = await connection.execute(query.order_by(work.c.since, work.c.id).limit(limit))
        return [GivenUp(WorkKind(row.kind), *row[1:]) for row in rows]


async def by_id(engine: Engine, kind: WorkKind, id: str) -> GivenUp | None:
    """None: it was not given up, or is done."""
    here = work.c.kind == kind, work.c.id == id, work.c.state == WorkState.GIVEN_UP
    async with read_connection(engine) as connection:
        row = (await connection.execute(select(*_COLUMNS).where(*here))).one_or_none()
    return None if row is None else GivenUp(WorkKind(row.kind), *row[1:])
