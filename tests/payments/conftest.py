"""The shop of these tests, each on a fresh database."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from paying_shop import Shop
from sqlalchemy.ext.asyncio import AsyncEngine


@pytest_asyncio.fixture
async def shop(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """Not open yet. What nobody could answer is asked again without a pause."""
    monkeypatch.setattr("service.later.resting.REST_S_MIN", 0.0)
    yield Shop(engine)
