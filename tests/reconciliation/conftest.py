"""The shop of tests/webhooks, for what nobody told us of."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from stripe_fake import FakeStripe

sys.path.insert(0, str(Path(__file__).parent.parent / "webhooks"))

from stripe_shop import Shop


@pytest.fixture(scope="session")
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest_asyncio.fixture
async def shop(engine: AsyncEngine, stripe: FakeStripe) -> AsyncIterator[Shop]:
    """With a customer whose card is good. At the end the journal explains all that is stored."""
    stripe.reset(seed=1)
    shop = await Shop(engine, stripe).open()
    yield shop
    assert await shop.faults() == []
    await shop.api.close()
