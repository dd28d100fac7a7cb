"""The queue itself, whatever its kind: charges stand for all, made up, of providers called slow and fast."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from processes import eventually
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

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
        await self.execute(f"DELETE FROM effects WHERE id = '{piece.id}'")
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

    async def execute(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))


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
    monkeypatch.setattr("service.later.work.ATTEMPTS_MAX", 2)
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
        await work.renew(connection, [late.claim], timedelta(0))
        assert await work.claim(connection, WorkKind.CHARGE, lease, 1) == []
    assert await bench.rows() == [("WAITING", 2, None)]
    async with bench.engine.begin() as connection:
        await work.done(connection, [mine])
    assert await bench.rows() == []


async def test_no_transaction_is_open_while_somebody_outside_is_asked_and_the_lease_is_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.later.work.LEASE", timedelta(seconds=2))
    monkeypatch.setattr("service.later.work.RENEWED_S", 0.3)
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
