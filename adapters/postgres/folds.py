"""By which fold states and views were last made of the journal (`service.operations.replay.FOLD`)."""

from sqlalchemy import delete, insert, select

from adapters.postgres.connection import Connection
from adapters.postgres.tables import folds


async def read(connection: Connection) -> int | None:
    """None: nobody has said so yet."""
    return await connection.scalar(select(folds.c.fold))


async def write(connection: Connection, fold: int) -> None:
    await connection.execute(delete(folds))
    await connection.execute(insert(folds).values(fold=fold))
