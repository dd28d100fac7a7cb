"""Usage: recorded, used up against limits, held, corrected, read."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from adapters.postgres.engine import create_engine
from e2e.client import Api, Json, unique
from e2e.deployment import Deployment
from service.later.housekeeping import keep_house

BEGIN = "2026-01-31T12:00:00Z"
DECISION = "decision { allowed reason limit used remaining resetsAt }"


class Customer:
    """A customer on a test clock that stands at BEGIN."""

    def __init__(self, api: Api, id: str, clock: str) -> None:
        self.api, self.id, self.clock = api, id, clock

    async def record(self, *events: Json) -> list[tuple[str, str | None]]:
        sent = [{"id": unique("event"), "customer": {"id": self.id}, **event} for event in events]
        made = await self.api.do("recordUsage", "accepted duplicates results { status message }", events=sent)
        return [(result["status"], result["message"]) for result in made["results"]]

    async def used(self, feature: str, **period: str) -> str:
        query = """query($id: ID!, $feature: String!, $period: PeriodInput) {
            customer(ref: {id: $id}) { usage(feature: $feature, period: $period) { used } } }"""
        found = await self.api.ask(query, id=self.id, feature=feature, period=period or None)
        used: str = found["customer"]["usage"]["used"]
        return used

    async def consume(self, feature: str, quantity: int | str = 1) -> Json:
        asked = {"customer": {"id": self.id}, "feature": feature, "quantity": quantity, "idempotencyKey": unique()}
        decision: Json = (await self.api.do("consume", DECISION, **asked))["decision"]
        return decision

    async def reserve(self, feature: str, quantity: int | str = 1, ttl: int = 300) -> tuple[Json, Json | None]:
        made = await self.api.do(
            "reserveUsage",
            f"{DECISION} reservation {{ id quantity state expiresAt committed }}",
            customer={"id": self.id},
            feature=feature,
            quantity=quantity,
            ttlSeconds=ttl,
            idempotencyKey=unique(),
        )
        return made["decision"], made["reservation"]

    async def settle(self, mutation: str, id: str, **input: Any) -> Json:
        payload = await self.api.attempt(
            mutation, "reservation { state committed }", id=id, idempotencyKey=unique(), **input
        )
        if payload["userErrors"]:
            (error,) = payload["userErrors"]
            return {"refused": (error["code"], error["field"])}
        settled: Json = payload["reservation"]
        return settled


@pytest_asyncio.fixture
async def free(api: Api) -> Customer:
    """On the free plan: 10,000 calls a month, hard."""
    clock = await api.clock(BEGIN)
    customer = Customer(api, await api.customer(clockId=clock), clock)
    await api.subscribe(customer.id, "free")
    return customer


@pytest_asyncio.fixture(scope="module", autouse=True)
async def meters(deployment: Any) -> None:
    """A meter of each kind, with a feature and a plan that allows 10 of each by the month."""
    api: Api = deployment.api
    made = {
        "count": {"aggregation": "COUNT"},
        "sum": {"aggregation": "SUM", "property": "bytes"},
        "max": {"aggregation": "MAX"},
        "latest": {"aggregation": "LATEST"},
        "unique": {"aggregation": "UNIQUE", "property": "who"},
        "weighted": {"aggregation": "TIME_WEIGHTED"},
    }
    for key, meter in made.items():
        await api.do("createMeter", "meter { id }", key=key, eventType=f"e.{key}", **meter)
        await api.do("createFeature", "feature { id }", key=key, name=key, kind="METERED", meterKey=key)
    given = [{"feature": key, "limit": "10", "hard": True, "resets": "MONTH"} for key in made]
    await api.do("createPlan", "plan { id }", key="tens", name="Tens", version={"prices": [], "entitlements": given})


@pytest_asyncio.fixture
async def tens(api: Api) -> Customer:
    """On a plan with 10 of everything."""
    clock = await api.clock(BEGIN)
    customer = Customer(api, await api.customer(clockId=clock), clock)
    await api.subscribe(customer.id, "tens")
    return customer


async def test_each_meter_reads_events_in_its_way(tens: Customer) -> None:
    await tens.record(*({"type": "e.count"} for _ in range(3)))
    await tens.record(*({"type": "e.sum", "properties": {"bytes": n}} for n in (1, "2.5", -1)))
    await tens.record(*({"type": "e.max", "value": value} for value in ("2", "7", "5")))
    await tens.record({"type": "e.latest", "value": "9"})
    await tens.api.advance(tens.clock, "2026-01-31T13:00:00Z")
    await tens.record({"type": "e.latest", "value": "4"}, {"type": "e.weighted", "value": "6"})
    await tens.record(*({"type": "e.unique", "properties": {"who": who}} for who in ("a", "b", "a", 7, "é")))
    await tens.api.advance(tens.clock, "2026-01-31T14:30:00Z")
    read = [await tens.used(key) for key in ("count", "sum", "max", "latest", "unique", "weighted")]
    assert read == ["3", "2.5", "7", "4", "4", "9"]


async def test_what_is_wrong_with_one_event_does_not_hold_up_the_others(free: Customer) -> None:
    good = {"type": "api.calls", "value": "1"}
    results = await free.record(
        good,
        {**good, "type": "nothing"},
        {**good, "customer": {"externalId": "nobody"}},
        {**good, "time": "2026-01-31T12:00:31Z"},
        {**good, "time": "2024-01-01T00:00:00Z"},
        {**good, "source": "tollgate"},
        {"type": "api.calls"},
        {"type": "e.sum", "properties": {"bytes": 1.5}},
        {**good, "id": ""},
        {**good, "id": "x" * 256},
        {**good, "type": ""},
        {**good, "source": "x" * 256},
        {**good, "customer": {"externalId": ""}},
        {**good, "customer": {"id": "x" * 999}},
        good,
    )
    assert [status for status, _ in results] == ["ACCEPTED", *["REJECTED"] * 13, "ACCEPTED"]
    assert all(message for status, message in results if status == "REJECTED")
    assert await free.used("api_calls") == "2"


async def test_events_written_into_the_document_count_alike(free: Customer) -> None:
    document = """mutation { recordUsage(input: {events: [
        {id: "a", customer: {id: "%s"}, type: "api.calls", value: "2", properties: {x: [1, {y: null}]}},
        {id: "a", customer: {id: "%s"}, type: "api.calls", value: 3},
        {id: "", customer: {id: "%s"}, type: "api.calls", value: 3}
    ]}) { accepted results(only: [CONFLICT, REJECTED]) { id status message } } }"""
    made = (await free.api.ask(document % (free.id, free.id, free.id)))["recordUsage"]
    assert (made["accepted"], [result["status"] for result in made["results"]]) == (1, ["CONFLICT", "REJECTED"])
    same = {"id": "a", "type": "api.calls", "value": "2.0", "properties": {"x": [1, {"y": None}]}}
    assert (await free.record(same))[0][0] == "DUPLICATE"


async def test_a_hard_limit_is_reached_and_never_passed(free: Customer) -> None:
    assert await free.consume("api_calls", "9999.5") == {
        "allowed": True,
        "reason": "WITHIN_LIMIT",
        "limit": "10000",
        "used": "9999.5",
        "remaining": "0.5",
        "resetsAt": "2026-02-28T12:00:00Z",
    }
    denied = await free.consume("api_calls", 1)
    assert (denied["allowed"], denied["reason"], denied["used"]) == (False, "LIMIT_REACHED", "9999.5")
    assert (await free.consume("api_calls", "0.5"))["remaining"] == "0"
    assert not (await free.consume("api_calls", "0.000000000001"))["allowed"]
    await free.api.advance(free.clock, "2026-02-28T12:00:00Z")
    assert (await free.consume("api_calls"))["used"] == "1"


async def test_a_soft_limit_is_passed_and_billed(api: Api) -> None:
    customer = Customer(api, await api.customer(), "")
    await api.subscribe(customer.id, "starter")
    over = await customer.consume("transfer", 101)
    assert (over["allowed"], over["reason"], over["remaining"]) == (True, "OVERAGE_BILLED", "0")


async def test_consuming_means_to_each_meter_what_it_counts(tens: Customer) -> None:
    assert (await tens.consume("count", 3))["used"] == "3"
    assert (await tens.consume("sum", "2.5"))["used"] == "2.5"
    assert (await tens.consume("max", 4))["used"] == "4"
    assert (await tens.consume("max", 3))["used"] == "4"  # the highest stays
    assert (await tens.consume("latest", 4))["used"] == "4"
    assert (await tens.consume("latest", 4))["used"] == "8"  # a level rises
    assert not (await tens.consume("latest", 4))["allowed"]
    asked: Json = {"customer": {"id": tens.id}, "idempotencyKey": unique()}
    for feature, quantity, field in (
        ("unique", 1, "feature"),
        ("count", "1.5", "quantity"),
        ("sum", 0, "quantity"),
        ("sum", -1, "quantity"),
        ("parallel_downloads", 1, "feature"),
    ):
        refused = await tens.api.refused("consume", feature=feature, quantity=quantity, **asked)
        assert refused == ("INVALID", ["input", field])


async def test_who_has_no_right_is_told_why(api: Api) -> None:
    nobody = Customer(api, "customer_01m7xzqmprem6tw0sa0ez4t5hj", "")
    assert (await nobody.consume("api_calls"))["reason"] == "NO_SUBSCRIPTION"
    somebody = Customer(api, await api.customer(), "")
    assert (await somebody.consume("api_calls"))["reason"] == "NO_SUBSCRIPTION"
    assert (await somebody.consume("nothing"))["reason"] == "UNKNOWN_FEATURE"
    await api.subscribe(somebody.id, "drive")
    assert (await somebody.consume("api_calls"))["reason"] == "NOT_INCLUDED"
    assert await somebody.used("api_calls") == "0"


async def test_what_is_held_counts_until_it_is_used_given_back_or_run_out(free: Customer) -> None:
    decision, first = await free.reserve("api_calls", 6000)
    assert first is not None
    assert (first["state"], first["expiresAt"]) == ("OPEN", "2026-01-31T12:05:00Z")
    assert (decision["used"], decision["remaining"]) == ("0", "4000")
    denied, none = await free.reserve("api_calls", 4001)
    assert (denied["allowed"], none) == (False, None)
    assert not (await free.consume("api_calls", 4001))["allowed"]

    settled = await free.settle("commitReservation", first["id"], quantity=1000)
    assert settled == {"state": "COMMITTED", "committed": "1000"}
    assert (await free.consume("api_calls", 9000))["remaining"] == "0"
    assert await free.settle("commitReservation", first["id"]) == {"refused": ("CONFLICT", ["input", "id"])}
    assert await free.settle("releaseReservation", first["id"]) == {"refused": ("CONFLICT", ["input", "id"])}


async def test_a_reservation_runs_out_by_itself(free: Customer) -> None:
    _, held = await free.reserve("api_calls", 10_000, ttl=60)
    assert held is not None
    assert not (await free.consume("api_calls"))["allowed"]
    await free.api.advance(free.clock, "2026-01-31T12:00:59.999999Z")
    assert not (await free.consume("api_calls"))["allowed"]
    await free.api.advance(free.clock, "2026-01-31T12:01:00Z")
    assert (await free.consume("api_calls"))["allowed"]
    assert await free.settle("commitReservation", held["id"]) == {"refused": ("STALE", ["input", "id"])}
    assert await free.settle("releaseReservation", held["id"]) == {"state": "RELEASED", "committed": None}


async def test_the_worker_forgets_no_reservation_of_a_customer_who_lives_in_the_past(
    free: Customer, deployment: Deployment
) -> None:
    """Whose clock stands a year back, for them it has not run out yet."""
    _, held = await free.reserve("api_calls", 10_000)
    assert held is not None
    engine = create_engine(deployment.dsn, 2)
    await keep_house(engine, datetime.now(UTC) + timedelta(days=365), timedelta(days=400))
    await engine.dispose()
    assert not (await free.consume("api_calls"))["allowed"]
    assert (await free.settle("commitReservation", held["id"]))["state"] == "COMMITTED"


@pytest.mark.parametrize(
    ("mutation", "input", "field"),
    [
        ("reserveUsage", {"ttlSeconds": 0}, "ttlSeconds"),
        ("reserveUsage", {"ttlSeconds": 86_401}, "ttlSeconds"),
        ("reserveUsage", {"quantity": 0}, "quantity"),
    ],
)
async def test_a_reservation_has_a_size_and_a_time(free: Customer, mutation: str, input: Json, field: str) -> None:
    asked = {"customer": {"id": free.id}, "feature": "api_calls", "idempotencyKey": unique(), **input}
    assert await free.api.refused(mutation, **asked) == ("INVALID", ["input", field])


async def test_no_more_is_committed_than_was_held(free: Customer) -> None:
    _, held = await free.reserve("api_calls", 5)
    assert held is not None
    for quantity in ("5.1", "-1"):
        refused = await free.settle("commitReservation", held["id"], quantity=quantity)
        assert refused == {"refused": ("INVALID", ["input", "quantity"])}
    assert await free.settle("commitReservation", held["id"], quantity=0) == {"state": "COMMITTED", "committed": "0"}
    assert await free.used("api_calls") == "0"


async def test_a_correction_counts_in_the_period_of_its_event_and_both_stay_on_record(free: Customer) -> None:
    event = {"id": "wrong", "type": "api.calls", "value": "700", "time": "2026-01-31T12:00:00Z"}
    await free.record(event, {"type": "api.calls", "value": "5"})
    await free.api.advance(free.clock, "2026-03-01T00:00:00Z")
    await free.record({"type": "api.calls", "value": "1"})
    asked = {"customer": {"id": free.id}, "id": "wrong", "reason": "a slip"}
    shown = "event { id value retracted time }"
    corrected = await free.api.do("correctUsage", shown, **asked, value="7", idempotencyKey=unique())
    assert corrected["event"] == {
        "id": "wrong",
        "value": "7",
        "retracted": False,
        "time": "2026-01-31T12:00:00Z",
    }
    january = {"start": BEGIN, "end": "2026-02-28T12:00:00Z"}
    assert (await free.used("api_calls", **january), await free.used("api_calls")) == ("12", "1")
    taken_back = await free.api.do("correctUsage", shown, **asked, idempotencyKey=unique())
    assert taken_back["event"]["retracted"]
    assert await free.used("api_calls", **january) == "5"

    query = """query($id: ID!, $period: PeriodInput!) { customer(ref: {id: $id}) {
        usageEvents(feature: "api_calls", period: $period, first: 10) {
            edges { node { id value revision corrects retracted reason } } } } }"""
    edges = (await free.api.ask(query, id=free.id, period=january))["customer"]["usageEvents"]["edges"]
    told = [edge["node"] for edge in edges if "wrong" in (edge["node"]["id"], edge["node"]["corrects"])]
    assert sorted((one["value"], one["revision"], one["retracted"], one["reason"]) for one in told) == [
        ("7", 1, False, "a slip"),
        ("7", 2, True, "a slip"),
        ("700", 0, False, None),
    ]
    assert (await free.record(event))[0][0] == "DUPLICATE"  # the event itself was never another


@pytest.mark.parametrize(
    ("input", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"properties": []}, "properties"),
        ({"properties": {"bytes": "x"}}, "properties"),
    ],
)
async def test_a_correction_that_makes_no_sense_is_refused(tens: Customer, input: Json, field: str) -> None:
    await tens.record({"id": "an event", "type": "e.sum", "properties": {"bytes": 4}})
    asked = {"customer": {"id": tens.id}, "id": "an event", "reason": "a", "idempotencyKey": unique(), **input}
    assert await tens.api.refused("correctUsage", **asked) == ("INVALID", ["input", field])
    assert await tens.used("sum") == "4"


async def test_each_event_counts_in_the_period_that_holds_its_instant(free: Customer) -> None:
    await free.api.advance(free.clock, "2026-03-05T00:00:00Z")
    edges = ["2026-01-31T12:00:00Z", "2026-02-28T11:59:59.999999Z", "2026-02-28T12:00:00Z", "2026-03-04T23:00:00-05:00"]
    late = "2026-01-31T11:59:59.999999Z"  # before the subscription
    results = await free.record(*({"type": "api.calls", "value": "1", "time": time} for time in [late, *edges[:3]]))
    assert [status for status, _ in results] == ["ACCEPTED"] * 4
    ahead = await free.record({"type": "api.calls", "value": "1", "time": edges[3]})
    assert ahead[0][0] == "REJECTED"
    assert await free.used("api_calls", start=BEGIN, end="2026-02-28T12:00:00Z") == "2"
    assert await free.used("api_calls") == "1"


async def test_a_history_adds_up_to_the_period_in_the_customers_days(api: Api) -> None:
    clock = await api.clock("2026-03-28T00:00:00Z")
    customer = Customer(api, await api.customer(clockId=clock, timezone="Europe/Paris"), clock)
    await api.subscribe(customer.id, "free")
    for hour in range(0, 72, 5):
        await api.advance(clock, f"2026-03-{28 + hour // 24:02}T{hour % 24:02}:00:00Z")
        await customer.record({"type": "api.calls", "value": str(hour + 1)})
    query = """query($id: ID!, $period: PeriodInput!, $by: Grain!) { customer(ref: {id: $id}) {
        usageHistory(feature: "api_calls", period: $period, by: $by) { start value } } }"""
    period = {"start": "2026-03-28T00:00:00Z", "end": "2026-04-28T00:00:00Z"}
    for by in ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"):
        points = (await api.ask(query, id=customer.id, period=period, by=by))["customer"]["usageHistory"]
        assert sum(Decimal(point["value"]) for point in points) == Decimal(await customer.used("api_calls"))
        if by == "DAY":  # Paris: +1 until 29 March 01:00 UTC, then +2
            assert [point["start"] for point in points] == [
                "2026-03-28T00:00:00Z",
                "2026-03-28T23:00:00Z",
                "2026-03-29T22:00:00Z",
                "2026-03-30T22:00:00Z",
            ]
