"""The endpoint over the tests' small shop, served by a real uvicorn in the tests' own loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import uvicorn
from shop import SCHEMA, Shop
from websockets.asyncio.client import ClientConnection, connect

from graphql_edge.endpoint import GraphQLEndpoint
from graphql_edge.limits import DocumentLimits, Limits, SocketLimits

GRAPHQL = {"accept": "application/graphql-response+json"}


@dataclass
class Edge:
    """A running endpoint."""

    shop: Shop
    endpoint: GraphQLEndpoint
    port: int
    http: httpx.AsyncClient

    async def post(self, query: str, variables: Any = None, **headers: str) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return await self.http.post("/graphql", json=body, headers={**GRAPHQL, **headers})

    def socket(self, **options: Any) -> connect:
        options.setdefault("subprotocols", ["graphql-transport-ws"])
        return connect(f"ws://127.0.0.1:{self.port}/graphql", **options)

    @asynccontextmanager
    async def ready(self, authorization: str = "Bearer admin") -> AsyncIterator["Client"]:
        async with self.socket() as connection:
            client = Client(connection)
            await client.say(type="connection_init", payload={"authorization": authorization})
            assert await client.hear() == {"type": "connection_ack"}
            yield client


@dataclass
class Client:
    """A socket client that speaks in messages."""

    connection: ClientConnection

    async def say(self, **message: Any) -> None:
        await self.connection.send(msgspec.json.encode(message).decode())

    async def subscribe(self, id_: str, query: str, variables: Any = None) -> None:
        await self.say(id=id_, type="subscribe", payload={"query": query, "variables": variables})

    async def hear(self) -> Any:
        async with asyncio.timeout(30):
            return msgspec.json.decode(await self.connection.recv())

    async def next(self, id_: str) -> Any:
        message = await self.hear()
        assert message["type"] == "next", message
        assert message["id"] == id_
        return message["payload"]["data"]


LIMITS = Limits(
    document=DocumentLimits(),
    socket=SocketLimits(init_timeout_s=0.3, send_timeout_s=0.5, operations_max=10),
    body_timeout_s=0.5,
    send_timeout_s=0.5,
    keep_alive_s=0.1,
)


@asynccontextmanager
async def serving(limits: Limits = LIMITS) -> AsyncIterator[Edge]:
    shop = Shop()
    endpoint = GraphQLEndpoint(SCHEMA, shop.collaborators(), limits=limits, allowed_origins=["https://app.example.com"])
    config = uvicorn.Config(
        endpoint,
        port=0,
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=4 * 1024 * 1024,
        ws_per_message_deflate=False,  # a stalled reader of what compresses well is never seen to stall
        lifespan="off",
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port: int = server.servers[0].sockets[0].getsockname()[1]
    headers = {"authorization": "Bearer admin"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10, verify=False
    ) as http:
        yield Edge(shop, endpoint, port, http)
    await endpoint.close_all()
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()


async def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any condition, not only ours
            await asyncio.sleep(0.005)


async def ticks_during(work: Awaitable[Any]) -> tuple[Any, float]:
    """What the work gives, and the most that the loop computed between two beats of a heart meanwhile, in seconds of
    its own: how long a busy machine let it wait does not count."""
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        last = time.thread_time()
        while True:
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - last)
            last = time.thread_time()

    heart = asyncio.create_task(beat())
    try:
        return await work, longest
    finally:
        heart.cancel()
