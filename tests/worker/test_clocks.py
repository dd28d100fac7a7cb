"""Moving a test clock: all that falls due has happened when the answer comes, once, in order."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from processes import TEST, Process, eventually
from test_due_work import expiring, happened

from adapters.payments.simulated import Simulated
from domain.books.payment import Method
from domain.commands import AddMethod, CreateClock
from domain.errors import Refusal
from domain.providers.provider import ChargeRequest, Outcome
from service.ids import new_id
from service.later.clocks import advance, clock_queue
from service.later.work import Tried
from service.providers.payments import Charging

START = datetime(2030, 1, 31, 12, tzinfo=UTC)


async def clocked(process: Process, customers: int = 1) -> tuple[str, list[str]]:
    clock_id = new_id("clock")
    await process.record(clock_id, CreateClock(clock_id, "test", START), TEST)
    return clock_id, [await process.customer(clock_id=clock_id) for _ in range(customers)]


def renewed(history: list[tuple[str, datetime, str]]) -> list[datetime]:
    return [at for type, at, _ in history if type == "subscription.renewed"]


async def test_a_year_passes_in_one_call(here: Process) -> None:
    clock_id, (customer_id,) = await clocked(here)
    clock = await advance(here, clock_id, datetime(2031, 1, 31, 12, tzinfo=UTC), TEST)  # type: ignore[arg-type]
    assert clock.now == datetime(2031, 1, 31, 12, tzinfo=UTC)
    ends = renewed(await happened(here, customer_id))
    assert [(at.month, at.day) for at in ends] == [
        (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 31), (1, 31),
    ]  # fmt: skip


async def test_moving_again_to_where_it_stands_changes_nothing_and_moving_back_is_refused(here: Process) -> None:
    clock_id, (customer_id,) = await clocked(here)
    to = START + timedelta(days=60)
    await advance(here, clock_id, to, TEST)  # type: ignore[arg-type]
    before = await happened(here, customer_id)
    await advance(here, clock_id, to, TEST)  # type: ignore[arg-type]
    with pytest.raises(Refusal):
        await advance(here, clock_id, START, TEST)  # type: ignore[arg-type]
    with pytest.raises(Refusal):
        await advance(here, customer_id, to, TEST)  # type: ignore[arg-type]
    with pytest.raises(Refusal):
        await advance(here, new_id("clock"), to, TEST)  # type: ignore[arg-type]
    assert await happened(here, customer_id) == before


async def test_a_call_that_breaks_off_is_made_again(here: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    clock_id, ids = await clocked(here, 3)
    to = START + timedelta(days=60)
    record, calls = here.record, 0

    async def dying(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionError
        return await record(*given, **more)

    monkeypatch.setattr(here, "record", dying)
    with pytest.raises(ConnectionError):
        await advance(here, clock_id, to, TEST)  # type: ignore[arg-type]
    monkeypatch.undo()
    caught_up = [len(renewed(await happened(here, id))) for id in ids]
    assert sorted(caught_up) == [0, 0, 2]
    await advance(here, clock_id, to, TEST)  # type: ignore[arg-type]
    assert [len(renewed(await happened(here, id))) for id in ids] == [2, 2, 2]


async def test_two_who_move_it_at_once_both_get_their_answer_and_each_thing_happens_once(
    here: Process, there: Process
) -> None:
    clock_id, ids = await clocked(here, 5)
    to = START + timedelta(days=60)
    await asyncio.gather(*(advance(process, clock_id, to, TEST) for process in (here, there)))  # type: ignore[arg-type]
    assert [len(renewed(await happened(here, id))) for id in ids] == [2] * 5


async def test_the_longest_due_comes_first_and_other_clocks_and_real_time_are_left_alone(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_id, ids = await clocked(here, 3)
    _, (other_id,) = await clocked(here)
    real_id = await here.customer()
    for id, days in zip(ids, (3, 1, 2), strict=True):
        await expiring(here, id, START + timedelta(days=days))
    order: list[str] = []
    record = here.record

    async def noting(stream_id: str, *given: Any, **more: Any) -> Any:
        order.append(stream_id)
        return await record(stream_id, *given, **more)

    monkeypatch.setattr(here, "record", noting)
    await advance(here, clock_id, START + timedelta(days=5), TEST)  # type: ignore[arg-type]
    assert order == [clock_id, ids[1], ids[2], ids[0]]
    for id in (other_id, real_id):
        assert renewed(await happened(here, id)) == []


@pytest.mark.parametrize("token", ["succeeds", "declines", "declines_then_succeeds", "expires", "needs_action"])
async def test_what_is_charged_on_the_way_is_answered_at_that_point_of_the_customers_time(
    here: Process, token: str
) -> None:
    """So a year in one step is the same as in many: whatever the card does, and all that follows from it."""
    lives = []
    for days in (5, 365):
        clock_id, (customer_id,) = await clocked(here)
        method = Method(new_id("method"), "simulated", token, "CARD", "Visa 4242", START)
        await here.record(customer_id, AddMethod(method), TEST)
        for day in range(days, 366, days):
            await advance(here, clock_id, START + timedelta(days=day), TEST)  # type: ignore[arg-type]
        lives.append([(type, at) for type, at, _ in await happened(here, customer_id)])
    assert lives[0] == lives[1]
    if token == "succeeds":
        assert [type for type, _ in lives[0]].count(
            "payment.succeeded"
        ) == 12  # the last invoice is a draft for an hour
    else:
        assert "payment.failed" in {type for type, _ in lives[0]}


async def test_a_provider_that_is_not_there_keeps_no_clock_from_moving(here: Process) -> None:
    clock_id, (customer_id,) = await clocked(here)
    await here.record(customer_id, AddMethod(Method(new_id("method"), "gone", "t", "CARD", "Visa", START)), TEST)
    await advance(here, clock_id, START + timedelta(days=60), TEST)  # type: ignore[arg-type]
    history = await happened(here, customer_id)
    assert len(renewed(history)) == 2
    assert not [type for type, _, _ in history if type in ("payment.succeeded", "payment.failed")]


class Held(Simulated):
    """Answers after a while."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = 0

    async def charge(self, charge: ChargeRequest) -> Outcome:
        self.inside += 1
        await asyncio.sleep(0.1)
        self.inside -= 1
        return await super().charge(charge)


@pytest.mark.parametrize("token", ["declines", "succeeds"])
async def test_a_charge_that_the_worker_holds_is_waited_for(
    here: Process, there: Process, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is always there first. Its answer comes at the same point of the customer's time as ours would."""
    provider = Held()
    charging = Charging(there.engine, there.record, {"simulated": provider})
    ours, workers = here.charging.queue.round_of, list[asyncio.Task[int]]()

    async def beaten(customer_id: str) -> Tried:
        workers.append(asyncio.create_task(charging.queue.round()))
        await eventually(lambda: provider.inside > 0 or workers[-1].done())
        return await ours(customer_id)

    lives = []
    for _ in range(2):  # first by itself, then beside a worker
        clock_id, (customer_id,) = await clocked(here)
        method = Method(new_id("method"), "simulated", token, "CARD", "Visa 4242", START)
        await here.record(customer_id, AddMethod(method), TEST)
        await advance(here, clock_id, START + timedelta(days=75), TEST)  # type: ignore[arg-type]
        lives.append([(type, at) for type, at, _ in await happened(here, customer_id)])
        monkeypatch.setattr(here.charging.queue, "round_of", beaten)
    await asyncio.gather(*workers)
    assert sum(task.result() for task in workers) > 1
    assert lives[0] == lives[1]


async def test_what_rests_is_not_tried_over_and_over_while_the_worker_holds_another_charge(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_id, (customer_id,) = await clocked(here)
    await here.record(
        customer_id, AddMethod(Method(new_id("method"), "simulated", "succeeds", "CARD", "Visa", START)), TEST
    )
    looks, tries = iter([True] * 10), 0

    async def is_at(_: str) -> bool:
        return next(looks, False)

    async def fails_fast(_: str) -> Tried:
        nonlocal tries
        tries += 1
        return Tried(1, 0)

    monkeypatch.setattr(here.charging.queue, "is_at", is_at)
    monkeypatch.setattr(here.charging.queue, "round_of", fails_fast)
    await advance(here, clock_id, START + timedelta(days=35), TEST)  # type: ignore[arg-type]
    assert tries == 3  # before the worker was done and after it, and once as the clock stands at its end


async def test_the_worker_finishes_what_whoever_moved_a_clock_left_behind(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_id, ids = await clocked(here, 3)
    record, calls = here.record, 0

    async def dying(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise asyncio.CancelledError
        return await record(*given, **more)

    monkeypatch.setattr(here, "record", dying)
    with pytest.raises(asyncio.CancelledError):
        await advance(here, clock_id, START + timedelta(days=60), TEST)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert await clock_queue(here).round() == 1  # type: ignore[arg-type]
    assert [len(renewed(await happened(here, id))) for id in ids] == [2, 2, 2]
    assert await clock_queue(here).round() == 0  # type: ignore[arg-type]
