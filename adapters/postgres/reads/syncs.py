"""How far payment providers were told of customers."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, case, func, select

from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import among, is_visible, read_connection
from adapters.postgres.tables import provider_sync as syncs
from adapters.postgres.tables import work
from adapters.postgres.work import WorkKind


class SyncStatus(NamedTuple):
    """`changes` the provider was not told yet; `synced_at`: when it was told last. `error`: what came of the last of so
    many `attempts` that failed since."""

    changes: int
    synced_at: datetime | None
    attempts: int
    error: str | None


async def by_customers(
    engine: Engine, ids: Collection[str], visible: frozenset[str] | None
) -> dict[str, dict[str, SyncStatus]]:
    """Customer id → provider → standing, for those whom a provider knows."""
    failed = case((work.c.claim.is_(None), work.c.attempts), else_=work.c.attempts - 1)  # one of them is under way
    of_row = and_(work.c.kind == WorkKind.SYNC, work.c.id == func.concat(syncs.c.customer_id, "/", syncs.c.provider))
    columns = syncs.c.customer_id, syncs.c.provider, syncs.c.changes, syncs.c.synced_at
    query = select(*columns, func.coalesce(failed, 0).label("attempts"), work.c.error).outerjoin_from(
        syncs, work, of_row
    )
    query = query.where(among(syncs.c.customer_id, ids), is_visible(syncs.c.customer_id, visible))
    found: dict[str, dict[str, SyncStatus]] = {}
    async with read_connection(engine) as connection:
        for row in await connection.execute(query):
            of = found.setdefault(row.customer_id, {})
            of[row.provider] = SyncStatus(row.changes, row.synced_at, row.attempts, row.error)
    return found
