"""The real application at its real endpoint, one a module; at its end the journal explains all that is stored."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from e2e.client import Api
from e2e.conftest import database
from e2e.deployment import Deployment, serving
from till import Till

__all__ = ["database"]


@pytest_asyncio.fixture(scope="module")
async def deployment(database: str) -> AsyncIterator[Deployment]:
    """With payments that nobody makes."""
    async with serving(database, simulated_payments=True) as running:
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


@pytest_asyncio.fixture
async def till(api: Api) -> Till:
    """Sells, bills and takes money."""
    return Till(api)
