"""The processes of tests/live, for workers."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent.parent / "live"))

from processes import Process, process


@pytest_asyncio.fixture
async def here(dsn: str) -> AsyncIterator[Process]:
    """A process with a catalog, whose worker (if any) the test runs."""
    async with process(dsn) as one:
        await one.stock()
        yield one


@pytest_asyncio.fixture
async def there(dsn: str, here: Process) -> AsyncIterator[Process]:
    """Another process on the same database."""
    async with process(dsn) as one:
        yield one
