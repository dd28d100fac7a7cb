"""`tollgate verify` and `tollgate replay`, and what an update does of the latter."""

from collections.abc import Callable

from adapters.postgres.engine import create_engine
from service.operations import replay as journal


async def verify(dsn: str, tell: Callable[[journal.Fault], None]) -> int:
    """Tells everything that does not agree with the journal, as it is found; how many there were."""
    engine = create_engine(dsn, 2, statement_seconds_max=0, name="tollgate verify")
    count = 0
    try:
        async for fault in journal.verify(engine):
            tell(fault)
            count += 1
        return count
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
