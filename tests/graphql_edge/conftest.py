"""Fixtures of the edge's tests; what they give is in `served`."""

import logging
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from served import Edge, serving


@pytest_asyncio.fixture
async def edge() -> AsyncIterator[Edge]:
    """A fresh endpoint on a port of its own."""
    async with serving() as edge:
        yield edge


@pytest.fixture
def no_tracebacks(caplog: pytest.LogCaptureFixture) -> Callable[[], None]:
    """Call at the end: nothing has been logged as an error."""
    caplog.set_level(logging.WARNING)

    def check() -> None:
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []

    return check
