"""The queue itself, whatever its kind: charges stand for all, made up, of providers called slow and fast."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from processes import eventually
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres import work
from adapters.postgres.work import Work, WorkKind
from domain.errors import ErrorCode, Refusal
from domain.providers.provider import Processing, Unknown
from service.later.work import Queue, one_by_one
from service.outage import DatabaseAway

Do = Callable[[Work], Awaitable[object]]


class Bench:
    """Made-up charges, and a queue that does them: one that is done is asked for no more."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.done: list[str] = []

    async def charges(self, number: int, lane: str = "fast", days_ago: int = 1) -> list[str]:
        ids = [f"payment_{lane}_{n:03}" for n in range(number)]
        for id in ids:
            await self.execute(
                "INSERT INTO effects (customer_id, id, kind, since, provider)"
                f" VALUES ('customer_{lane}', '{id}', 'CHARGE', now() - interval '{days_ago} days', '{lane}')"
            )
        return ids

    async def finish(self, piece: Work) -> None:
        """Whoever comes when it is done already does nothing, as with a charge."""
        if await self.execute(f"DELETE FROM effects WHERE id = '{piece.id}'"):
            self.done.append(piece.id)

    def queue(self, do: Do | None = None, **options: Any) -> Queue:
        given = {"at_once": 40, "claim_max": 20, **options}
        return Queue(self.engine, WorkKind.CHARGE, one_by_one(do or self.finish), **given)

    async def rows(self) -> list[tuple[Any, ...]]:
        """(state, attempts, error) of what is claimed, rests or was given up."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text("SELECT state, attempts, error FROM work"))]

    async def depth(self) -> tuple[int, int, int]:
        async with self.engine.connect() as connection:
            (depth,) = [depth for depth in await work.depths(connection) if depth.kind is WorkKind.CHARGE]
        return depth.number, depth.resting, depth.given_up

    async def time_passes(self) -> None:
        await self.execute("UPDATE work SET next_at = next_at - interval '2 days'")

    async def execute(self, statement: str) -> int:
        """How many rows it found."""
        async with self.engine.begin() as connection:
            return (await connection.execute(text(statement))).rowcount


@pytest.fixture
def bench(engine: AsyncEngine) -> Bench:
    return Bench(engine)


async def working(queue: Queue, until: Callable[[], bool | Awaitable[bool]]) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(queue.work(stop))
    try:
        await eventually(until, seconds=20)
    finally:
        stop.set()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_provider_that_does_not_answer_keeps_nobody_waiting_for_another(bench: Bench) -> None:
    await bench.charges(100, "slow", days_ago=2)
    fast = await bench.charges(30, "fast")
    inside, most = 0, 0

    async def ask(piece: Work) -> None:
        nonlocal inside, most
        if piece.lane == "slow":
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(3600)
        await bench.finish(piece)

    await working(bench.queue(ask), lambda: len(bench.done) == len(fast))
    assert sorted(bench.done) == fast
    assert most == 20


async def test_what_is_done_later_than_asked_for_is_done_once(bench: Bench) -> None:
    """Two workers and someone who does not wait."""
    (id,) = await bench.charges(1)
    one, other, third = bench.queue(), bench.queue(), bench.queue()

    async def at_once() -> None:
        async with third.taken(id) as piece:
            if piece is not None:
                await bench.finish(piece)

    await asyncio.gather(one.round(), other.round(), at_once(), one.round())
    assert (bench.done, await bench.rows()) == ([id], [])


async def test_what_fails_rests_then_is_given_up_and_is_still_tried_once_a_day(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = await bench.charges(1)
    monkeypatch.setattr("service.later.resting.ATTEMPTS_MAX", 2)
    answers: list[Exception | None] = [
        Unknown("no answer"),
        Refusal(ErrorCode.CONFLICT, "not now"),
        ValueError("a name"),
        None,
    ]

    async def ask(piece: Work) -> None:
        if (error := answers.pop(0)) is not None:
            raise error
        await bench.finish(piece)

    queue = bench.queue(ask)
    assert (await queue.round(), await queue.round()) == (1, 0)
    assert (await bench.rows(), await bench.depth()) == ([("WAITING", 1, "no answer")], (1, 1, 0))
    await bench.time_passes()
    assert await queue.round() == 1
    assert (await bench.rows(), await bench.depth()) == ([("GIVEN_UP", 2, "CONFLICT: not now")], (1, 0, 1))
    assert await queue.round() == 0
    assert await queue.replay(id)  # support does
    assert await bench.rows() == [("GIVEN_UP", 3, "ValueError")]
    await bench.time_passes()
    assert await queue.round() == 1
    assert (bench.done, await bench.rows(), await bench.depth()) == ([id], [], (0, 0, 0))


async def test_what_a_bank_takes_days_for_has_not_failed(bench: Bench) -> None:
    await bench.charges(1)

    async def ask(_: Work) -> None:
        raise Processing("the bank has not answered yet", 3600.0, None)

    queue = bench.queue(ask)
    for _ in range(3):
        assert await queue.round() == 1
        assert (await bench.rows(), await bench.depth()) == ([("WAITING", 0, None)], (0, 0, 0))
        assert await queue.round() == 0
        await bench.time_passes()


async def test_an_outage_of_the_database_is_nobodys_failure(bench: Bench) -> None:
    (id,) = await bench.charges(1)
    away = True

    async def ask(piece: Work) -> None:
        if away:
            raise ConnectionError
        await bench.finish(piece)

    queue = bench.queue(ask)
    with pytest.raises(DatabaseAway):
        await queue.round()
    away = False
    assert await queue.round() == 1
    assert bench.done == [id]


@pytest.mark.parametrize("where", ["claim", "done", "release", "rest"])
async def test_an_error_of_the_database_that_is_no_outage_ends_no_queue(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """As a deadlock (40P01) or a statement that took too long (57014)."""
    ids = await bench.charges(2)
    rightly, tries = getattr(work, where), 0

    async def fail_once(connection: AsyncConnection, *given: Any, **named: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            await connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))
        return await rightly(connection, *given, **named)

    monkeypatch.setattr(f"adapters.postgres.work.{where}", fail_once)
    asked = 0

    async def ask(piece: Work) -> None:
        nonlocal asked
        asked += 1
        if asked == 1 and where != "done":
            raise Unknown("no answer") if where == "rest" else ConnectionError
        await bench.finish(piece)

    await working(bench.queue(ask), lambda: len(bench.done) == len(ids))
    assert (sorted(set(bench.done)), tries > 1 or where == "rest") == (ids, True)


async def test_a_renewal_that_fails_is_tried_again_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.later.lease.LEASE", timedelta(seconds=2))
    monkeypatch.setattr("service.later.lease.RENEWED_S", 1.5)
    monkeypatch.setattr("service.later.lease.RENEWED_AGAIN_S", 0.1)
    await bench.charges(1)
    rightly, tries = work.renew, 0

    async def fail_twice(connection: AsyncConnection, *given: Any) -> int:
        nonlocal tries
        tries += 1
        if tries <= 2:
            await connection.execute(text("SELECT 1 / 0"))
        return await rightly(connection, *given)

    monkeypatch.setattr("adapters.postgres.work.renew", fail_twice)
    other = bench.queue()

    async def ask(piece: Work) -> None:
        await asyncio.sleep(2.5)
        assert await other.round() == 0
        await bench.finish(piece)

    assert await bench.queue(ask).round() == 1
    assert (len(bench.done), await bench.rows()) == (1, [])


@pytest.mark.parametrize("lost_by", ["time passing", "renewals that fail"])
async def test_who_loses_a_claim_breaks_off(bench: Bench, monkeypatch: pytest.MonkeyPatch, lost_by: str) -> None:
    """So that no two are at a piece at the same time."""
    monkeypatch.setattr("service.later.lease.LEASE", timedelta(seconds=2))
    monkeypatch.setattr("service.later.lease.RENEWED_S", 0.5)
    (id,) = await bench.charges(1)
    broken_off, begun = asyncio.Event(), asyncio.Event()
    if lost_by == "renewals that fail":

        async def fail(*given: Any) -> int:
            raise TypeError

        monkeypatch.setattr("adapters.postgres.work.renew", fail)

    async def ask(_: Work) -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            broken_off.set()

    late = asyncio.create_task(bench.queue(ask).round())
    await begun.wait()
    if lost_by == "time passing":
        await bench.time_passes()
        async with bench.engine.begin() as connection:
            assert len(await work.claim(connection, WorkKind.CHARGE, timedelta(seconds=30), 1)) == 1
    async with asyncio.timeout(5):
        await broken_off.wait()
        assert await late == 1
    attempts = 2 if lost_by == "time passing" else 1
    assert (bench.done, await bench.rows()) == ([], [("WAITING", attempts, None)])
    await bench.time_passes()
    assert await bench.queue().round() == 1
    assert bench.done == [id]


async def test_nothing_is_renewed_while_it_is_settled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.later.lease.RENEWED_S", 0.0)
    await bench.charges(1)
    rightly_renewed, rightly_done = work.renew, work.done
    renewing, seen = 0, list[int]()

    async def renew(*given: Any) -> int:
        nonlocal renewing
        renewing += 1
        try:
            return await rightly_renewed(*given)
        finally:
            renewing -= 1

    async def done(*given: Any) -> None:
        await asyncio.sleep(0.1)
        seen.append(renewing)
        await rightly_done(*given)

    monkeypatch.setattr("adapters.postgres.work.renew", renew)
    monkeypatch.setattr("adapters.postgres.work.done", done)

    async def ask(piece: Work) -> None:
        await asyncio.sleep(0.2)
        await bench.finish(piece)

    assert await bench.queue(ask).round() == 1
    assert (seen, len(bench.done)) == ([0], 1)


async def test_a_lane_is_known_again_after_somebody_asked_for_the_piece_by_itself(bench: Bench) -> None:
    (id,) = await bench.charges(1, "slow")
    lease = timedelta(seconds=30)
    async with bench.engine.begin() as connection:
        taken = await work.take(connection, WorkKind.CHARGE, id, lease)
        assert taken is not None
        assert (taken.lane, taken.customer_id) == (None, None)
        await work.release(connection, [taken])
    async with bench.engine.begin() as connection:
        (claimed,) = await work.claim(connection, WorkKind.CHARGE, lease, 1)
        await work.release(connection, [claimed])
    assert (claimed.lane, claimed.customer_id) == ("slow", "customer_slow")
    assert claimed.since < taken.since
    async with bench.engine.begin() as connection:
        again = await work.take(connection, WorkKind.CHARGE, id, lease)
    assert again is not None
    assert (again.lane, again.customer_id, again.since) == ("slow", "customer_slow", claimed.since)


async def test_what_a_bank_takes_days_for_is_given_up_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.later.resting.ATTEMPTS_MAX", 1)
    (id,) = await bench.charges(1)
    answers = [Unknown("no answer"), Processing("the bank has not answered yet", 3600.0, None)]

    async def ask(_: Work) -> None:
        raise answers.pop(0)

    queue = bench.queue(ask)
    await queue.round()
    assert await bench.rows() == [("GIVEN_UP", 1, "no answer")]
    assert await queue.replay(id)
    assert (await bench.rows(), await bench.depth()) == ([("WAITING", 0, None)], (0, 0, 0))


@pytest.mark.parametrize("error", [Unknown("no answer", 1e300), Processing("a bank has it", float("inf"), None)])
async def test_nobody_is_left_alone_for_longer_than_a_day(bench: Bench, error: Unknown) -> None:
    await bench.charges(1)

    async def ask(_: Work) -> None:
        raise error

    queue = bench.queue(ask)
    assert await queue.round() == 1
    await bench.execute("UPDATE work SET next_at = next_at - interval '1 day'")
    assert await queue.round() == 1


async def test_what_is_done_and_still_due_is_not_done_over_and_over(bench: Bench) -> None:
    """And keeps nobody else waiting."""
    (again,) = await bench.charges(1, "slow", days_ago=2)
    asked: list[str] = []

    async def ask(piece: Work) -> None:
        asked.append(piece.id)
        if piece.lane == "fast":
            await bench.finish(piece)

    stop = asyncio.Event()
    task = asyncio.create_task(bench.queue(ask, idle=0.01).work(stop))
    await asyncio.sleep(1.0)
    fast = await bench.charges(20, "fast")
    await eventually(lambda: len(bench.done) == len(fast), seconds=5)
    stop.set()
    await task
    assert 2 <= asked.count(again) <= 20


async def test_who_has_lost_a_claim_neither_finishes_nor_rests_what_another_has(bench: Bench) -> None:
    await bench.charges(1)
    lease = timedelta(seconds=30)
    async with bench.engine.begin() as connection:
        (late,) = await work.claim(connection, WorkKind.CHARGE, lease, 1)
    await bench.time_passes()
    async with bench.engine.begin() as connection:
        (mine,) = await work.claim(connection, WorkKind.CHARGE, lease, 1)
    async with bench.engine.begin() as connection:
        await work.done(connection, [late])
        await work.rest(connection, late, "late", lease, work.WorkState.GIVEN_UP)
        await work.release(connection, [late])
        await work.renew(connection, [late], timedelta(0))
        assert await work.claim(connection, WorkKind.CHARGE, lease, 1) == []
    assert await bench.rows() == [("WAITING", 2, None)]
    async with bench.engine.begin() as connection:
        await work.done(connection, [mine])
    assert await bench.rows() == []


async def test_no_transaction_is_open_while_somebody_outside_is_asked_and_the_lease_is_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.later.lease.LEASE", timedelta(seconds=2))
    monkeypatch.setattr("service.later.lease.RENEWED_S", 0.3)
    await bench.charges(1)
    open_then: list[int] = []
    other = bench.queue()

    async def ask(piece: Work) -> None:
        async with bench.engine.connect() as connection:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
            )
            open_then.append(int(await connection.scalar(text(query)) or 0))
        await asyncio.sleep(3.0)
        assert await other.round() == 0
        await bench.finish(piece)

    assert await bench.queue(ask).round() == 1
    assert (open_then, len(bench.done)) == ([0], 1)


async def test_what_need_not_be_done_any_more_is_forgotten(bench: Bench) -> None:
    await bench.charges(1)

    async def ask(_: Work) -> None:
        raise Unknown("no answer")

    await bench.queue(ask).round()
    await bench.execute("DELETE FROM effects")
    async with bench.engine.begin() as connection:
        await work.forget_overtaken(connection)
    assert await bench.rows() == []
