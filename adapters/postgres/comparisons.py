"""How far each provider has been compared with the journal."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.tables import comparisons


async def begin(connection: Connection, provider: str, since: datetime) -> None:
    """A provider that was never compared begins there."""
    row = {"provider": provider, "compared_until": since}
    await connection.execute(insert(comparisons).values(row).on_conflict_do_nothing())


async def compared_until(connection: Connection, provider: str) -> datetime:
    """From when on it is to be compared."""
    query = select(comparisons.c.compared_until).where(comparisons.c.provider == provider)
    until: datetime = (await connection.execute(query)).scalar_one()
    return until


async def finish(
    connection: Connection, provider: str, until: datetime, compared: int, repaired: int, differing: int
) -> None:
    values = {
        "compared_until": func.greatest(comparisons.c.compared_until, until),
        "finished_at": func.now(),
        "compared": compared,
        "repaired": repaired,
        "differing": differing,
    }
    await connection.execute(update(comparisons).where(comparisons.c.provider == provider).values(values))
