"""The real application on a fake Stripe, and what its worker does, round by round."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from counter import WEBHOOK_SECRET, Counter
from e2e.conftest import database
from e2e.deployment import serving
from stripe_fake import FakeStripe

from tollgate.wiring import open_runtime

__all__ = ["database"]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest_asyncio.fixture(scope="module")
async def counter(database: str, fake: FakeStripe) -> AsyncIterator[Counter]:
    """At its end the journal explains all that is stored, and a replay changes nothing."""
    stripe = {
        "stripe_api_key": fake.key,
        "stripe_base_url": fake.url,
        "stripe_calls_per_second": 5_000,
        "stripe_webhook_secrets": WEBHOOK_SECRET,
    }
    async with (
        serving(database, simulated_payments=False, stripe_publishable_key="pk_test_fake", **stripe) as running,
        open_runtime(running.settings, running.secrets, database) as runtime,
    ):
        yield Counter(running, runtime, fake)
        assert await running.faults() == []
        before = await running.contents()
        await running.replay()
        assert await running.contents() == before
        assert running.errors.records == []
