"""Event streams: one request, `next` events, `complete`, and silence broken by comments."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from served import Edge, eventually

STREAM = {"accept": "text/event-stream"}


def events(text: str) -> list[tuple[str, Any]]:
    """(event, data) of each event; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in block.splitlines())
        if "event" in fields:
            found.append((fields["event"], msgspec.json.decode(fields["data"]) if fields["data"] else None))
    return found


@asynccontextmanager
async def streaming(edge: Edge, query: str) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    async with edge.http.stream("POST", "/graphql", json={"query": query}, headers=STREAM) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")

        async def each() -> AsyncIterator[tuple[str, Any]]:
            text = ""
            async for piece in response.aiter_text():
                text += piece
                while "\n\n" in text:
                    block, text = text.split("\n\n", 1)
                    for event in events(block):
                        yield event

        yield each()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("query", "payloads"),
    [
        ("{ later }", [{"later": "later"}]),
        ("{ item { name } }", [{"item": {"name": "thing"}}]),
        ("subscription { count(to: 3) }", [{"count": 1}, {"count": 2}, {"count": 3}]),
    ],
)
async def test_each_answer_is_an_event(edge: Edge, method: str, query: str, payloads: list[Any]) -> None:
    sent = {"params": {"query": query}} if method == "GET" else {"json": {"query": query}}
    response = await edge.http.request(method, "/graphql", headers=STREAM, **sent)  # type: ignore[arg-type]
    assert response.status_code == 200
    *nexts, last = events(response.text)
    assert [(event, data["data"]) for event, data in nexts] == [("next", payload) for payload in payloads]
    assert last == ("complete", None)


async def test_a_mutation_is_answered_to_post_only(edge: Edge) -> None:
    query = "mutation { setLevel(to: 2) }"
    assert (await edge.http.get("/graphql", params={"query": query}, headers=STREAM)).status_code == 405
    response = await edge.http.post("/graphql", json={"query": query}, headers=STREAM)
    assert events(response.text)[0][1]["data"] == {"setLevel": 2}


@pytest.mark.parametrize(("query", "status"), [("{", 400), ("{ nope }", 400), ("subscription { nope }", 400)])
async def test_what_is_refused_before_it_begins_is_no_stream(edge: Edge, query: str, status: int) -> None:
    response = await edge.http.post("/graphql", json={"query": query}, headers=STREAM)
    assert response.status_code == status
    assert "errors" in response.json()


async def test_what_fails_afterwards_is_an_event(edge: Edge) -> None:
    response = await edge.http.post("/graphql", json={"query": "subscription { fails }"}, headers=STREAM)
    first, second, last = events(response.text)
    assert first[1]["data"] == {"fails": 1}
    assert second[1]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert last == ("complete", None)
    assert "secret" not in response.text


async def test_a_live_state_is_streamed_and_released(edge: Edge, no_tracebacks: Callable[[], None]) -> None:
    async with streaming(edge, "subscription { level { value } }") as stream:
        assert (await anext(stream))[1]["data"] == {"level": {"value": 0}}
        edge.shop.set_level(7)
        assert (await anext(stream))[1]["data"] == {"level": {"value": 7}}
    await eventually(lambda: edge.shop.closed == 1 and len(edge.endpoint.streams) == 0)
    no_tracebacks()


async def test_revoked_credentials_end_the_stream(edge: Edge) -> None:
    async with streaming(edge, "subscription { level { value } }") as stream:
        await anext(stream)
        edge.shop.principals["Bearer admin"].revoked = True
        edge.shop.set_level(1)
        event, data = await anext(stream)
        assert (event, data["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert await anext(stream) == ("complete", None)


async def test_an_idle_stream_is_kept_open_by_comments(edge: Edge) -> None:
    body = {"query": "subscription { log { text } }"}
    async with edge.http.stream("POST", "/graphql", json=body, headers=STREAM) as response:
        async with asyncio.timeout(30):
            async for piece in response.aiter_text():
                assert piece == ":\n\n"
                break


async def test_shutdown_ends_streams_without_complete(edge: Edge) -> None:
    received = []
    async with streaming(edge, "subscription { level { value } }") as stream:
        received.append(await anext(stream))
        await edge.endpoint.close_all()
        received += [event async for event in stream]
    assert [event for event, _ in received] == ["next"]


async def test_a_stalled_reader_is_dropped(edge: Edge, no_tracebacks: Callable[[], None]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, limit=1024)
    body = msgspec.json.encode({"query": "subscription { flood }"})
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nAccept: text/event-stream\r\n"
        b"Content-Type: application/json\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )
    await reader.readline()
    await eventually(lambda: len(edge.endpoint.streams) == 1)
    await eventually(lambda: len(edge.endpoint.streams) == 0)
    writer.transport.abort()
    assert (await edge.post("{ later }")).status_code == httpx.codes.OK
    no_tracebacks()
