"""The worker as it runs: in time, by the hour, through an outage, until it is told to stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest
from processes import Process, eventually, retry
from sqlalchemy import text
from test_due_work import expiring, happened

from service.later.housekeeping import keep_house
from service.usage import CustomerRef
from service.usage.gate import UseRequest
from worker.loop import work

SOON = timedelta(seconds=2)
"""Enough for a busy machine to write down what lies in the future before it does no more."""


@asynccontextmanager
async def working(process: Process) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(work(process, stop))  # type: ignore[arg-type]
    yield task
    stop.set()
    async with asyncio.timeout(60):
        await task


async def expired(process: Process, customer_id: str) -> bool:
    return any(type == "entitlement.expired" for type, _, _ in await happened(process, customer_id))


async def test_it_records_what_falls_due_while_it_runs_and_stops_when_told(here: Process) -> None:
    customer_id = await here.customer(plan=None)
    async with working(here):
        at = here.clock.now() + SOON
        await expiring(here, customer_id, at)
        await eventually(lambda: expired(here, customer_id))
    assert [entry for entry in await happened(here, customer_id) if entry[0] == "entitlement.expired"] == [
        ("entitlement.expired", at, "time")
    ]


async def test_it_goes_on_after_the_database_has_thrown_everybody_out(
    here: Process, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.later.work.AWAY_S_MIN", 0.05)
    customer_id = await here.customer(plan=None)
    async with working(here) as task:
        for _ in range(3):
            killer = await asyncpg.connect(dsn)
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await killer.close()
            await asyncio.sleep(0.05)
        assert not task.done()
        await expiring(here, customer_id, here.clock.now() + SOON)
        await eventually(lambda: expired(here, customer_id))


async def test_two_workers_at_once_record_each_thing_once(here: Process, there: Process) -> None:
    ids = [await here.customer(plan=None) for _ in range(10)]
    for id in ids:
        await expiring(here, id, here.clock.now() + SOON)
    async with working(here), working(there):
        for id in ids:
            await eventually(lambda id=id: expired(here, id))
    for id in ids:
        assert [type for type, _, _ in await happened(here, id)].count("entitlement.expired") == 1


async def test_housekeeping_makes_months_ahead_and_forgets_what_is_too_old_to_ask_for(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = await here.customer()
    for ttl in (timedelta(minutes=1), timedelta(days=1)):
        await here.usage.reserve(UseRequest(CustomerRef(customer_id), "calls", Decimal(1), None), ttl, retry())
    await _set(here, "UPDATE usage_reservations SET expires_at = now() - interval '31 days' WHERE true")
    await here.usage.reserve(
        UseRequest(CustomerRef(customer_id), "calls", Decimal(1), None), timedelta(days=1), retry()
    )
    await _set(here, "UPDATE idempotency SET created_at = now() - interval '31 days'")
    kept = retry()
    await here.usage.consume(UseRequest(CustomerRef(customer_id), "calls", Decimal(1), None), kept)
    await _set(here, "DROP TABLE IF EXISTS usage_events_2099_12")
    for _ in range(2):  # the second time finds nothing left to do
        await keep_house(here.engine, here.clock.now(), timedelta(days=400))
        assert await _one(here, "SELECT count(*) FROM usage_reservations") == 1
        assert await _one(here, "SELECT array_agg(key) FROM idempotency") == [kept.key]
        assert await _one(here, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'usage_events'::regclass") >= 4


async def _set(process: Process, statement: str) -> None:
    async with process.engine.begin() as connection:
        await connection.execute(text(statement))


async def _one(process: Process, query: str) -> object:
    async with process.engine.connect() as connection:
        return (await connection.execute(text(query))).scalar_one()
