"""A small client of the GraphQL endpoint, as a product team would write one."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

Json = dict[str, Any]
_numbers = count(1)


class Failed(AssertionError):
    """The answer has `errors`."""

    def __init__(self, errors: list[Json]) -> None:
        super().__init__(json.dumps(errors, indent=1, ensure_ascii=False))
        self.errors = errors
        self.codes = [error.get("extensions", {}).get("code") for error in errors]


def unique(name: str = "key") -> str:
    """A name that no other test uses."""
    return f"{name}-{next(_numbers)}"


class Api:
    """Speaks with one credential. Give the endpoint's address, or an httpx client that has it."""

    def __init__(self, url: str, key: str | None, http: httpx.AsyncClient) -> None:
        self.url = url
        self.key = key
        self.http = http

    def with_key(self, key: str | None) -> "Api":
        return Api(self.url, key, self.http)

    async def post(self, query: str, variables: Json | None = None, **headers: str) -> httpx.Response:
        if self.key is not None:
            headers.setdefault("authorization", f"Bearer {self.key}")
        headers.setdefault("accept", "application/graphql-response+json")
        return await self.http.post(
            self.url,
            content=json.dumps({"query": query, "variables": variables or {}}),
            headers={"content-type": "application/json", **headers},
        )

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data. Raises Failed when there are errors."""
        response = await self.post(query, variables)
        answer = response.json()
        if answer.get("errors"):
            raise Failed(answer["errors"])
        return answer["data"]

    async def fails(self, query: str, **variables: Any) -> list[str]:
        """The codes of the errors that it ends with."""
        try:
            data = await self.ask(query, **variables)
        except Failed as failed:
            return failed.codes
        raise AssertionError(f"it did not fail: {data}")

    async def do(self, mutation: str, shown: str, **input: Any) -> Json:
        """One mutation, with all fields of its input; its payload, which has no userErrors."""
        payload = await self.attempt(mutation, shown, **input)
        assert payload["userErrors"] == [], payload["userErrors"]
        return payload

    async def attempt(self, mutation: str, shown: str, **input: Any) -> Json:
        """The same, whether it is refused or not."""
        name = mutation[0].upper() + mutation[1:]
        call = f"{mutation}(input: $input) {{ {shown} userErrors {{ code field message }} }}"
        document = f"mutation($input: {name}Input!) {{ {call} }}"
        payload: Json = (await self.ask(document, input=input))[mutation]
        return payload

    async def refused(self, mutation: str, shown: str = "", **input: Any) -> tuple[str, list[str] | None]:
        """(code, field) of the only userError; the payload holds nothing else, unless a list."""
        payload = await self.attempt(mutation, shown, **input)
        (error,) = payload["userErrors"]
        left = {name: value for name, value in payload.items() if name != "userErrors" and value not in (None, [])}
        assert left in ({}, {"conflicts": payload.get("conflicts")}), left
        assert error["message"], "a message for people"
        return error["code"], error["field"]

    # ── what most tests begin with ───────────────────────────────────────────────────────────────────────────────────
    async def customer(self, external_id: str | None = None, **input: Any) -> str:
        """A new customer's id."""
        made = await self.do("createCustomer", "customer { id }", externalId=external_id or unique("customer"), **input)
        id: str = made["customer"]["id"]
        return id

    async def subscribe(self, customer_id: str, plan: str, shown: str = "id", **input: Any) -> Json:
        made = await self.do(
            "subscribe",
            f"subscription {{ {shown} }}",
            customer={"id": customer_id},
            plan=plan,
            **{"idempotencyKey": unique(), **input},
        )
        subscription: Json = made["subscription"]
        return subscription

    async def pays(self, customer_id: str, token: str) -> str:
        """A card of the simulated provider, which does what the token says; its id."""
        made = await self.do(
            "addPaymentMethod",
            "paymentMethod { id }",
            customer={"id": customer_id},
            provider="simulated",
            token=token,
            kind="card",
            label="Visa 4242",
            idempotencyKey=unique(),
        )
        id: str = made["paymentMethod"]["id"]
        return id

    async def use(self, customer_id: str, type: str, value: int | str, **event: Any) -> None:
        """Record one usage event."""
        sent = {"id": unique("event"), "customer": {"id": customer_id}, "type": type, "value": str(value), **event}
        made = await self.do("recordUsage", "accepted results { status message }", events=[sent])
        assert made["accepted"] == 1, made

    async def clock(self, now: str) -> str:
        made = await self.do("createTestClock", "clock { id now }", name=unique("clock"), now=now)
        id: str = made["clock"]["id"]
        return id

    async def advance(self, clock_id: str, to: str) -> None:
        made = await self.do("advanceTestClock", "clock { now }", id=clock_id, to=to)
        assert made["clock"]["now"] == to

    async def journal(self, customer_id: str, shown: str = "type effectiveAt hash") -> list[Json]:
        """All of a customer's journal."""
        found: list[Json] = []
        after = None
        while True:
            data = await self.ask(
                "query($id: ID!, $after: String) { customer(ref: {id: $id}) { journal(first: 100, after: $after) {"
                f" edges {{ cursor node {{ {shown} }} }} pageInfo {{ hasNextPage }} }} }} }}",
                id=customer_id,
                after=after,
            )
            page = data["customer"]["journal"]
            found += [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["edges"][-1]["cursor"]

    # ── live ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    @asynccontextmanager
    async def socket(self) -> AsyncIterator["Socket"]:
        """An open graphql-transport-ws connection."""
        url = self.url.replace("http", "ws", 1)
        async with connect(url, subprotocols=["graphql-transport-ws"], proxy=None) as connection:  # type: ignore[list-item]
            socket = Socket(connection)
            await socket.say(type="connection_init", payload={"authorization": f"Bearer {self.key}"})
            assert await socket.hear() == {"type": "connection_ack"}
            yield socket

    @asynccontextmanager
    async def watch(self, query: str, **variables: Any) -> AsyncIterator["Watch"]:
        """One operation on a socket of its own."""
        async with self.socket() as socket:
            yield await socket.watch(query, **variables)

    @asynccontextmanager
    async def stream(self, query: str, **variables: Any) -> AsyncIterator["Stream"]:
        """The same as an event stream."""
        headers = {"authorization": f"Bearer {self.key}", "accept": "text/event-stream"}
        body = {"query": query, "variables": variables}
        async with self.http.stream("POST", self.url, json=body, headers=headers) as response:
            assert response.headers["content-type"].startswith("text/event-stream"), await response.aread()
            yield Stream(response.aiter_lines())


class Told:
    """What one operation is told."""

    async def message(self) -> Json:
        """`type` and, unless it is the last one, `payload`."""
        raise NotImplementedError

    async def next(self) -> Any:
        """The data of the next message."""
        message = await self.message()
        assert message["type"] == "next", message
        if message["payload"].get("errors"):
            raise Failed(message["payload"]["errors"])
        return message["payload"]["data"]

    async def until(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """The data of all messages up to the first of which `wanted(data)` holds."""
        seen = []
        while True:
            seen.append(await self.next())
            if wanted(seen[-1]):
                return seen

    async def silent(self, seconds: float = 0.15) -> None:
        """Nothing more is told."""
        try:
            async with asyncio.timeout(seconds):
                message = await self.message()
        except TimeoutError:
            return
        raise AssertionError(message)


class Socket:
    """Messages of graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.ids = count(1)

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> Json:
        async with asyncio.timeout(60):
            message: Json = json.loads(await self.connection.recv())
            if message["type"] == "ping":
                await self.say(type="pong")
                return await self.hear()
            return message

    async def watch(self, query: str, **variables: Any) -> "Watch":
        id = str(next(self.ids))
        await self.say(id=id, type="subscribe", payload={"query": query, "variables": variables})
        return Watch(self, id)


class Watch(Told):
    """If nobody else listens to the socket."""

    def __init__(self, socket: Socket, id: str) -> None:
        self.socket = socket
        self.id = id

    async def message(self) -> Json:
        message = await self.socket.hear()
        assert message["id"] == self.id, message
        return message


class Stream(Told):
    """Events of one request."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self.lines = lines

    async def message(self) -> Json:
        event: Json = {}
        async with asyncio.timeout(60):
            async for line in self.lines:
                name, _, value = line.partition(":")
                if name == "event":
                    event["type"] = value.strip()
                elif name == "data" and value.strip():
                    event["payload"] = json.loads(value)
                elif not line and event:
                    return event
        raise AssertionError("the stream has ended")
