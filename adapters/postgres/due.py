"""When something falls due for whom: a function of the state (decision 1)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from adapters.postgres.connection import Connection
from adapters.postgres.tables import customers


async def next_instant(connection: Connection, after: datetime) -> datetime | None:
    """When something next falls due after that instant for a customer in real time."""
    query = select(func.min(customers.c.due_at)).where(customers.c.clock_id.is_(None), customers.c.due_at > after)
    instant: datetime | None = (await connection.execute(query)).scalar_one()
    return instant


async def due_on_clock(connection: Connection, clock_id: str, until: datetime, limit: int) -> Sequence[str]:
    """Customers on the clock with something due by that instant of its time, the longest due first."""
    query = (
        select(customers.c.customer_id)
        .where(customers.c.clock_id == clock_id, customers.c.due_at <= until)
        .order_by(customers.c.due_at, customers.c.customer_id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())
