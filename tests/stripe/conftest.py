"""A fake Stripe over real HTTP for these tests, and the adapter that asks it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from stripe_desk import Desk, PatientClock, opened
from stripe_fake import FakeStripe


@pytest.fixture(scope="session")
def server() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeStripe) -> FakeStripe:
    """Another account for each test."""
    server.reset(seed=1)
    return server


@pytest.fixture
def clock() -> PatientClock:
    return PatientClock()


@pytest_asyncio.fixture
async def desk(fake: FakeStripe, clock: PatientClock) -> AsyncIterator[Desk]:
    desk = opened(fake, clock)
    yield desk
    await desk.api.close()
