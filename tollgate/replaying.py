"""`tollgate verify` and `tollgate replay`, and what an update does of the latter."""

from collections.abc import Callable

from adapters.postgres.engine import create_engine
from service import replay as journal


async def verify(dsn: str) -> list[journal.Fault]:
    """Everything that does not agree with the journal."""
    engine = create_engine(dsn, 2, statement_seconds_max=0, name="tollgate verify")
    try:
        return [fault async for fault in journal.verify(engine)]
    finally:
        await engine.dispose()


async def fold_again(dsn: str, progress: Callable[[str], None]) -> None:
    """After an update: rebuild what this release makes otherwise of the same journal."""
    engine = create_engine(dsn, 2, statement_seconds_max=0, name="tollgate migrate")
    try:
        await journal.fold_again(engine, progress)
    finally:
        await engine.dispose()


async def replay(dsn: str) -> int:
    """Rebuild all that is derived; how many streams were folded."""
    engine = create_engine(dsn, 2, statement_seconds_max=0, name="tollgate replay")
    try:
        return await journal.replay(engine)
    finally:
        await engine.dispose()
