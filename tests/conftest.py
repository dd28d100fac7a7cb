"""What all tests stand on. A real PostgreSQL: one server per session, one migrated template, a fresh database per test.
And laws that are drawn by hypothesis and race no clock."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.embedded import embedded, silent
from adapters.postgres.engine import create_engine
from adapters.postgres.migrations import migrate
from tollgate.replaying import fold_again

# How long an example takes says how busy the machine is, and nothing of the rule.
settings.register_profile("tollgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tollgate")

_MEMORY = Path("/dev/shm")
_ROOM_MIN = 4 << 30
"""More than any session needs; a container that was given little memory of this kind uses the disk."""
_TEMPLATE = "tollgate_template"
_numbers = itertools.count(1)


def _database(dsn: str, name: str) -> str:
    return dsn.replace("/postgres?", f"/{name}?")


def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In memory where there is room for it. A database is some 450 files: to copy and remove them for each test takes
    ten times as long on the disks of some machines, and a third of the time of all tests."""
    for left in _MEMORY.glob("tollgate-tests-*-*"):  # by a session that was killed
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_MIN:
        return Path(tempfile.mkdtemp(prefix=f"tollgate-tests-{os.getpid()}-", dir=_MEMORY))
    return tmp_path_factory.mktemp("postgres")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a server for this session (each worker of pytest-xdist has one of its own)."""
    folder = _folder(tmp_path_factory)
    with embedded(folder, fsync=False) as dsn:
        yield dsn
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session")
async def template(server: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection on a server that has the migrated template."""
    connection: asyncpg.Connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    await migrate(_database(server, _TEMPLATE), silent)
    await fold_again(_database(server, _TEMPLATE), silent)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def dsn(server: str, template: asyncpg.Connection) -> AsyncIterator[str]:
    """A fresh migrated database. About 0.03 s, made and dropped."""
    name = f"test_{next(_numbers)}"
    # Copying files beats writing a log of the copy, since this server does not sync them.
    await template.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    yield _database(server, name)
    await template.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def engine(dsn: str) -> AsyncIterator[AsyncEngine]:
    """The pool of a fresh migrated database."""
    engine = create_engine(dsn)
    yield engine
    await engine.dispose()
