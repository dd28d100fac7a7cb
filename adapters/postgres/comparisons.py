"""How far each provider has been compared with the journal, and who is at it."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, update
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection
from adapters.postgres.tables import comparisons


async def begin(connection: Connection, provider: str, since: datetime) -> None:
    """A provider that was never compared begins there."""
    row = {"provider": provider, "compared_until": since}
    await connection.execute(insert(comparisons).values(row).on_conflict_do_nothing())


async def claim(connection: Connection, provider: str, every: timedelta, lease: timedelta) -> datetime | None:
    """From when on the caller is to compare, and has the lease to do it. None: it is not time yet, or somebody is at
    it."""
    due = or_(comparisons.c.finished_at.is_(None), comparisons.c.finished_at <= func.now() - every)
    free = or_(comparisons.c.claimed_until.is_(None), comparisons.c.claimed_until <= func.now())
    taken = (
        update(comparisons)
        .where(comparisons.c.provider == provider, due, free)
        .values(claimed_until=func.now() + lease)
        .returning(comparisons.c.compared_until)
    )
    since: datetime | None = (await connection.execute(taken)).scalar_one_or_none()
    return since


async def finish(
    connection: Connection, provider: str, until: datetime, compared: int, repaired: int, differing: int
) -> None:
    values = {
        "compared_until": func.greatest(comparisons.c.compared_until, until),
        "claimed_until": None,
        "finished_at": func.now(),
        "compared": compared,
        "repaired": repaired,
        "differing": differing,
    }
    await connection.execute(update(comparisons).where(comparisons.c.provider == provider).values(values))
