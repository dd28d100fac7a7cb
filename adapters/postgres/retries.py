"""Idempotency rows: what a retry is answered from. The row is written in the transaction of what it stands for."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.tables import idempotency


class Retry(NamedTuple):
    """One request's identity: whose (`scope`, a credential), what (`operation`) and its key. `input_hash` tells whether
    a second request under the same key asks for the same thing."""

    scope: str
    operation: str
    key: str
    input_hash: bytes


class First(NamedTuple):
    """What the first attempt left: the entries it wrote, or the answer itself."""

    input_hash: bytes
    stream_id: str | None
    first_seq: int | None
    last_seq: int | None
    result: str | None


def _is(retry: Retry) -> ColumnElement[bool]:
    return (
        (idempotency.c.scope == retry.scope)
        & (idempotency.c.operation == retry.operation)
        & (idempotency.c.key == retry.key)
    )


async def claim(connection: AsyncConnection, retry: Retry) -> First | None:
    """None: this is the first attempt, and the key is now its own until the transaction ends. A concurrent attempt with
    the same key waits here, and then sees what the first one left, or, if that was refused, takes its place."""
    row = {"scope": retry.scope, "operation": retry.operation, "key": retry.key, "input_hash": retry.input_hash}
    claimed = await connection.execute(
        insert(idempotency).values(row).on_conflict_do_nothing().returning(idempotency.c.key)
    )
    if claimed.first() is not None:
        return None
    left = idempotency.c
    query = select(left.input_hash, left.stream_id, left.first_seq, left.last_seq, left.result).where(_is(retry))
    return First(*(await connection.execute(query)).one())


async def leave_entries(
    connection: AsyncConnection, retry: Retry, stream_id: str, first_seq: int, last_seq: int
) -> None:
    values = {"stream_id": stream_id, "first_seq": first_seq, "last_seq": last_seq}
    await connection.execute(update(idempotency).where(_is(retry)).values(values))


async def leave_result(connection: AsyncConnection, retry: Retry, result: str) -> None:
    await connection.execute(update(idempotency).where(_is(retry)).values(result=result))
