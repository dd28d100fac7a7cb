"""Live updates over sockets and event streams: the present first, then each change; resumed without gap or repeat."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from e2e.client import Api, Json, Told, unique
from e2e.deployment import Deployment, serving

USAGE = """subscription($id: ID!, $features: [String!], $after: Cursor) {
    usage(customer: {id: $id}, features: $features, after: $after) {
        cursor meter { feature { key } used limit remaining percent period { start end } } } }"""
RIGHTS = """subscription($id: ID!, $after: Cursor) { entitlements(customer: {id: $id}, after: $after) {
    cursor entitlements { feature { key } limit used remaining sources { kind label } } } }"""
STATUS = """subscription($id: ID!, $after: Cursor) { billingStatus(customer: {id: $id}, after: $after) {
    cursor status { state message } } }"""
JOURNAL = """subscription($id: ID!, $after: Cursor, $types: [String!]) {
    journal(customer: {id: $id}, after: $after, types: $types) { cursor type hash } }"""
EVERYTHING = "subscription($after: Cursor) { journal(after: $after) { cursor type customer { id } } }"

Open = Callable[..., AbstractAsyncContextManager[Told]]


@pytest.fixture(params=["socket", "event stream"])
def open_(request: pytest.FixtureRequest, api: Api) -> Open:
    return api.watch if request.param == "socket" else api.stream


class Life:
    """A customer on a test clock, on the free plan."""

    def __init__(self, api: Api, clock: str, id: str, subscription: str) -> None:
        self.api, self.clock, self.id, self.subscription = api, clock, id, subscription

    @classmethod
    async def begin(cls, api: Api, plan: str = "free") -> "Life":
        clock = await api.clock("2026-01-01T00:00:00Z")
        id = await api.customer(clockId=clock)
        return cls(api, clock, id, (await api.subscribe(id, plan))["id"])

    async def change(self, mutation: str, **input: Any) -> None:
        asked = {"subscriptionId": self.subscription, "idempotencyKey": unique(), **input}
        await self.api.do(mutation, "__typename", **asked)

    async def consume(self, quantity: int) -> None:
        asked: Json = {"customer": {"id": self.id}, "feature": "api_calls", "quantity": quantity}
        done = await self.api.do("consume", "decision { allowed }", **asked, idempotencyKey=unique())
        assert done["decision"]["allowed"]


@pytest_asyncio.fixture
async def life(api: Api) -> Life:
    return await Life.begin(api)


def calls(data: Any) -> tuple[str, str | None]:
    meter = data["usage"]["meter"]
    assert meter["feature"] == {"key": "api_calls"}
    return meter["used"], meter["remaining"]


async def test_a_meter_is_told_now_and_at_each_change(life: Life, open_: Open) -> None:
    api = life.api
    async with open_(USAGE, id=life.id, features=["api_calls"]) as told:
        first = await told.next()
        assert first["usage"]["meter"] == {
            "feature": {"key": "api_calls"},
            "used": "0",
            "limit": "10000",
            "remaining": "10000",
            "percent": 0.0,
            "period": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
        }
        await api.use(life.id, "api.calls", 100, id="live-event")
        assert calls(await told.next()) == ("100", "9900")
        await life.consume(50)
        assert calls(await told.next()) == ("150", "9850")
        asked: Json = {"customer": {"id": life.id}, "feature": "api_calls", "quantity": 1000}
        held = await api.do("reserveUsage", "reservation { id }", **asked, idempotencyKey=unique())
        assert calls(await told.next()) == ("150", "8850")
        done = {"id": held["reservation"]["id"], "idempotencyKey": unique()}
        await api.do("commitReservation", "__typename", **done, quantity=10)
        assert calls(await told.next()) == ("160", "9840")
        correction: Json = {"customer": {"id": life.id}, "id": "live-event", "value": "1", "reason": "a slip"}
        await api.do("correctUsage", "__typename", **correction, idempotencyKey=unique())
        assert calls(await told.next()) == ("61", "9939")
        await life.change("changePlan", plan="starter")
        assert calls(await told.next()) == ("61", "999939")
        await api.advance(life.clock, "2026-02-01T00:00:00Z")
        assert calls(await told.next()) == ("0", "1000000")
        await api.use(life.id, "transfer", 5)  # another meter
        await told.silent()


async def test_all_meters_are_told_and_then_those_that_change(life: Life, open_: Open) -> None:
    async with open_(USAGE, id=life.id) as told:
        first = [(await told.next())["usage"]["meter"]["feature"]["key"] for _ in range(4)]
        assert first == ["adapters", "api_calls", "storage", "transfer"]
        await life.api.use(life.id, "storage.level", "0.5")
        assert (await told.next())["usage"]["meter"]["used"] == "0.5"
        await told.silent()


async def test_rights_are_told_as_plans_and_grants_change(life: Life, open_: Open) -> None:
    def of(data: Any) -> list[str]:
        (right,) = [one for one in data["entitlements"]["entitlements"] if one["feature"]["key"] == "api_calls"]
        return [right["limit"], *(source["label"] for source in right["sources"])]

    async with open_(RIGHTS, id=life.id) as told:
        assert of(await told.next()) == ["10000", "Free"]
        await life.change("changePlan", plan="starter")
        assert of(await told.next()) == ["1000000", "Starter"]
        given: Json = {"customer": {"id": life.id}, "feature": "api_calls", "limit": 7, "reason": "sorry"}
        await life.api.do(
            "grantEntitlement", "__typename", **given, expiresAt="2026-01-05T00:00:00Z", idempotencyKey=unique()
        )
        assert of(await told.next()) == ["1000007", "Starter", "sorry"]
        await life.api.advance(life.clock, "2026-01-05T00:00:00Z")
        assert of(await told.next()) == ["1000000", "Starter"]
        await life.change("pauseSubscription")
        assert (await told.next())["entitlements"]["entitlements"] == []


async def test_where_they_stand_is_told_when_it_changes(life: Life, open_: Open) -> None:
    def of(data: Any) -> tuple[str, str | None]:
        status = data["billingStatus"]["status"]
        return status["state"], status["message"]

    async with open_(STATUS, id=life.id) as told:
        assert of(await told.next()) == ("CURRENT", None)
        await life.change("cancelSubscription")
        assert of(await told.next()) == ("CURRENT", "Free ends on 2026-02-01.")
        await life.change("revokeCancellation")
        assert of(await told.next()) == ("CURRENT", None)
        await life.change("pauseSubscription", resumesAt="2026-01-10T00:00:00Z")
        assert of(await told.next()) == ("SUSPENDED", "Free is paused until 2026-01-10.")
        await life.api.advance(life.clock, "2026-01-10T00:00:00Z")
        assert of(await told.next()) == ("CURRENT", None)
        await life.change("cancelSubscription", timing="NOW")
        assert of(await told.next()) == ("CANCELED", "Free ended on 2026-01-10.")
        await life.api.use(life.id, "api.calls", 1)
        await told.silent()


async def beginning(api: Api, customer_id: str) -> str:
    """The cursor of a customer's first entry."""
    query = "query($id: ID!) { customer(ref: {id: $id}) { journal(first: 1) { edges { node { cursor } } } } }"
    shown = await api.ask(query, id=customer_id)
    cursor: str = shown["customer"]["journal"]["edges"][0]["node"]["cursor"]
    return cursor


async def test_the_journal_is_told_entry_by_entry_as_it_can_be_read(life: Life, open_: Open) -> None:
    async with open_(JOURNAL, id=life.id, after=await beginning(life.api, life.id)) as told:
        assert [(await told.next())["journal"]["type"] for _ in range(2)] == [
            "subscription.created",
            "subscription.started",
        ]
        await life.change("changePlan", plan="starter", timing="PERIOD_END")
        assert (await told.next())["journal"]["type"] == "subscription.change_scheduled"
        await life.api.advance(life.clock, "2026-03-01T00:00:00Z")
        read = await life.api.journal(life.id, "cursor type hash")
        assert {"subscription.plan_changed", "invoice.finalized"} <= {entry["type"] for entry in read[4:]}
        assert [(await told.next())["journal"] for _ in read[4:]] == read[4:]


async def test_only_the_types_asked_for_are_told(life: Life) -> None:
    types = ["subscription.quantity_changed"]
    async with life.api.watch(JOURNAL, id=life.id, after=await beginning(life.api, life.id), types=types) as told:
        await life.change("changePlan", plan="starter")
        await life.change("changeQuantity", quantity=4)
        assert (await told.next())["journal"]["type"] == "subscription.quantity_changed"


@asynccontextmanager
async def another(deployment: Deployment) -> AsyncIterator[Api]:
    """Another process of Tollgate on the same database: nothing of the first is shared but the data."""
    async with serving(deployment.dsn) as process:
        yield process.api


async def test_what_another_process_changes_is_told_here(life: Life, deployment: Deployment, open_: Open) -> None:
    async with another(deployment) as there:
        elsewhere = Life(there, life.clock, life.id, life.subscription)
        async with (
            open_(USAGE, id=life.id, features=["api_calls"]) as meter,
            open_(RIGHTS, id=life.id) as rights,
            open_(STATUS, id=life.id) as status,
            open_(JOURNAL, id=life.id, after=await beginning(there, life.id)) as journal,
        ):
            for told in (meter, rights, status):
                await told.next()
            await there.use(life.id, "api.calls", 100)
            assert calls(await meter.next()) == ("100", "9900")
            await elsewhere.change("changePlan", plan="starter")
            assert calls(await meter.next()) == ("100", "999900")
            await rights.until(lambda data: len(data["entitlements"]["entitlements"]) == 4)
            await elsewhere.change("cancelSubscription", timing="NOW")
            await status.until(lambda data: data["billingStatus"]["status"]["state"] == "CANCELED")
            heard = await journal.until(lambda data: data["journal"]["type"] == "subscription.ended")
            kinds = [data["journal"]["type"] for data in heard]
            assert kinds[-3:] == ["subscription.plan_changed", "invoice.finalized", "subscription.ended"]
            # A clock that is moved elsewhere moves the time here.
            await there.advance(life.clock, "2026-01-02T00:00:00Z")


async def test_states_go_on_where_they_were_left_also_after_a_restart(database: str) -> None:
    """What was seen is not told again; what changed meanwhile is, once."""
    watched: list[tuple[str, Json, Callable[[Any], Json]]] = [
        (USAGE, {"features": ["api_calls"]}, lambda data: data["usage"]),
        (RIGHTS, {}, lambda data: data["entitlements"]),
        (STATUS, {}, lambda data: data["billingStatus"]),
    ]
    seen: list[Json] = []
    async with serving(database) as first:
        life = await Life.begin(first.api)
        for query, given, of in watched:
            async with first.api.watch(query, id=life.id, **given) as told:
                seen.append(of(await told.next()))
    async with serving(database) as second:
        for (query, given, _), state in zip(watched, seen, strict=True):
            async with second.api.watch(query, id=life.id, after=state["cursor"], **given) as told:
                await told.silent()
    async with serving(database) as third:
        life.api = third.api
        await life.consume(5)
        await life.change("cancelSubscription")
    async with serving(database) as fourth:
        life.api = fourth.api
        for (query, given, of), state in zip(watched, seen, strict=True):
            async with fourth.api.watch(query, id=life.id, after=state["cursor"], **given) as told:
                changed = of(await told.next())
                assert changed != state
                await told.silent()
                async with fourth.api.stream(query, id=life.id, after=changed["cursor"], **given) as again:
                    await again.silent()


async def test_of_several_meters_only_those_that_changed_meanwhile_are_told(life: Life) -> None:
    async with life.api.watch(USAGE, id=life.id) as told:
        cursor = [await told.next() for _ in range(4)][-1]["usage"]["cursor"]
    await life.api.use(life.id, "transfer", "0.5")
    async with life.api.watch(USAGE, id=life.id, after=cursor) as told:
        assert (await told.next())["usage"]["meter"]["feature"] == {"key": "transfer"}
        await told.silent()


async def test_a_journal_is_followed_through_restarts_without_gap_or_repeat(database: str) -> None:
    """Read in pieces by processes that come and go, while others write: each entry once, in order."""
    heard: list[Json] = []
    async with serving(database) as first:
        life = await Life.begin(first.api)
        cursor = await beginning(first.api, life.id)
    for round in range(3):
        async with serving(database) as here, serving(database) as there:
            writer = Life(there.api, life.clock, life.id, life.subscription)
            await writer.change("changeQuantity", quantity=10 * round + 2)
            async with here.api.watch(JOURNAL, id=life.id, after=cursor) as told:
                writing = asyncio.gather(
                    *(writer.change("changeQuantity", quantity=10 * round + n) for n in range(3, 9))
                )
                heard += [(await told.next())["journal"] for _ in range(4)]
                cursor = heard[-1]["cursor"]
                await writing
    async with serving(database) as last, last.api.watch(JOURNAL, id=life.id, after=cursor) as told:
        read = await last.api.journal(life.id, "cursor type hash")
        while len(heard) < len(read) - 1:
            heard.append((await told.next())["journal"])
        await told.silent()
    assert heard == read[1:]


async def test_the_journal_of_all_is_followed_without_gap_or_repeat(api: Api, deployment: Deployment) -> None:
    async with api.watch(EVERYTHING) as told, another(deployment) as there:
        ids: list[str] = []

        async def write(writer: Api) -> None:
            ids.extend([await writer.customer() for _ in range(5)])

        probe = await api.customer()  # it is told from when it is watched on, which nothing confirms
        while True:
            await api.do("updateCustomer", "__typename", customer={"id": probe}, name=unique())
            try:
                async with asyncio.timeout(0.3):
                    first = await told.next()
                break
            except TimeoutError:
                continue
        await asyncio.gather(*(write(writer) for writer in (api, there, api, there)))
        heard = [first]
        created: list[str] = []
        while len(created) < 20:
            heard.append(await told.next())
            if heard[-1]["journal"]["type"] == "customer.created":
                created.append(heard[-1]["journal"]["customer"]["id"])
        assert sorted(created) == sorted(ids)
        middle = heard[len(heard) // 2]["journal"]["cursor"]
    async with api.watch(EVERYTHING, after=middle) as told:
        again = [await told.next() for _ in heard[len(heard) // 2 + 1 :]]
        assert again == heard[len(heard) // 2 + 1 :]


@pytest.mark.parametrize("field", ["usage", "entitlements", "billingStatus", "journal"])
async def test_a_cursor_that_is_none_is_refused(life: Life, field: str) -> None:
    query = {"usage": USAGE, "entitlements": RIGHTS, "billingStatus": STATUS, "journal": JOURNAL}[field]
    other = await Life.begin(life.api)
    theirs = await beginning(life.api, other.id)
    for after in ("nonsense", theirs, "x" * 512):
        async with life.api.watch(query, id=life.id, after=after) as told:
            message = await told.message()
            assert message["type"] == "error"
            assert [error["extensions"]["code"] for error in message["payload"]] == ["BAD_USER_INPUT"]


async def test_a_token_that_runs_out_ends_what_it_watches(life: Life, open_: Open) -> None:
    made = await life.api.do("createCustomerToken", "token", customer={"id": life.id}, lifetimeSeconds=2)
    browser = life.api.with_key(made["token"])
    opened = browser.watch if open_.__name__ == "watch" else browser.stream
    async with opened(STATUS, id=life.id) as told:
        await told.next()
        assert "UNAUTHENTICATED" in str(await ended(told, life))


async def test_a_revoked_key_ends_what_it_watches_within_a_second(life: Life, open_: Open) -> None:
    made = await life.api.do("createApiKey", "secret key { id }", name="watcher", role="SERVICE")
    watcher = life.api.with_key(made["secret"])
    opened = watcher.watch if open_.__name__ == "watch" else watcher.stream
    async with opened(STATUS, id=life.id) as told:
        await told.next()
        await life.api.do("revokeApiKey", "__typename", id=made["key"]["id"])
        assert "UNAUTHENTICATED" in str(await ended(told, life))


async def ended(told: Told, life: Life) -> Json:
    """Change the account until the watcher is refused; how it is told so."""
    async with asyncio.timeout(15):
        number = 0
        while True:
            await life.change("cancelSubscription" if number % 2 == 0 else "revokeCancellation")
            number += 1
            try:
                async with asyncio.timeout(0.3):
                    message = await told.message()
            except TimeoutError:
                continue
            if message["type"] != "next" or message["payload"].get("errors"):
                return message
