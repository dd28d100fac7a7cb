"""A fake Stripe and a shop that charges and tells it, each test on a fresh database and a fresh account."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from stripe_fake import FakeStripe
from told_shop import ToldShop


@pytest.fixture(scope="session")
def stripe_server() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
def fake(stripe_server: FakeStripe) -> FakeStripe:
    stripe_server.reset(seed=1)
    return stripe_server


@pytest_asyncio.fixture
async def shop(engine: AsyncEngine, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ToldShop]:
    """Not open yet. What nobody could answer is asked again without a pause."""
    monkeypatch.setattr("service.later.resting.REST_S_MIN", 0.0)
    shop = ToldShop(engine, fake)
    yield shop
    await shop.stripe.api.close()
