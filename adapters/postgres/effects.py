"""What a payment provider is still to be asked: a view. Who asks, and what failed, stands in `work`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.change import StreamChange
from adapters.postgres.connection import Connection
from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import customers, effects
from domain.account import Account
from domain.providers.effects import effects_of


def rows_for(account: Account) -> list[dict[str, Any]]:
    """The rows that the view must hold for the account, by id."""
    assert account.customer is not None
    of = account.customer.id
    return [
        {"customer_id": of, "id": effect.id, "kind": effect.kind, "since": effect.since, "provider": effect.provider}
        for effect in effects_of(account)
    ]


async def project(connection: Connection, changes: Sequence[StreamChange]) -> None:
    """Write what differs between the states."""
    gone: list[tuple[str, str]] = []
    made: list[dict[str, Any]] = []
    for before, after, _, _ in changes:
        if after.customer is None or (before.books is after.books and _erased(before) == _erased(after)):
            continue
        old = {} if before.customer is None else {row["id"]: row for row in rows_for(before)}
        new = {row["id"]: row for row in rows_for(after)}
        gone += [(after.customer.id, id) for id in old.keys() - new.keys()]
        made += [row for id, row in new.items() if id not in old]
    if gone:
        here = among(effects.c.customer_id, {of for of, _ in gone}) & among(effects.c.id, {id for _, id in gone})
        await connection.execute(delete(effects).where(here))
    if made:
        await connection.execute(insert(effects).on_conflict_do_nothing(), made)


def _erased(account: Account) -> bool:
    return account.customer is not None and account.customer.erased_at is not None


async def clear(connection: Connection, customer_id: str) -> None:
    await connection.execute(delete(effects).where(effects.c.customer_id == customer_id))


async def rows_of(connection: Connection, customer_id: str) -> list[dict[str, Any]]:
    """The rows that the view does hold of a customer, by id."""
    query = select(effects).where(effects.c.customer_id == customer_id).order_by(effects.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def customers_on_clock(connection: Connection, clock_id: str) -> list[str]:
    """Customers on the clock of whom something is still to be asked."""
    lives_by_it = select(customers.c.customer_id).where(customers.c.clock_id == clock_id)
    query = select(effects.c.customer_id).where(effects.c.customer_id.in_(lives_by_it)).distinct()
    return sorted((await connection.execute(query)).scalars())
