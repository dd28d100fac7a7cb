"""What EDGE.md lists, and what else comes to mind: refused with a 4xx, without an error in the log, and while the loop
goes on serving others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from served import LIMITS, Edge, ticks_during
from test_documents import chain

JSON = {"content-type": "application/json"}
DEEP = 100_000
PAUSE_MAX_S = 1.0  # of computing: an expanded bomb takes many seconds, each of these a tenth of one


def variables(value: bytes) -> bytes:
    return b'{"query":"{ later }","variables":' + value + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"1", b'"s"', b"true", b"[]", b"{}", b"{", b"not json", b"\xff\xfe", b"\x00",
        b'{"query":"\xff"}', b'{"query":"\\ud800"}', b'{"query":NaN}', b'{"query":"{ later }"} {}',
        b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b'{"query":"{ later }","x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        variables(b"NaN"), variables(b'{"a":NaN}'), variables(b'{"a":Infinity}'), variables(b'{"a":-Infinity}'),
        variables(b"[" * DEEP + b"]" * DEEP), variables(b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}"),
        variables(b"[]"), variables(b"1"), variables(b'"{}"'), variables(b'{"a":"\\u0000"}'),
        b'{"query":"{ later }","extensions":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        b'{"query":"{ echo(value: \\"\\u0000\\") }"}',
        ('{"query":"{ later }"}').encode("utf-16"),
    ],
    ids=lambda body: repr(body[:30]) + f"…{len(body)}",
)  # fmt: skip
async def test_bodies_that_are_no_request(edge: Edge, body: bytes, no_tracebacks: Callable[[], None]) -> None:
    response, pause = await ticks_during(edge.http.post("/graphql", content=body, headers=JSON))
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert pause < PAUSE_MAX_S
    no_tracebacks()


@pytest.mark.parametrize(
    "value",
    [b"1e400", b"-1e400", b"9" * 5_000, b"0." + b"9" * 5_000, b"1e-999999", b'"' + b"x" * 100_000 + b'"'],
    ids=lambda value: repr(value[:12]),
)
async def test_numbers_and_texts_of_any_size(edge: Edge, value: bytes, no_tracebacks: Callable[[], None]) -> None:
    for query in ("query($v: JSON) { echo(value: $v) }", "query($v: Decimal!) { plus(amount: $v) }",
                  "query($v: Int) { items(first: $v) { edges { cursor } } }"):  # fmt: skip
        body = b'{"query":' + msgspec.json.encode(query) + b',"variables":{"v":' + value + b"}}"
        response = await edge.http.post("/graphql", content=body, headers=JSON)
        assert response.status_code in (200, 400)
    no_tracebacks()


@pytest.mark.parametrize(
    "query",
    [
        chain(10), chain(18), chain(45), chain(5, width=9),
        "{ item { " + "name " * 950 + "} }",
        "{ item " * 150 + "{ name }" + " }" * 150,
        "{ " + " ".join(f"a{n}: later" for n in range(300)) + " }",
        "{ item { " + " ".join(f"x{n}" for n in range(950)) + " } }",
        "query(" + " ".join(f"$v{n}: Int" for n in range(190)) + ") { later }",
        "{ later " + "@include(if: true) " * 300 + "}",
        "{ later " + "@nope " * 450 + "}",
        "{ echo(value: " + "[" * 190 + "]" * 190 + ") @skip(if: 1) }",
        "{ echo(value: {" + " ".join(f"k: {n}" for n in range(240)) + "}) }",
        "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 2} }}" for n in range(45))
        + "fragment F45 on Query { later } fragment F46 on Query { later }",
        " ".join(f"fragment F{n} on Item {{ parent {{ ...F{(n + 1) % 40} }} }}" for n in range(40))
        + "{ item { ...F0 } }",
        "{ item { " + " ".join("parent { parent { name } }" for _ in range(200)) + " } }",
        "#" * 19_000 + "\n{ nope }",
        '{ echo(value: "' + "x" * 19_000 + '") nope }',
        '{ echo(value: """' + "\n" * 19_000 + '""") nope }',
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        "{ __type(name: \"Query\") { interfaces { possibleTypes { interfaces { name } } } } }",
        "subscription { level { value } count(to: 1) }",
        "\ufeff{", "{ \x07 }", "query é { later }",
    ],
    ids=lambda query: f"{query[:30]!r}…{len(query)}",
)  # fmt: skip
async def test_documents_made_to_be_expensive(edge: Edge, query: str, no_tracebacks: Callable[[], None]) -> None:
    response, pause = await ticks_during(edge.post(query))
    assert response.status_code == 400
    assert len(response.json()["errors"]) <= 21
    assert pause < PAUSE_MAX_S
    no_tracebacks()


async def pieces(first: bytes, count: int, sent: list[int]) -> AsyncIterator[bytes]:
    yield first
    for number in range(count):
        sent.append(number)
        yield b"x" * 65_536
        await asyncio.sleep(0)


async def test_a_body_that_is_declared_too_long_is_not_read(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\n"
        b"Content-Length: 20000000\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert b" 413 " in head.splitlines()[0]
    writer.close()


@pytest.mark.parametrize("length", [b"x", b"-1", b"1.5"])
async def test_a_length_that_is_none_is_refused(edge: Edge, length: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\n"
        b"Content-Length: " + length + b"\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readline(), 30)
    assert b" 400 " in head
    writer.close()


async def test_a_long_body_is_refused_before_it_is_read_whole(edge: Edge) -> None:
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 65_536
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    answer: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        answer.append(message)

    headers = [(b"authorization", b"Bearer admin"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await edge.endpoint(scope, receive, send)
    assert answer[0]["status"] == 413
    assert received <= LIMITS.body_bytes_max + 2 * 65_536


async def test_only_usage_may_be_long(edge: Edge) -> None:
    padding = "x" * 1_500_000
    for query, status in (
        ("mutation($e: [UsageEventInput!]!) { recordUsage(input: {events: $e}) { accepted } }", 200),
        ("query recordUsage($e: JSON) { echo(value: $e) }", 413),
        ("query($e: JSON) { echo(value: $e) }", 413),
    ):
        event = {"id": "1", "customer": {"id": "c"}, "type": "t", "properties": {"padding": padding}}
        response = await edge.http.post("/graphql", json={"query": query, "variables": {"e": [event]}})
        assert response.status_code == status
    event["properties"] = {"padding": "x" * 9_000_000}
    response = await edge.http.post("/graphql", json={"query": query, "variables": {"e": [event]}})
    assert response.status_code == 413


async def test_a_body_that_does_not_come_is_waited_for_no_longer_than_allowed(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\n"
        b'Content-Length: 100\r\n\r\n{"query":'
    )
    head = await asyncio.wait_for(reader.readline(), 30)
    assert b" 408 " in head
    writer.close()


@pytest.mark.parametrize(
    "query_string",
    [
        "", "query", "query=", "query={", "query=%ff", "query={later}&variables=[", "query={later}&variables=%ff",
        "query={later}&variables=" + "[" * 5_000, "query=%00{later}", "&" * 500, "query={later}&operationName=A",
    ],
    ids=lambda text: repr(text[:30]),
)  # fmt: skip
async def test_odd_query_strings(edge: Edge, query_string: str, no_tracebacks: Callable[[], None]) -> None:
    response = await edge.http.get(f"/graphql?{query_string}", headers={"accept": "application/graphql-response+json"})
    assert response.status_code == 400
    no_tracebacks()


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "," * 5_000},
        {"accept": "application/json;q=nan"},
        {"accept": "application/json;q=" + "9" * 400},
        {"accept": "é"},
        {"content-type": "application/json;" * 500},
        {"authorization": "\xff\xfe"},
        {"x-request-id": "\xff" * 50},
        {"origin": "\xff"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_odd_headers(edge: Edge, headers: dict[str, str], no_tracebacks: Callable[[], None]) -> None:
    raw = {**JSON, **headers}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in raw.items()]
    response = await edge.http.post("/graphql", content=b'{"query":"{ later }"}', headers=encoded)
    assert response.status_code in (200, 401, 406, 415)
    no_tracebacks()


async def test_many_documents_do_not_fill_the_memory(edge: Edge) -> None:
    for n in range(50):
        await edge.post("{ later } #" + f"{n:04}" * 4_000)
    documents = edge.endpoint.engine.documents
    assert documents._valid.currsize <= LIMITS.cached_document_chars_max


async def test_a_client_that_leaves_in_the_middle_is_forgotten(edge: Edge, no_tracebacks: Callable[[], None]) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\n"
        b'Content-Length: 100\r\n\r\n{"query":'
    )
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()
    await asyncio.sleep(0.05)
    assert (await edge.post("{ later }")).status_code == 200
    no_tracebacks()
