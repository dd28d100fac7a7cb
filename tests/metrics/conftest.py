"""A running application of each test's own, with what the tests of metrics and traces read of it."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from e2e.deployment import Deployment, serving, stock


@pytest_asyncio.fixture
async def deployment(dsn: str) -> AsyncIterator[Deployment]:
    await stock(dsn)
    async with serving(dsn) as running:
        yield running
