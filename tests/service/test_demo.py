"""The demo: a few customers with a past, made once, and usage that moves their meters."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from random import Random

import pytest
import pytest_asyncio

from adapters.postgres.reads import catalog as catalogs
from adapters.secrets import Secrets
from adapters.settings import DeploymentSettings
from domain.catalog import Terms
from domain.commands import ChangeSubscription, PublishPlanVersion
from domain.subscription import Cancel, ChangeQuantity, SubscriptionStatus
from service.gates.snapshot import Snapshot
from service.ids import new_id
from service.operations import demo
from service.operations.demo import PERSONAS, past, seed_demo, stream
from service.operations.replay import verify
from service.operations.seed import seed
from service.runtime import Runtime
from service.write.record import By
from service.write.streams import CATALOG
from tollgate.wiring import open_runtime

BY = By("test")


@pytest_asyncio.fixture
async def runtime(dsn: str) -> AsyncIterator[Runtime]:
    settings = DeploymentSettings(_env_file=None)  # type: ignore[call-arg]  # known to pydantic-settings only
    async with open_runtime(settings, Secrets(b"m" * 40, b"t" * 40, None), dsn) as runtime:
        await seed(runtime.record)
        yield runtime


async def standing(runtime: Runtime, external_id: str) -> Snapshot:
    customer_id = await runtime.snapshots.find_id(external_id)
    assert customer_id is not None
    snapshot = await runtime.snapshots.fresh(customer_id)
    assert snapshot is not None
    return snapshot


async def test_the_demo_is_made_once(runtime: Runtime) -> None:
    first = await seed_demo(runtime)
    events = first.pop("usage events")
    assert events == sum(habit.times for persona in PERSONAS for habit in persona.habits) * demo.HOURS
    assert first == {"customers": 4, "subscriptions": 4, "grants": 1, "planned changes": 1}
    again = await seed_demo(runtime)
    assert +again == {} or again["usage events"] < events / 2, "only an hour that has ended since may be new"
    assert [fault async for fault in verify(runtime.engine)] == []


async def test_its_customers_are_what_they_are_said_to_be(runtime: Runtime) -> None:
    await seed_demo(runtime)
    acme, globex, initech, hooli = [await standing(runtime, persona.external_id) for persona in PERSONAS]
    held = [one.account.subscriptions[0] for one in (acme, globex, initech, hooli)]
    assert [(one.plan.plan_key, one.cadence, one.quantity, one.status) for one in held] == [
        ("professional", "YEAR", 12, SubscriptionStatus.ACTIVE),
        ("starter", "MONTH", 1, SubscriptionStatus.TRIALING),
        ("free", "MONTH", 1, SubscriptionStatus.ACTIVE),
        ("drive", "MONTH", 1, SubscriptionStatus.ACTIVE),
    ]
    assert [planned.change for planned in held[0].scheduled] == [ChangeQuantity(15)]
    assert initech.rights["api_calls"].limit == D(15_000)
    assert hooli.rights["parallel_downloads"].value == 4
    used = {one.customer_id: {key: usage.used for key, usage in one.usage.items()} for one in (acme, hooli)}
    assert used[acme.customer_id]["api_calls"] > 100_000
    assert 250 < used[acme.customer_id]["storage"] < 370
    assert 10**10 < used[hooli.customer_id]["drive_storage"] < 10**11


def test_the_past_is_the_same_whenever_it_is_made_up() -> None:
    now = datetime(2026, 11, 20, 12, 59, tzinfo=UTC)
    events, later = list(past(now)), list(past(now + timedelta(minutes=60)))
    assert list(past(now.replace(minute=0))) == events
    assert all(event.time is not None and now - timedelta(hours=25) < event.time < now for event in events)
    assert len({event.id for event in events}) == len(events)
    known = {event.id: event for event in events}
    assert [known[event.id] for event in later if event.id in known] == [event for event in later if event.id in known]
    assert len([event for event in later if event.id not in known]) == len(events) / demo.HOURS


async def test_what_was_made_of_the_demo_since_is_left_as_it_is(runtime: Runtime) -> None:
    await seed_demo(runtime)
    hooli = await standing(runtime, "hooli")
    drive = hooli.account.subscriptions[0].id
    await runtime.record(hooli.customer_id, ChangeSubscription(drive, new_id("change"), Cancel()), BY)
    assert (await seed_demo(runtime))["subscriptions"] == 0


async def test_the_stream_moves_the_meters_until_it_is_stopped(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PULSE_S", 0.001)
    await seed_demo(runtime)
    before = (await standing(runtime, "acme")).usage["api_calls"].used
    stop = asyncio.Event()
    streaming = asyncio.create_task(stream(runtime, stop, Random(1)))
    async with asyncio.timeout(60):
        while (await standing(runtime, "acme")).usage["api_calls"].used == before:
            pass
    stop.set()
    assert await streaming > 0


async def test_a_default_plan_that_was_published_anew_is_left_as_it_is(runtime: Runtime) -> None:
    catalog = (await catalogs.catalog(runtime.engine)).catalog
    plan = catalog.plan("free")
    assert plan is not None
    dearer = PublishPlanVersion("free", new_id("version"), Terms())
    await runtime.record(CATALOG, dearer, BY)
    assert await seed(runtime.record) == 0
