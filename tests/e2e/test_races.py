"""Many at once, through two processes on one database: what may happen once happens once."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, pairwise
from typing import Any

import pytest_asyncio

from e2e.client import Api, Json, unique
from e2e.deployment import Deployment, serving
from service.clock import Clock
from service.runtime import Runtime
from service.write.record import Record
from tollgate.wiring import open_runtime
from worker.loop import work


@pytest_asyncio.fixture(scope="module")
async def apis(deployment: Deployment) -> AsyncIterator[list[Api]]:
    """Two processes."""
    async with serving(deployment.dsn) as other:
        yield [deployment.api, other.api]


async def at_once(apis: list[Api], count: int, mutation: str, shown: str, **input: Any) -> list[Json]:
    """The same mutation so many times, each under a key of its own unless one is given."""
    return await asyncio.gather(
        *(
            api.attempt(mutation, shown, **{"idempotencyKey": unique(), **input})
            for api, _ in zip(cycle(apis), range(count), strict=False)
        )
    )


async def used(api: Api, customer_id: str, feature: str = "api_calls") -> str:
    query = "query($id: ID!, $f: String!) { customer(ref: {id: $id}) { usage(feature: $f) { used } } }"
    found: str = (await api.ask(query, id=customer_id, f=feature))["customer"]["usage"]["used"]
    return found


async def test_two_hundred_for_the_last_unit(apis: list[Api]) -> None:
    """At the limit less one, one passes."""
    api = apis[0]
    customer_id = await api.customer()
    await api.subscribe(customer_id, "free")
    await api.use(customer_id, "api.calls", 9_999)
    asked: Json = {"customer": {"id": customer_id}, "feature": "api_calls"}
    answers = await at_once(apis, 200, "consume", "decision { allowed reason used remaining }", **asked)
    decisions = Counter(tuple(answer["decision"].values()) for answer in answers)
    assert decisions == {
        (True, "WITHIN_LIMIT", "10000", "0"): 1,
        (False, "LIMIT_REACHED", "10000", "0"): 199,
    }
    assert await used(api, customer_id) == "10000"


async def test_many_with_one_key(apis: list[Api]) -> None:
    api = apis[0]
    customer_id = await api.customer()
    await api.subscribe(customer_id, "free")
    asked: Json = {"customer": {"id": customer_id}, "feature": "api_calls", "quantity": "7"}
    shown = "decision { allowed used remaining }"
    answers = await at_once(apis, 24, "consume", shown, **asked, idempotencyKey=unique())
    assert all(answer == answers[0] for answer in answers)
    assert await used(api, customer_id) == "7"


async def test_no_more_is_held_than_there_is(apis: list[Api]) -> None:
    api = apis[0]
    customer_id = await api.customer()
    await api.subscribe(customer_id, "free")
    asked: Json = {"customer": {"id": customer_id}, "feature": "api_calls", "quantity": "900"}
    answers = await at_once(apis, 20, "reserveUsage", "decision { allowed } reservation { id }", **asked)
    held = [answer["reservation"]["id"] for answer in answers if answer["decision"]["allowed"]]
    assert len(held) == 11
    # And each is settled once, however many settle it, one way or the other.
    settling = [
        api.attempt(mutation, "reservation { state }", id=id, idempotencyKey=unique())
        for id in held
        for api, mutation in zip(apis * 2, ["commitReservation", "releaseReservation"] * 2, strict=True)
    ]
    states = Counter(
        answer["reservation"]["state"] if answer["reservation"] else answer["userErrors"][0]["code"]
        for answer in await asyncio.gather(*settling)
    )
    assert states["CONFLICT"] == 11 * 3
    assert Decimal(await used(api, customer_id)) == 900 * states["COMMITTED"]


async def test_a_batch_that_many_send_counts_once(apis: list[Api]) -> None:
    customers = [await apis[0].customer() for _ in range(5)]
    events = [
        {"id": f"{n}", "customer": {"id": customers[n % 5]}, "type": "api.calls", "value": str(n)} for n in range(500)
    ]
    sending = (
        api.do("recordUsage", "accepted duplicates", events=events[start:] + events[:start])
        for start, api in zip(range(0, 480, 40), cycle(apis), strict=False)
    )
    answers = await asyncio.gather(*sending)
    assert sum(answer["accepted"] for answer in answers) == 500
    assert all(answer["accepted"] + answer["duplicates"] == 500 for answer in answers)
    figures = [Decimal(await used(apis[0], customer_id)) for customer_id in customers]
    assert figures == [sum(n for n in range(500) if n % 5 == rest) for rest in range(5)]


async def test_subscribing_at_once_with_one_key_makes_one(apis: list[Api]) -> None:
    customer_id = await apis[0].customer()
    asked: Json = {"customer": {"id": customer_id}, "plan": "starter", "idempotencyKey": unique()}
    answers = await at_once(apis, 20, "subscribe", "subscription { id status }", **asked)
    assert all(answer == answers[0] for answer in answers)
    assert Counter(entry["type"] for entry in await apis[0].journal(customer_id)) == {
        "customer.created": 1,
        "subscription.created": 1,
        "subscription.started": 1,
        "invoice.finalized": 1,
    }


async def test_moves_at_once_happen_one_after_the_other(apis: list[Api]) -> None:
    api = apis[0]
    customer_id = await api.customer()
    id = (await api.subscribe(customer_id, "free"))["id"]
    shown = "subscription { plan { key } quantity }"
    moves = [(plan, quantity) for quantity in range(1, 8) for plan in ("starter", "professional", "enterprise", "free")]
    answers = await asyncio.gather(
        *(
            api.attempt("changePlan", shown, subscriptionId=id, plan=plan, quantity=quantity, idempotencyKey=unique())
            for api, (plan, quantity) in zip(cycle(apis), moves, strict=False)
        )
    )
    done = [answer["subscription"] for answer in answers if not answer["userErrors"]]
    told = [
        {"plan": {"key": entry["payload"]["plan"]["planKey"]}, "quantity": entry["payload"]["quantity"]}
        for entry in await api.journal(customer_id, "type payload")
        if entry["type"] == "subscription.plan_changed"
    ]
    order = [str(one) for one in done]
    assert sorted(order) == sorted(str(one) for one in told)
    query = "query($id: ID!) { subscription(id: $id) { plan { key } quantity } }"
    assert (await api.ask(query, id=id))["subscription"] == told[-1]


async def test_everything_at_once_on_one_account_leaves_it_whole(apis: list[Api], deployment: Deployment) -> None:
    api = apis[0]
    customer_id = await api.customer()
    id = (await api.subscribe(customer_id, "starter"))["id"]
    about = {"subscriptionId": id}
    acts: list[tuple[str, Json]] = [
        ("changePlan", {**about, "plan": "professional", "timing": "PERIOD_END"}),
        ("changePlan", {**about, "plan": "enterprise"}),
        ("changeQuantity", {**about, "quantity": 3}),
        ("addAddOn", {**about, "addOn": "drive"}),
        ("removeAddOn", {**about, "addOn": "drive"}),
        ("pauseSubscription", about),
        ("resumeSubscription", about),
        ("cancelSubscription", about),
        ("revokeCancellation", about),
        ("grantEntitlement", {"customer": {"id": customer_id}, "feature": "api_calls", "limit": 1, "reason": "a"}),
    ]
    answers = await asyncio.gather(
        *(
            api.attempt(mutation, "__typename", **input, idempotencyKey=unique())
            for api, (mutation, input) in zip(cycle(apis), acts * 4, strict=False)
        )
    )
    codes = Counter(error["code"] for answer in answers for error in answer["userErrors"])
    assert set(codes) <= {"CONFLICT", "NOT_FOUND"}, codes
    assert await deployment.faults() == []


class Later(Clock):
    """A clock of a machine that was away for a while."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self) -> datetime:
        return super().now() + self.by


@asynccontextmanager
async def worker(deployment: Deployment, away: timedelta) -> AsyncIterator[Runtime]:
    """What a worker process works with, started after all were away for so long."""
    async with open_runtime(deployment.settings, deployment.secrets, deployment.dsn) as runtime:
        clock = Later(away)
        record = Record(runtime.engine, clock, runtime.changes.changed)
        yield dataclasses.replace(runtime, clock=clock, record=record)


async def work_off(deployment: Deployment, away: timedelta, workers: int) -> None:
    """So many workers at once, until nothing is due any more."""
    stop = asyncio.Event()

    async def one() -> None:
        async with worker(deployment, away) as runtime:
            await work(runtime, stop)

    working = [asyncio.create_task(one()) for _ in range(workers)]
    due = "SELECT count(*) FROM customers WHERE clock_id IS NULL AND due_at <= $1"
    now = datetime.now(UTC) + away
    async with asyncio.timeout(60):
        while (await deployment.fetch(due, now))[0][0]:
            assert not any(task.done() for task in working), working
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*working)


async def test_two_workers_after_a_long_downtime_do_everything_once(apis: list[Api], deployment: Deployment) -> None:
    """A hundred days of periods, planned changes, ends: once, in order, each at its own instant."""
    api, now = apis[0], datetime.now(UTC)
    customers = []
    for number in range(12):
        customer_id = await api.customer(timezone="Europe/Paris" if number % 2 else "UTC")
        id = (await api.subscribe(customer_id, "starter", trialDays=7 if number % 3 == 0 else 0))["id"]
        customers.append((customer_id, id))
        planned: list[tuple[str, Json]] = [
            ("changePlan", {"plan": "professional", "timing": "PERIOD_END"}),
            ("pauseSubscription", {"timing": "AT", "at": (now + timedelta(days=40)).isoformat()}),
            ("resumeSubscription", {"timing": "AT", "at": (now + timedelta(days=50)).isoformat()}),
            ("changeQuantity", {"quantity": 9, "timing": "AT", "at": (now + timedelta(days=60)).isoformat()}),
            ("cancelSubscription", {"timing": "AT", "at": (now + timedelta(days=80)).isoformat()}),
        ]
        for mutation, input in planned[: number % 6]:
            answer = await api.attempt(mutation, "__typename", subscriptionId=id, idempotencyKey=unique(), **input)
            assert {error["code"] for error in answer["userErrors"]} <= {"CONFLICT"}, answer
        if number % 4 == 0:
            await api.do(
                "grantEntitlement",
                "__typename",
                customer={"id": customer_id},
                feature="api_calls",
                limit=1,
                reason="a while",
                expiresAt=(now + timedelta(days=20)).isoformat(),
                idempotencyKey=unique(),
            )
    away = timedelta(days=100)
    await work_off(deployment, away, 3)
    before = await deployment.contents()
    query = "query($id: ID!) { subscription(id: $id) { currentPeriod { start end } endedAt } }"
    for customer_id, id in customers:
        story = await api.journal(customer_id, "type effectiveAt actor payload")
        instants = [datetime.fromisoformat(entry["effectiveAt"]) for entry in story]
        assert instants == sorted(instants)
        due = [entry for entry in story if entry["actor"] == "time"]
        assert len({str(entry) for entry in due}) == len(due), "nothing twice"
        periods = [entry["payload"]["period"] for entry in due if "period" in entry["payload"]]
        assert all(one["end"] == other["start"] for one, other in pairwise(periods) if one["start"] != other["start"])
        shown = (await api.ask(query, id=id))["subscription"]
        ended = shown["endedAt"] is not None
        assert ended or datetime.fromisoformat(shown["currentPeriod"]["end"]) > now + away
    # Again, by two: nothing is left to do.
    await work_off(deployment, away, 2)
    assert await deployment.contents() == before


async def test_a_worker_and_those_who_write_do_everything_once(apis: list[Api], deployment: Deployment) -> None:
    """Both record what fell due; whoever comes first has done it."""
    api = apis[0]
    customers = []
    for _ in range(5):
        customer_id = await api.customer()
        customers.append((customer_id, (await api.subscribe(customer_id, "starter"))["id"]))

    async def write(id: str) -> None:
        for quantity in range(2, 9):
            await api.do("changeQuantity", "__typename", subscriptionId=id, quantity=quantity, idempotencyKey=unique())

    away = timedelta(days=200)
    await asyncio.gather(work_off(deployment, away, 2), *(write(id) for _, id in customers))
    for customer_id, _ in customers:
        story = await api.journal(customer_id, "type payload")
        starts = [entry["payload"]["period"]["start"] for entry in story if entry["type"] == "subscription.renewed"]
        assert len(starts) == len(set(starts)) >= 6
        quantities = [entry["payload"]["quantity"] for entry in story if "quantity_changed" in entry["type"]]
        assert quantities == list(range(2, 9))
