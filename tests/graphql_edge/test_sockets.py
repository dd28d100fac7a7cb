"""Sockets speak graphql-transport-ws; whatever else a client sends ends in a clean close."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from served import Edge, eventually
from websockets.exceptions import ConnectionClosed, InvalidStatus

INIT = {"type": "connection_init", "payload": {"authorization": "Bearer admin"}}


async def closed_with(connection: Any) -> int:
    async with asyncio.timeout(30):
        with suppress(ConnectionClosed):
            async for _ in connection:
                pass
    return int(connection.close_code)


async def test_queries_and_mutations_are_answered(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("q", "{ later item { name } }")
        assert await client.next("q") == {"later": "later", "item": {"name": "thing"}}
        assert await client.hear() == {"id": "q", "type": "complete"}
        await client.subscribe("q", "mutation($to: Int!) { setLevel(to: $to) }", {"to": 4})
        assert await client.next("q") == {"setLevel": 4}
        assert await client.hear() == {"id": "q", "type": "complete"}


async def test_a_response_over_the_socket_is_that_over_http(edge: Edge) -> None:
    query = "{ items(first: 2) { edges { node { name } } } crash }"
    async with edge.ready() as client:
        await client.subscribe("1", query)
        payload = (await client.hear())["payload"]
    answer = (await edge.post(query)).json()
    for one in (payload, answer):
        del one["errors"][0]["extensions"]["requestId"]
    assert payload == answer


async def test_a_live_operation_gets_the_present_state_then_each_change(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("a", "subscription { level { value } }")
        assert await client.next("a") == {"level": {"value": 0}}
        edge.shop.set_level(1)
        assert await client.next("a") == {"level": {"value": 1}}
        await client.say(id="a", type="complete")
        await eventually(lambda: edge.shop.closed == 1)
        assert edge.endpoint.lives.audiences == 0


async def test_several_operations_share_a_socket(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("slow", "{ never }")
        await client.subscribe("count", "subscription { count(to: 3) }")
        assert [await client.next("count") for _ in range(3)] == [{"count": 1}, {"count": 2}, {"count": 3}]
        assert await client.hear() == {"id": "count", "type": "complete"}
        await client.subscribe("count", "subscription { count(to: 1) }")  # the id is free again
        assert await client.next("count") == {"count": 1}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { level { value } log { text } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { later } query B { later }", "BAD_REQUEST"),
        ("subscription($to: Int!) { count(to: $to) }", "BAD_USER_INPUT"),
        (
            "{ items { edges { node { related { edges { node { related { edges { node { name } } } } } } } } } }",
            "QUERY_TOO_COMPLEX",
        ),
    ],
)
async def test_a_refused_operation_ends_with_an_error_and_the_socket_lives(edge: Edge, query: str, code: str) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", query)
        message = await client.hear()
        assert (message["type"], message["id"]) == ("error", "1")
        assert message["payload"][0]["extensions"]["code"] == code
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}


async def test_a_live_field_that_may_not_be_read_is_an_error(edge: Edge) -> None:
    async with edge.ready("Bearer guest") as client:
        await client.subscribe("1", "subscription { level { value } }")
        message = await client.hear()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_stream_that_breaks_tells_nothing_of_its_insides(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", "subscription { fails }")
        assert await client.next("1") == {"fails": 1}
        message = await client.hear()
        assert message["payload"][0]["message"] == "Internal error."


async def test_revoked_credentials_end_the_operation_at_its_next_message(edge: Edge) -> None:
    async with edge.ready() as client, edge.ready("Bearer other") as other:
        for one in (client, other):
            await one.subscribe("1", "subscription { level { value } }")
            await one.next("1")
        edge.shop.principals["Bearer admin"].revoked = True
        edge.shop.set_level(5)
        message = await client.hear()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await other.next("1") == {"level": {"value": 5}}
        await client.subscribe("2", "{ later }")
        assert (await client.hear())["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_socket_that_says_nothing_is_closed(edge: Edge) -> None:
    async with edge.socket() as connection:
        assert await closed_with(connection) == 4408


async def test_an_initialised_socket_may_stay_silent(edge: Edge) -> None:
    async with edge.ready() as client:
        await asyncio.sleep(0.5)
        await client.say(type="ping", payload={"x": 1})
        assert await client.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "connection_init"}], 4403),
        ([{"type": "connection_init", "payload": {"authorization": "Bearer nobody"}}], 4403),
        ([{"type": "connection_init", "payload": {"authorization": 7}}], 4400),
        ([{"type": "connection_init", "payload": []}], 4400),
        ([INIT, INIT], 4429),
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ later }"}}], 4401),
        ([{"type": "start"}], 4400),
        ([{"type": "connection_terminate"}], 4400),
        ([{"type": 7}], 4400),
        ([{}], 4400),
        ([[]], 4400),
        ([None], 4400),
        ([1], 4400),
        (["connection_init"], 4400),
        ([INIT, {"type": "subscribe", "payload": {"query": "{ later }"}}], 4400),
        ([INIT, {"type": "subscribe", "id": 1, "payload": {"query": "{ later }"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "", "payload": {"query": "{ later }"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1"}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": 1}}], 4400),
        ([INIT, {"type": "complete"}], 4400),
        ([INIT, *[{"type": "subscribe", "id": "1", "payload": {"query": "{ never }"}}] * 2], 4409),
    ],
)
async def test_what_breaks_the_protocol_closes_with_its_code(
    edge: Edge, messages: list[Any], code: int, no_tracebacks: Callable[[], None]
) -> None:
    async with edge.socket() as connection:
        for message in messages:
            await connection.send(msgspec.json.encode(message).decode())
        assert await closed_with(connection) == code
    await eventually(lambda: len(edge.endpoint.sockets) == 0)
    no_tracebacks()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x00\x01", 4400),
        (b"", 4400),
        ("", 4400),
        ("not json", 4400),
        ("[" * 100_000, 4400),
        ('{"type":"ping","payload":' + "[" * 100_000 + "]" * 100_000 + "}", 4400),
        ('{"type":"ping","payload":NaN}', 4400),
        ('{"type":"\\ud800"}', 4400),
        ('{"type":"ping","x":"' + "x" * 2**20 + '"}', 1009),
    ],
    ids=["binary", "empty-binary", "empty", "text", "deep", "deep-payload", "nan", "surrogate", "big"],
)
async def test_odd_frames_close_the_socket(
    edge: Edge, frame: str | bytes, code: int, no_tracebacks: Callable[[], None]
) -> None:
    async with edge.ready() as client:
        await client.connection.send(frame)
        assert await closed_with(client.connection) == code
    no_tracebacks()


async def test_text_that_is_not_utf_8_closes_the_socket(edge: Edge, no_tracebacks: Callable[[], None]) -> None:
    async with edge.ready() as client:
        transport = client.connection.transport
        transport.write(b"\x81\x82" + b"\0\0\0\0" + b"\xff\xfe")
        assert await closed_with(client.connection) == 1007
    await eventually(lambda: len(edge.endpoint.sockets) == 0)
    no_tracebacks()


async def test_a_socket_has_so_many_operations_and_no_more(edge: Edge) -> None:
    async with edge.ready() as client:
        for n in range(10):
            await client.subscribe(str(n), "{ never }")
        await client.subscribe("more", "{ later }")
        message = await client.hear()
        assert (message["type"], message["id"]) == ("error", "more")
        assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await client.say(id="3", type="complete")
        await asyncio.sleep(0.02)
        await client.subscribe("more", "{ later }")
        assert await client.next("more") == {"later": "later"}


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://app.example.com", 101), ("https://evil.example.com", 403), ("null", 403), (None, 101)],
)
async def test_only_allowed_pages_open_sockets(edge: Edge, origin: str | None, status: int) -> None:
    answered = 101
    try:
        async with edge.socket(origin=origin):
            pass
    except InvalidStatus as refusal:
        answered = refusal.response.status_code
    assert answered == status


async def test_our_own_page_opens_a_socket(edge: Edge) -> None:
    async with edge.socket(origin=f"http://127.0.0.1:{edge.port}"):
        pass


@pytest.mark.parametrize("subprotocols", [None, ["graphql-ws"]])
async def test_other_subprotocols_are_not_spoken(edge: Edge, subprotocols: Any) -> None:
    async with edge.socket(subprotocols=subprotocols) as connection:
        assert await closed_with(connection) == 4406


async def test_a_client_that_leaves_takes_everything_along(edge: Edge, no_tracebacks: Callable[[], None]) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", "subscription { level { value } }")
        await client.subscribe("2", "subscription { log { text } }")
        await client.subscribe("3", "{ never }")
        await client.next("1")
        client.connection.transport.abort()
    await eventually(lambda: len(edge.endpoint.sockets) == 0 and edge.shop.closed == 1)
    assert edge.endpoint.lives.audiences == 0
    no_tracebacks()


async def test_a_reader_that_stalls_is_dropped_and_all_it_held_is_released(
    edge: Edge, no_tracebacks: Callable[[], None]
) -> None:
    async with edge.ready() as client, edge.ready() as other:
        await client.subscribe("1", "subscription { level { value } }")
        await client.next("1")
        client.connection.transport.pause_reading()
        await client.subscribe("2", "subscription { flood }")
        await other.subscribe("1", "subscription { level { value } }")
        await other.next("1")
        edge.shop.set_level(1)
        assert await other.next("1") == {"level": {"value": 1}}  # nobody waits for the stalled one
        await eventually(lambda: len(edge.endpoint.sockets) == 1)
        edge.shop.set_level(2)
        assert await other.next("1") == {"level": {"value": 2}}
        client.connection.transport.abort()
    await eventually(lambda: edge.shop.closed == edge.shop.opened)
    no_tracebacks()


async def test_a_slow_reader_gets_the_newest_state(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", "subscription { level { value } }")
        assert await client.next("1") == {"level": {"value": 0}}
        (socket,) = edge.endpoint.sockets._open
        gate = asyncio.Event()
        send = socket._asgi_send

        async def slowly(message: Any) -> None:
            await gate.wait()
            await send(message)

        socket._asgi_send = slowly
        for level in range(1, 50):
            edge.shop.set_level(level)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        gate.set()
        received = [(await client.next("1"))["level"]["value"]]
        while received[-1] != 49:
            received.append((await client.next("1"))["level"]["value"])
        assert len(received) <= 2  # the one that was leaving when it stalled, and the newest


async def test_shutdown_says_goodbye(edge: Edge, no_tracebacks: Callable[[], None]) -> None:
    async with edge.ready() as client, edge.ready() as other:
        await client.subscribe("1", "subscription { level { value } }")
        await client.next("1")
        await edge.endpoint.close_all()
        assert await closed_with(client.connection) == 1001
        assert await closed_with(other.connection) == 1001
    assert len(edge.endpoint.sockets) == 0
    assert edge.shop.closed == 1
    no_tracebacks()


async def test_a_completed_mutation_answer_is_not_sent(edge: Edge) -> None:
    async with edge.ready() as client:
        await client.subscribe("1", "mutation { slowly(to: 3) }")
        await asyncio.sleep(0.01)
        await client.say(id="1", type="complete")
        await asyncio.sleep(0.1)
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}
        assert edge.shop.level == 3  # what has begun to write is not torn apart


def test_the_prefix_of_a_message_survives_any_id() -> None:
    for id_ in ('"', "\\", "ü", "\n"):
        prefix = f'{{"id":{msgspec.json.encode(id_).decode()},"type":"next","payload":'
        assert msgspec.json.decode(prefix + "1}")["id"] == id_
