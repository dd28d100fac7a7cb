"""API keys, for those who manage them. No secret is stored; its hash is read here and goes no further."""

from collections.abc import Collection

from sqlalchemy import select

from adapters.postgres.codec import decode_key
from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import among, read_connection
from adapters.postgres.tables import api_keys, streams
from domain.access import ApiKey


async def page(
    engine: Engine, *, limit: int, after: str | None = None, before: str | None = None, backwards: bool = False
) -> list[ApiKey]:
    """At most `limit` keys between two ids, in order of id: the first of them, or (`backwards`) the last."""
    id = api_keys.c.key_id
    query = select(streams.c.state).join(api_keys, id == streams.c.id)
    if after is not None:
        query = query.where(id > after)
    if before is not None:
        query = query.where(id < before)
    query = query.order_by(id.desc() if backwards else id).limit(limit)
    async with read_connection(engine) as connection:
        found = [decode_key(state) for state in (await connection.execute(query)).scalars()]
    return found[::-1] if backwards else found


async def by_ids(engine: Engine, ids: Collection[str]) -> dict[str, ApiKey]:
    """Key id → key."""
    query = select(streams.c.state).join(api_keys, api_keys.c.key_id == streams.c.id).where(among(streams.c.id, ids))
    async with read_connection(engine) as connection:
        keys = [decode_key(state) for state in (await connection.execute(query)).scalars()]
    return {key.id: key for key in keys}
