"""The write path for commands of the command line, which have no server around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.engine import create_engine
from service.clock import Clock
from service.write.record import Record


@asynccontextmanager
async def recording(dsn: str) -> AsyncIterator[Record]:
    """Record on the database at `dsn`. Running servers see the changes when they next look for themselves."""
    engine = create_engine(dsn, 1, name="tollgate command")
    try:
        yield Record(engine, Clock(), lambda _account: None)
    finally:
        await engine.dispose()
