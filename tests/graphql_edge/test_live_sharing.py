"""A change is executed once, however many watch; what may not be shared is not."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from served import Client, Edge, eventually

QUERY = 'subscription($after: Cursor, $room: String! = "a") { level(after: $after, room: $room) { value counted } }'


async def watch(edge: Edge, stack: AsyncExitStack, count: int, authorization: str = "Bearer admin") -> list[Client]:
    return [await stack.enter_async_context(edge.ready(authorization)) for _ in range(count)]


async def test_many_subscribers_are_one_execution_per_change(edge: Edge) -> None:
    async with AsyncExitStack() as stack:
        clients = await watch(edge, stack, 30)
        for client in clients:
            await client.subscribe("1", QUERY)
            assert await client.next("1") == {"level": {"value": 0, "counted": 0}}
        assert edge.shop.executions == 1
        assert edge.shop.opened == 1
        for level in (1, 2):
            edge.shop.set_level(level)
            for client in clients:
                assert await client.next("1") == {"level": {"value": level, "counted": level}}
        assert edge.shop.executions == 3
        assert edge.endpoint.lives.audiences == 1
    await eventually(lambda: edge.endpoint.lives.audiences == 0)
    assert edge.shop.closed == 1


async def test_a_late_subscriber_is_shown_the_present_state_without_an_execution(edge: Edge) -> None:
    async with AsyncExitStack() as stack:
        first, second = await watch(edge, stack, 2)
        await first.subscribe("1", QUERY)
        await first.next("1")
        edge.shop.set_level(3)
        await first.next("1")
        await second.subscribe("1", QUERY)
        assert (await second.next("1"))["level"]["value"] == 3
        assert edge.shop.executions == 2


@pytest.mark.parametrize("after", ["0", "5"])
async def test_who_resumes_is_not_told_again_and_still_shares(edge: Edge, after: str) -> None:
    async with AsyncExitStack() as stack:
        first, second = await watch(edge, stack, 2)
        await first.subscribe("1", QUERY)
        await first.next("1")
        await second.subscribe("1", QUERY, {"after": after})
        await asyncio.sleep(0.05)
        edge.shop.set_level(6)
        assert (await first.next("1"))["level"]["value"] == 6
        assert (await second.next("1"))["level"]["value"] == 6
        assert edge.shop.executions == 2
        assert edge.endpoint.lives.audiences == 1


async def test_others_are_told_apart(edge: Edge) -> None:
    """Another selection, another argument, another visibility: each an execution of its own."""
    edge.shop.principals["Bearer other"].role = "SUPPORT"
    async with AsyncExitStack() as stack:
        same, selection, room = await watch(edge, stack, 3)
        (role,) = await watch(edge, stack, 1, "Bearer other")
        await same.subscribe("1", QUERY)
        await selection.subscribe("1", "subscription { level { counted } }")
        await room.subscribe("1", QUERY, {"room": "b"})
        await role.subscribe("1", QUERY)
        for client in (same, selection, room, role):
            await client.next("1")
        assert edge.shop.executions == 4
        assert edge.endpoint.lives.audiences == 4


async def test_each_pushed_execution_has_a_context_of_its_own(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", QUERY)
        await client.next("1")
        made = len(edge.shop.contexts)
        for level in (1, 2, 3):
            edge.shop.set_level(level)
            await client.next("1")
        assert len(edge.shop.contexts) == made + 3
        assert len({id(context) for context in edge.shop.contexts}) == made + 3


async def test_errors_of_pushed_fields_are_in_the_message(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", "subscription { level { value broken } }")
        payload = (await client.hear())["payload"]
        assert payload["data"] == {"level": {"value": 0, "broken": None}}
        assert payload["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(payload)


async def test_entries_of_a_log_are_all_sent_in_order_and_executed_once(edge: Edge) -> None:
    query = "subscription($after: Cursor) { log(after: $after) { cursor text counted } }"
    for entry in ("a", "b", "c"):
        edge.shop.log(entry)
    async with AsyncExitStack() as stack:
        first, second = await watch(edge, stack, 2)
        await first.subscribe("1", query)
        assert [(await first.next("1"))["log"]["text"] for _ in range(3)] == ["a", "b", "c"]
        await second.subscribe("1", query, {"after": "1"})
        assert [(await second.next("1"))["log"]["text"] for _ in range(2)] == ["b", "c"]
        assert edge.shop.executions == 3
        edge.shop.log("d")
        assert (await first.next("1"))["log"] == (await second.next("1"))["log"]
        assert edge.shop.executions == 4


async def test_an_audience_outlives_the_one_it_was_opened_for(edge: Edge) -> None:
    async with AsyncExitStack() as stack:
        first, second = await watch(edge, stack, 2)
        for client in (first, second):
            await client.subscribe("1", QUERY)
            await client.next("1")
        await first.say(id="1", type="complete")
        await asyncio.sleep(0.05)
        edge.shop.set_level(1)
        assert (await second.next("1"))["level"]["value"] == 1
        assert edge.shop.opened == 1


async def test_nothing_is_sent_while_credentials_are_looked_up(edge: Edge) -> None:
    """The others are sent it meanwhile; afterwards comes the newest state, or the refusal."""
    edge.shop.principals["Bearer other"].role = "ADMIN"
    async with AsyncExitStack() as stack:
        (stays,) = await watch(edge, stack, 1)
        (goes,) = await watch(edge, stack, 1, "Bearer other")
        for client in (stays, goes):
            await client.subscribe("1", QUERY)
            await client.next("1")
        edge.shop.slow_checks = True
        edge.shop.principals["Bearer other"].revoked = True
        for level in (1, 2, 3):
            edge.shop.set_level(level)
            await asyncio.sleep(0.02)
        edge.shop.checked.set()
        assert (await stays.next("1"))["level"]["value"] == 3
        message = await goes.hear()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
        edge.shop.set_level(4)
        assert (await stays.next("1"))["level"]["value"] == 4
    await eventually(lambda: edge.endpoint.lives.audiences == 0)
