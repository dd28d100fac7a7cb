"""Legal series: numbers without gaps. The row is held from the number's taking to the commit, and given back by a
rollback."""

from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.tables import series


async def take(connection: Connection, prefix: str, numbers: int = 1) -> int:
    """The first of the next `numbers` of the series, which starts at 1."""
    first = insert(series).values(prefix=prefix, next=1 + numbers)
    taken = first.on_conflict_do_update(index_elements=["prefix"], set_={"next": series.c.next + numbers})
    number: int = (await connection.execute(taken.returning(series.c.next - numbers))).scalar_one()
    return number
