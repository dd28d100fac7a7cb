"""One busy account keeps the others waiting for nothing: not for a connection, not for a place in a batch."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

from processes import TEST, Process, retry
from sqlalchemy import text

from domain.account import Grant
from domain.catalog import Feature, FeatureKind
from domain.commands import GrantEntitlement
from service.ids import new_id
from service.later.due_work import DueWork
from service.usage import CustomerRef, UsageEvent
from service.usage.gate import UseRequest
from service.usage.reserve import Settling

WRITERS = 40
"""Four times as many as there are connections."""


async def grant(process: Process, customer_id: str) -> Any:
    feature = Feature("feature_sso", "sso", "sso", FeatureKind.SWITCH)
    now = process.clock.now()
    given = Grant(new_id("grant"), feature, "a gift", now, enabled=True, expires_at=now + timedelta(days=400))
    return await process.record(customer_id, GrantEntitlement(given), TEST)


async def used(process: Process, customer_id: str, events: int) -> Any:
    of = CustomerRef(customer_id)
    sent = [UsageEvent(new_id("event"), of, "storage", None, Decimal(1), None, None) for _ in range(events)]
    return await process.usage.record(sent, None)


async def consumed(process: Process, customer_id: str) -> Any:
    return await process.usage.consume(UseRequest(CustomerRef(customer_id), "calls", Decimal(1), None), retry())


async def test_those_who_wait_for_a_busy_account_keep_nothing_that_others_need(here: Process, there: Process) -> None:
    """Another process holds all rows of one customer for as long as it takes."""
    busy, quiet = await here.customer(), await here.customer()
    for id in (busy, quiet):
        await used(here, id, 1)
        await consumed(here, id)
    reserved = [
        await here.usage.reserve(UseRequest(CustomerRef(busy), "calls", Decimal(1), None), timedelta(hours=1), retry())
        for _ in range(5)
    ]
    async with there.engine.begin() as other:
        await other.execute(text("SELECT FROM streams WHERE id = :id FOR UPDATE"), {"id": busy})
        await other.execute(text("SELECT FROM usage_meters WHERE customer_id = :id FOR UPDATE"), {"id": busy})
        waiting = [asyncio.create_task(grant(here, busy)) for _ in range(WRITERS)]
        waiting += [asyncio.create_task(used(here, busy, 200)) for _ in range(WRITERS)]
        waiting += [asyncio.create_task(used(here, busy, 1)) for _ in range(WRITERS)]
        waiting += [asyncio.create_task(consumed(here, busy)) for _ in range(3)]
        for one in reserved:
            assert one.reservation is not None
            commit = here.usage.commit_reservation(Settling(one.reservation.id, None), None, retry())
            waiting.append(asyncio.create_task(commit))
        await asyncio.sleep(0.3)
        async with asyncio.timeout(20):  # less than a statement may wait for a row
            await grant(here, quiet)
            await used(here, quiet, 1)
            await used(here, quiet, 200)
            await consumed(here, quiet)
        assert not any(task.done() for task in waiting)
    await asyncio.gather(*waiting)


async def test_the_worker_waits_for_a_busy_account_by_the_side(here: Process, there: Process, monkeypatch: Any) -> None:
    """As many accounts as it takes at once, and more."""
    busy = [await here.customer() for _ in range(3)]
    real = here.clock.now
    monkeypatch.setattr(here.clock, "now", lambda: real() + timedelta(days=40))
    work = DueWork(here.engine, here.record)
    async with there.engine.begin() as other:
        await other.execute(text("SELECT FROM streams WHERE id = ANY(:ids) FOR UPDATE"), {"ids": busy})
        first = asyncio.create_task(work.queue.round(here.clock.now()))
        await asyncio.sleep(0.3)
        quiet = [await here.customer() for _ in range(3)]
        monkeypatch.setattr(here.clock, "now", lambda: real() + timedelta(days=80))
        async with asyncio.timeout(20):
            assert await work.queue.round(here.clock.now()) == len(quiet)
        assert not first.done()
    assert await first == len(busy)
