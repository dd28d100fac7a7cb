"""Due work: once, in order, whoever comes first, and held up by nobody."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from processes import TEST, Process, eventually
from sqlalchemy import text

from adapters.postgres import due, journal
from adapters.postgres import work as work_rows
from adapters.postgres.work import WorkKind
from domain.account import Grant
from domain.catalog import Feature, FeatureKind
from domain.commands import CatchUp, CreateClock, GrantEntitlement
from domain.engine import Asking, advance
from domain.lifecycle.due import next_due
from service.ids import new_id
from service.later.due_work import DueWork
from service.later.lease import LEASE
from service.operations import replay
from service.write.pending_events import PendingEvents


async def expiring(process: Process, customer_id: str, expires_at: datetime) -> None:
    """Something that falls due by itself."""
    feature = Feature("feature_sso", "sso", "sso", FeatureKind.SWITCH)
    grant = Grant(new_id("grant"), feature, "a gift", process.clock.now(), enabled=True, expires_at=expires_at)
    await process.record(customer_id, GrantEntitlement(grant), TEST)


async def happened(process: Process, customer_id: str) -> list[tuple[str, datetime, str]]:
    """(type, instant, actor) of each entry of the account."""
    async with process.engine.connect() as connection:
        entries = await journal.read(connection, customer_id)
    return [(entry.type, entry.effective_at, entry.actor) for entry in entries]


async def claimed_by(process: Process, now: datetime, limit: int) -> list[str]:
    async with process.engine.begin() as connection:
        return [piece.id for piece in await work_rows.claim(connection, WorkKind.DUE, LEASE, limit, by=now)]


async def leases_are_over(process: Process) -> None:
    """And so are rests."""
    async with process.engine.begin() as connection:
        await connection.execute(text("UPDATE work SET next_at = now() - interval '1 second'"))


class Later:
    """The clock of a process, moved on by hand."""

    def __init__(self, process: Process, by: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
        real = process.clock.now
        monkeypatch.setattr(process.clock, "now", lambda: real() + by)


async def test_what_falls_due_is_recorded_at_its_own_instant_as_nobodys_act(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = await here.customer()
    expires_at = here.clock.now() + timedelta(hours=1)
    await expiring(here, customer_id, expires_at)
    work = DueWork(here.engine, here.record)
    assert await work.queue.round(here.clock.now()) == 0
    Later(here, timedelta(hours=2), monkeypatch)
    assert await work.queue.round(here.clock.now()) == 1
    assert (await happened(here, customer_id))[-1] == ("entitlement.expired", expires_at, "time")
    assert await work.queue.round(here.clock.now()) == 0


async def test_after_a_long_downtime_every_missed_period_happens_once_in_order(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = await here.customer()
    (started,) = [at for type, at, _ in await happened(here, customer_id) if type == "subscription.started"]
    Later(here, timedelta(days=800), monkeypatch)
    await DueWork(here.engine, here.record).queue.round(here.clock.now())
    renewed = [at for type, at, _ in await happened(here, customer_id) if type == "subscription.renewed"]
    assert len(renewed) == 26
    assert renewed == sorted(set(renewed))
    assert started < renewed[0] <= started + timedelta(days=31)
    stored = await here.snapshots.fresh(customer_id)
    assert stored is not None
    assert (due_at := next_due(stored.account)) is not None
    assert due_at > here.clock.now()


async def test_twice_in_sequence_or_in_parallel_changes_nothing_more(
    here: Process, there: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await here.customer() for _ in range(30)]
    for process in (here, there):
        Later(process, timedelta(days=100), monkeypatch)
    workers = [DueWork(process.engine, process.record) for process in (here, there) for _ in range(2)]
    now = here.clock.now()
    seen_to = await asyncio.gather(*(work.queue.round(now) for work in workers))
    while sum(seen_to) < len(ids):
        seen_to.append(await workers[0].queue.round(now))
    histories = [await happened(here, id) for id in ids]
    for history in histories:
        renewed = [at for type, at, _ in history if type == "subscription.renewed"]
        assert len(renewed) == len(set(renewed)) == 3
    for work in workers:
        assert await work.queue.round(now) == 0
    await asyncio.gather(*(process.record(id, CatchUp(), TEST) for id in ids for process in (here, there)))
    assert [await happened(here, id) for id in ids] == histories
    assert [fault async for fault in replay.verify(here.engine)] == []


async def test_two_workers_share_what_is_due(here: Process, there: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {await here.customer() for _ in range(6)}
    Later(here, timedelta(days=40), monkeypatch)
    now = here.clock.now()
    claimed = [await claimed_by(process, now, 3) for process in (here, there)]
    assert [len(one) for one in claimed] == [3, 3]
    assert set(claimed[0]) | set(claimed[1]) == ids
    assert await claimed_by(there, now, 3) == []  # neither the other's nor its own: they are in hand
    await leases_are_over(here)
    assert set(await claimed_by(there, now, 10)) == ids


async def test_the_longest_due_is_claimed_first(here: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    now = here.clock.now()
    ids = [await here.customer(plan=None) for _ in range(4)]
    for id, hours in zip(ids, (3, 1, 4, 2), strict=True):
        await expiring(here, id, now + timedelta(hours=hours))
    later = now + timedelta(hours=3.5)
    assert await claimed_by(here, later, 10) == [ids[1], ids[3], ids[0]]
    async with here.engine.begin() as connection:
        assert await due.next_instant(connection, now) == now + timedelta(hours=1)
        assert await due.next_instant(connection, later) == now + timedelta(hours=4)


async def test_customers_on_a_test_clock_are_left_to_it(here: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    clock_id = new_id("clock")
    await here.record(clock_id, CreateClock(clock_id, "test", datetime(2020, 1, 1, tzinfo=UTC)), TEST)
    customer_id = await here.customer(clock_id=clock_id)
    before = await happened(here, customer_id)
    assert await DueWork(here.engine, here.record).queue.round(here.clock.now()) == 0
    assert await happened(here, customer_id) == before


async def test_an_account_that_fails_rests_and_holds_up_no_other(
    here: Process, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = await here.customer("secret name"), await here.customer()
    Later(here, timedelta(days=40), monkeypatch)

    tries = 0

    def failing(draft: PendingEvents, at: datetime) -> Asking[None]:
        nonlocal tries
        if draft.stream_id == bad:
            tries += 1
            raise ValueError("secret name")
        yield from advance(draft, at)

    work = DueWork(here.engine, here.record)
    now = here.clock.now()
    with monkeypatch.context() as patched:
        patched.setattr("service.write.record.advance", failing)
        assert await work.queue.round(now) == 2
        assert any(type == "subscription.renewed" for type, _, _ in await happened(here, good))
        assert await work.queue.round(now) == 0  # it rests
        assert (tries, work.resting) == (1, [bad])
        await leases_are_over(here)
        assert await work.queue.round(now) == 1  # and is tried again
        assert tries == 2
    logged = capsys.readouterr().out
    assert bad in logged
    assert "ValueError" in logged
    assert "secret name" not in logged
    await leases_are_over(here)
    assert await DueWork(here.engine, here.record).queue.round(now) == 1  # whoever can, does
    assert any(type == "subscription.renewed" for type, _, _ in await happened(here, bad))


async def test_an_account_locked_by_somebody_else_delays_itself_only(
    here: Process, there: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, free = await here.customer(), await here.customer()
    Later(here, timedelta(days=40), monkeypatch)
    async with there.engine.begin() as other:
        await other.execute(text("SELECT id FROM streams WHERE id = :id FOR UPDATE"), {"id": locked})
        running = asyncio.create_task(DueWork(here.engine, here.record).queue.round(here.clock.now()))

        async def is_renewed() -> bool:
            return any(type == "subscription.renewed" for type, _, _ in await happened(there, free))

        await eventually(is_renewed)
        assert not running.done()
    assert await running == 2
    assert any(type == "subscription.renewed" for type, _, _ in await happened(here, locked))


async def test_what_the_database_refuses_of_one_account_holds_up_no_other(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are recorded together; if that fails, each by itself."""
    bad, good = await here.customer(), await here.customer()
    async with here.engine.begin() as connection:
        await connection.execute(
            text(f"ALTER TABLE documents ADD CONSTRAINT bad CHECK (customer_id <> '{bad}') NOT VALID")
        )
    Later(here, timedelta(days=40), monkeypatch)
    work = DueWork(here.engine, here.record)
    assert await work.queue.round(here.clock.now()) == 2
    assert any(type == "subscription.renewed" for type, _, _ in await happened(here, good))
    assert not any(type == "subscription.renewed" for type, _, _ in await happened(here, bad))
    assert work.resting == [bad]
    assert work.done.accounts == 1
