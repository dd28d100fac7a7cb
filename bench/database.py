"""Databases to measure on: real, with everything synced as in earnest."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import asyncpg
import uvloop

from adapters.postgres.embedded import embedded, silent
from adapters.postgres.engine import plain_dsn
from adapters.postgres.migrations import migrate

T = TypeVar("T")
W = TypeVar("W")


class Server(NamedTuple):
    """`log` is its log file."""

    dsn: str
    log: Path


@contextmanager
def server() -> Iterator[Server]:
    """A server for the while."""
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder, embedded(Path(folder)) as dsn:
        yield Server(dsn, Path(folder) / "postgres.log")


async def create(dsn: str, name: str) -> str:
    """The DSN of a new database of that name on the embedded server."""
    connection: asyncpg.Connection = await asyncpg.connect(dsn)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return dsn.replace("/postgres?", f"/{name}?")


async def tables(dsn: str) -> None:
    await migrate(plain_dsn(dsn), silent)


def run(
    dsn: str,
    prepare: Callable[[str], Coroutine[Any, Any, None]],
    worker: Callable[[str], AbstractContextManager[W]],
    measure: Callable[[W], Coroutine[Any, Any, T]],
) -> T:
    """Prepare the database, start the worker on it, measure."""
    asyncio.run(prepare(dsn))
    with worker(dsn) as started:
        return uvloop.run(measure(started))
