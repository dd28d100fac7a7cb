"""Two processes of Tollgate on one database."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from processes import Process, process


@pytest_asyncio.fixture
async def here(dsn: str) -> AsyncIterator[Process]:
    """A process with a catalog. It looks only when it hears of something."""
    async with process(dsn, listening=False) as one:
        await one.stock()
        await one.listen()
        await one.told()
        yield one


@pytest_asyncio.fixture
async def there(dsn: str, here: Process) -> AsyncIterator[Process]:
    """Another process on the same database."""
    async with process(dsn) as one:
        yield one
