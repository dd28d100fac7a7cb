"""Test clocks. Whoever is limited to certain customers sees the clocks that these live by."""

from collections.abc import Collection

from sqlalchemy import Select, select

from adapters.postgres.codec import decode_clock
from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import among, is_visible, read_connection
from adapters.postgres.tables import customers, streams
from domain.clock import TestClock

KIND = "clock"


async def by_ids(engine: Engine, ids: Collection[str], visible: frozenset[str] | None) -> dict[str, TestClock]:
    """Clock id → clock, for those that exist and are visible."""
    async with read_connection(engine) as connection:
        rows = await connection.execute(_clocks(visible).where(among(streams.c.id, ids)))
        return {row.id: decode_clock(row.state) for row in rows}


async def page(
    engine: Engine,
    visible: frozenset[str] | None,
    *,
    limit: int,
    after: str | None = None,
    before: str | None = None,
    backwards: bool = False,
) -> list[TestClock]:
    """At most `limit` clocks between two ids, in order of id: the first of them, or (`backwards`) the last."""
    query = _clocks(visible).order_by(streams.c.id.desc() if backwards else streams.c.id).limit(limit)
    if after is not None:
        query = query.where(streams.c.id > after)
    if before is not None:
        query = query.where(streams.c.id < before)
    async with read_connection(engine) as connection:
        found = [decode_clock(row.state) for row in await connection.execute(query)]
    return found[::-1] if backwards else found


def _clocks(visible: frozenset[str] | None) -> Select[tuple[str, str]]:
    query = select(streams.c.id, streams.c.state).where(streams.c.kind == KIND)
    if visible is None:
        return query
    lived_by = select(customers.c.clock_id).where(is_visible(customers.c.customer_id, visible))
    return query.where(streams.c.id.in_(lived_by))
