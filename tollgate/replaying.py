"""`tollgate verify` and `tollgate replay`."""

from adapters.postgres.engine import create_engine
from service import replay as journal


async def verify(dsn: str) -> list[journal.Fault]:
    """Everything that does not agree with the journal."""
    engine = create_engine(dsn, 2, statement_seconds_max=0, name="tollgate verify")
    try:
        return [fault async for fault in journal.verify(engine)]
    finally:
        await engine.dispose()


async def replay(dsn: str) -> int:
    """Rebuild all that is derived; how many streams were folded."""
    engine = create_engine(dsn, 2, statement_seconds_max=0, name="tollgate replay")
    try:
        return await journal.replay(engine)
    finally:
        await engine.dispose()
