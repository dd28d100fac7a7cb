"""Which accounts something has fallen due for, and who may see to them: several workers share the work without talking.

A claim is an advisory lock that lasts as long as the worker's transaction; a worker that dies lets go of it. It only
keeps two workers from doing the same work twice: that doing it twice changes nothing is the write path's law.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, func, literal, select

from adapters.postgres.connection import Connection
from adapters.postgres.reads.looking import among
from adapters.postgres.tables import customers

_SALT = 4_211_890_377
"""Sets these locks apart from others on the same database."""

LOOKED_AT_PER_CLAIM = 8
"""How many accounts a claim looks at for each that it wants, for others may hold the first ones."""


async def claim(connection: Connection, now: datetime, but_not: Collection[str], limit: int) -> list[str]:
    """At most `limit` customers in real time with something due by `now`, the longest due first. They are the caller's
    until its transaction ends."""
    due = (
        select(customers.c.customer_id)
        .where(
            customers.c.due_at <= now,
            customers.c.clock_id.is_(None),
            ~among(customers.c.customer_id, but_not),
        )
        .order_by(customers.c.due_at)
        .limit(limit * LOOKED_AT_PER_CLAIM)
        .subquery()
    )
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(due.c.customer_id, literal(_SALT, BigInteger)))
    return list((await connection.execute(select(due.c.customer_id).where(lock).limit(limit))).scalars())


async def next_instant(connection: Connection, after: datetime) -> datetime | None:
    """When something next falls due after that instant for a customer in real time."""
    query = select(func.min(customers.c.due_at)).where(customers.c.clock_id.is_(None), customers.c.due_at > after)
    instant: datetime | None = (await connection.execute(query)).scalar_one()
    return instant


async def backlog(connection: Connection, now: datetime) -> int:
    """How many customers in real time have something due by `now`."""
    query = select(func.count()).where(customers.c.clock_id.is_(None), customers.c.due_at <= now)
    count: int = (await connection.execute(query)).scalar_one()
    return count


async def due_on_clock(connection: Connection, clock_id: str, until: datetime, limit: int) -> Sequence[str]:
    """Customers on the clock with something due by that instant of its time, the longest due first."""
    query = (
        select(customers.c.customer_id)
        .where(customers.c.clock_id == clock_id, customers.c.due_at <= until)
        .order_by(customers.c.due_at, customers.c.customer_id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())
