"""The real application at its real endpoint: one deployment for each module, found in order when the module is done."""

import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from e2e.client import Api
from e2e.deployment import Deployment, serving, stock

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module")
async def database(server: str, template: asyncpg.Connection) -> AsyncIterator[str]:
    """A fresh migrated database for the module, with the default catalog."""
    name = f"e2e_{next(_numbers)}"
    await template.execute(f"CREATE DATABASE {name} TEMPLATE tollgate_template STRATEGY FILE_COPY")
    dsn = server.replace("/postgres?", f"/{name}?")
    await stock(dsn)
    yield dsn
    await template.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture(scope="module")
async def deployment(database: str) -> AsyncIterator[Deployment]:
    """The application. Afterwards (laws 1 and 2) all that is derived agrees with the journal, a replay changes nothing,
    and nothing was logged as an error."""
    async with serving(database) as running:
        yield running
        assert await running.faults() == []
        before = await running.contents()
        await running.replay()
        assert await running.contents() == before
        assert running.errors.records == []


@pytest_asyncio.fixture
async def api(deployment: Deployment) -> Api:
    """Speaks with the admin key."""
    return deployment.api
