"""The edge by itself, side by side with bare Starlette on the same worker: `python bench/edge.py`.

Two figures, as ratios, because they compare machines as well as code:

- canUse over HTTP, answered from memory, against a Starlette route that reads the same JSON and answers the same JSON;
- one change pushed to 1,000 sockets, against a loop that sends one prepared text to 1,000 bare sockets.

Everything behind the edge is left out: no database, no rules.
"""

import asyncio
import base64
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, cast

sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec
import strawberry
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.schema.config import StrawberryConfig

from api.scalars import SCALARS, Cursor
from graphql_edge.contract import Allowance, Collaborators
from graphql_edge.endpoint import GraphQLEndpoint
from graphql_edge.live import Latest, States, Update

T = TypeVar("T")

PORT = 8947
CONNECTIONS = 16
SOCKETS = 1_000
FAN_OUT_TARGET = 0.80

CAN_USE = """query CanUse($customer: CustomerRef!, $feature: String!, $quantity: Decimal) {
  canUse(customer: $customer, feature: $feature, quantity: $quantity) {
    allowed reason feature limit used remaining resetsAt asOf version
  }
}"""
CAN_USE_VARIABLES = {"customer": {"externalId": "acme"}, "feature": "storage", "quantity": "1"}
USAGE = "subscription { usage { cursor meter { feature used limit remaining percent asOf } } }"


@strawberry.enum
class Reason(Enum):
    WITHIN_LIMIT = "WITHIN_LIMIT"


@strawberry.type
class Decision:
    allowed: bool
    reason: Reason
    feature: str
    limit: Decimal | None
    used: Decimal | None
    remaining: Decimal | None
    resets_at: datetime | None
    as_of: datetime
    version: Cursor


@strawberry.input(one_of=True)
class CustomerRef:
    id: strawberry.Maybe[strawberry.ID]
    external_id: strawberry.Maybe[str]


@strawberry.type
class UsageMeter:
    feature: str
    used: Decimal
    limit: Decimal | None
    remaining: Decimal | None
    percent: float | None
    as_of: datetime


@strawberry.type
class UsageUpdate:
    cursor: Cursor
    meter: UsageMeter


NOW = datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC)
DECISION = Decision(
    allowed=True,
    reason=Reason.WITHIN_LIMIT,
    feature="storage",
    limit=Decimal(1000),
    used=Decimal("123.5"),
    remaining=Decimal("876.5"),
    resets_at=NOW,
    as_of=NOW,
    version=Cursor("000000000123"),
)


@strawberry.type
class Query:
    @strawberry.field
    def can_use(self, customer: CustomerRef, feature: str, quantity: Decimal | None = None) -> Decision:
        return DECISION


@dataclass
class Hub:
    """Who watches the one meter."""

    watchers: set[Latest[Update[UsageUpdate]]]
    version: int = 0

    def state(self) -> Update[UsageUpdate]:
        used = Decimal(self.version)
        meter = UsageMeter(
            feature="storage", used=used, limit=Decimal(10**6), remaining=10**6 - used, percent=0.1, as_of=NOW
        )
        return Update(UsageUpdate(cursor=Cursor(f"{self.version:012}"), meter=meter), (self.version,))

    def change(self) -> None:
        self.version += 1
        for watcher in self.watchers:
            watcher.put(self.state())

    async def watch(self) -> AsyncIterator[Update[UsageUpdate]]:
        watcher: Latest[Update[UsageUpdate]] = Latest()
        self.watchers.add(watcher)
        try:
            yield self.state()
            async for update in watcher:
                yield update
        finally:
            self.watchers.discard(watcher)


HUB = Hub(set())


@strawberry.type
class Live:
    @strawberry.subscription
    async def usage(self) -> AsyncIterable[UsageUpdate]:
        return States("usage", HUB.watch)


def serve() -> None:
    """The worker under test."""

    async def authenticate(authorization: str | None) -> str:
        assert authorization == "Bearer key"
        return authorization

    collaborators = Collaborators(
        authenticate=authenticate,
        context=lambda call: call,
        spend=lambda _principal, cost: Allowance(10**6, 10**6 - cost),
        visibility=lambda principal: principal,
    )
    schema = strawberry.Schema(Query, subscription=Live, config=StrawberryConfig(scalar_map=SCALARS))
    endpoint = GraphQLEndpoint(schema, collaborators)
    bare_sockets: set[WebSocket] = set()
    answer: dict[str, Any] = {}

    async def bare(request: Request) -> Response:
        await request.json()
        return JSONResponse(answer)

    async def set_answer(request: Request) -> Response:
        answer.update(await request.json())
        return JSONResponse({})

    async def bare_socket(socket: WebSocket) -> None:
        await socket.accept()
        bare_sockets.add(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            bare_sockets.discard(socket)

    async def push(request: Request) -> Response:
        """Seconds of this process per round of pushes: what it sends is the same, who receives it does not matter."""
        rounds = int(request.query_params["rounds"])
        text = msgspec.json.encode(
            {"id": "1", "type": "next", "payload": {"data": {"usage": {"cursor": "0" * 12, "meter": METER}}}}
        ).decode()
        started = time.process_time()
        for _ in range(rounds):
            if request.query_params["kind"] == "bare":
                for socket in list(bare_sockets):
                    await socket.send_text(text)
            else:
                HUB.change()
                for _ in range(4):  # the watcher wakes, the audience executes and sends
                    await asyncio.sleep(0)
        return JSONResponse({"seconds": (time.process_time() - started) / rounds, "version": HUB.version})

    starlette = Starlette(
        routes=[
            Route("/bare", bare, methods=["POST"]),
            Route("/answer", set_answer, methods=["POST"]),
            Route("/push", push),
            WebSocketRoute("/bare-socket", bare_socket),
        ]
    )
    uvicorn.run(
        endpoint.in_front_of(starlette),
        port=PORT,
        log_level="warning",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        backlog=4096,
    )


METER = {
    "feature": "storage", "used": "12", "limit": "1000000", "remaining": "999988", "percent": 0.1,
    "asOf": "2026-03-01T12:30:15.000250Z",
}  # fmt: skip


class Caller(asyncio.Protocol):
    """One keep-alive connection that asks again as soon as it has its answer."""

    def __init__(self, request: bytes, state: dict[str, Any]) -> None:
        self._request = request
        self._state = state
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            return
        assert head.startswith(b"HTTP/1.1 200"), self._received
        self._state["answers"] += 1
        self._state["last"] = body
        self._received = b""
        if self._state["on"]:
            self._transport.write(self._request)
        else:
            self._transport.close()
        if "answered" in self._state:
            self._state["answered"].set()


class Listener(asyncio.Protocol):
    """A socket that says what it is told to after the handshake and counts the bytes it gets."""

    def __init__(self, handshake: bytes, then: list[bytes]) -> None:
        self._handshake = handshake
        self._then = then
        self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._handshake)

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        if self._then:
            self._transport.write(self._then.pop(0))


def masked(text: bytes) -> bytes:
    """A text frame as a client sends it, with a mask of zeros."""
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + text


def http(method: str, path: str, body: Any = None) -> bytes:
    """A request as bytes."""
    content = b"" if body is None else msgspec.json.encode(body)
    return (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer key\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    ).encode() + content


async def load(request: bytes, seconds: float) -> tuple[float, bytes]:
    """Requests a second over all connections, and the last answer."""
    loop = asyncio.get_running_loop()
    state: dict[str, Any] = {"answers": 0, "on": True, "last": b""}
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Caller(request, state), "127.0.0.1", PORT)
    await asyncio.sleep(0.2)
    before, started = state["answers"], time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (state["answers"] - before) / (time.perf_counter() - started)
    state["on"] = False
    await asyncio.sleep(0.05)
    return rate, state["last"]


async def ask(request: bytes) -> Any:
    """One request, its answer decoded."""
    answered = asyncio.Event()
    state: dict[str, Any] = {"answers": 0, "on": False, "last": b"", "answered": answered}
    await asyncio.get_running_loop().create_connection(lambda: Caller(request, state), "127.0.0.1", PORT)
    async with asyncio.timeout(30):
        await answered.wait()
    return msgspec.json.decode(state["last"])


async def listen(path: str, then: Callable[[], list[bytes]]) -> list[Listener]:
    """All sockets of one kind, each ready for what is pushed."""
    listeners = []
    loop = asyncio.get_running_loop()
    for _ in range(SOCKETS):
        key = base64.b64encode(os.urandom(16)).decode()
        handshake = (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        ).encode()
        listener = Listener(handshake, then())
        await loop.create_connection(lambda listener=listener: listener, "127.0.0.1", PORT)
        listeners.append(listener)
    await asyncio.sleep(1)
    return listeners


def subscribing() -> list[bytes]:
    """What a client of ours says after the handshake."""
    return [
        masked(b'{"type":"connection_init","payload":{"authorization":"Bearer key"}}'),
        masked(msgspec.json.encode({"id": "1", "type": "subscribe", "payload": {"query": USAGE}})),
    ]


async def measure(seconds: float, rounds: int) -> tuple[float, float]:
    """Print and give the two ratios."""
    for _ in range(200):
        try:
            await ask(http("POST", "/graphql", {"query": "{__typename}"}))
            break
        except OSError:
            await asyncio.sleep(0.05)
    ours = http("POST", "/graphql", {"query": CAN_USE, "variables": CAN_USE_VARIABLES})
    bare = http("POST", "/bare", {"query": CAN_USE, "variables": CAN_USE_VARIABLES})
    answer = await ask(ours)
    assert "errors" not in answer, answer
    await ask(http("POST", "/answer", answer))
    rates: dict[str, list[float]] = {"bare": [], "canUse": []}
    for _ in range(rounds):
        rates["bare"].append((await load(bare, seconds))[0])
        rates["canUse"].append((await load(ours, seconds))[0])
    can_use = statistics.median(own / base for own, base in zip(rates["canUse"], rates["bare"], strict=True))
    print(f"canUse over HTTP   {statistics.median(rates['canUse']):8.0f}/s", end="")
    print(f"   bare route {statistics.median(rates['bare']):8.0f}/s   ratio {can_use:.2f}")

    await listen("/bare-socket", list)
    listeners = await listen("/graphql", subscribing)
    took: dict[str, list[float]] = {"bare": [], "live": []}
    for _ in range(rounds):
        for kind, figures in took.items():
            before = [listener.bytes for listener in listeners]
            figures.append((await ask(http("GET", f"/push?kind={kind}&rounds=10")))["seconds"])
            await asyncio.sleep(0.3)
            if kind == "live":
                assert all(now.bytes > then for now, then in zip(listeners, before, strict=True)), "not all were sent"
    fan_out = statistics.median(base / own for own, base in zip(took["live"], took["bare"], strict=True))
    print(f"push to {SOCKETS} sockets {statistics.median(took['live']) * 1e3:6.1f} ms", end="")
    print(f"   bare loop {statistics.median(took['bare']) * 1e3:8.1f} ms   ratio {fan_out:.2f}")
    return can_use, fan_out


def run(main: Coroutine[Any, Any, T]) -> T:
    """Start the worker, measure, end it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4 * SOCKETS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * SOCKETS), hard))
    worker = multiprocessing.get_context("spawn").Process(target=serve, daemon=True)
    worker.start()
    try:
        return uvloop.run(main)
    finally:
        worker.terminate()
        worker.join()


if __name__ == "__main__":
    run(measure(seconds=1.0, rounds=5))
