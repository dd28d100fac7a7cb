"""Clients of Live fields: the real schema and the real sharing, with a list in the place of a socket."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from processes import ADMIN, Process, eventually

from api.context import Context
from api.schema import schema
from graphql_edge.audience import Lives
from graphql_edge.contract import Call, Collaborators
from graphql_edge.engine import Engine
from graphql_edge.errors import ClientError
from graphql_edge.limits import Limits
from graphql_edge.request import GraphQLRequest
from service.access.principal import Principal


class Edge:
    """The endpoint of a process, as far as live operations go. `executions` counts the contexts made."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.executions = 0
        self.revoked: set[str] = set()
        self.engine = Engine(
            schema,
            Collaborators(
                authenticate=self._authenticate,
                context=self._context,
                reauthorize=self._reauthorize,
                visibility=lambda who: (who.role, who.scopes, who.customer_ids),
            ),
            Limits(),
        )
        self.lives = Lives(self.engine)

    async def _authenticate(self, _: str | None) -> Principal:
        return ADMIN

    def _context(self, call: Call) -> Context:
        self.executions += 1
        return Context(self._process, call.principal, call.request_id)  # type: ignore[arg-type]

    def _reauthorize(self, who: Principal) -> None:
        if who.id in self.revoked:
            raise ClientError("revoked", code="UNAUTHENTICATED")

    def watch(self, query: str, who: Principal = ADMIN, **variables: Any) -> "Viewer":
        request = GraphQLRequest(query, variables=msgspec.Raw(msgspec.json.encode(variables)))
        prepared = self.engine.prepare(self.engine.operation(request, who), request, who, "test")
        return Viewer(self, prepared)


class Viewer:
    """One subscriber. `texts` are the messages as sent. While `stuck`, the connection takes nothing."""

    def __init__(self, edge: Edge, prepared: Any) -> None:
        self.texts: list[str] = []
        self.errors: list[Any] = []
        self.over = False
        self._state: str | None = None
        self._free = asyncio.Event()
        self._free.set()
        self._task = asyncio.create_task(edge.lives.run(prepared, self))

    # ── what `graphql_edge.audience.Sink` asks for ──────────────────────────────────────────────────────────────────
    def show(self, payload: str) -> None:
        if self._free.is_set():
            self.texts.append(payload)
        else:
            self._state = payload

    async def send(self, payload: str) -> None:
        await self._free.wait()
        self.texts.append(payload)

    def fail(self, problems: list[dict[str, Any]]) -> None:
        self.errors += problems
        self.over = True

    def finish(self) -> None:
        self.over = True

    # ── what the test does ───────────────────────────────────────────────────────────────────────────────────────────
    def stick(self) -> None:
        self._free.clear()

    def unstick(self) -> None:
        self._free.set()
        if self._state is not None:
            self.texts.append(self._state)
            self._state = None

    @property
    def messages(self) -> list[Any]:
        """The root field of each message."""
        decoded = [msgspec.json.decode(text) for text in self.texts]
        assert all("errors" not in one for one in decoded), decoded
        return [next(iter(one["data"].values())) for one in decoded]

    async def has(self, count: int) -> list[Any]:
        """The messages, when there are so many."""
        await eventually(lambda: len(self.texts) >= count or self.over)
        assert len(self.texts) == count, self.texts or self.errors
        return self.messages

    async def failed(self) -> Any:
        """The error code that it ended with."""
        await eventually(lambda: self.over)
        return self.errors[0]["extensions"]["code"]

    async def leave(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def settled() -> None:
    """Wait long enough for what is on its way in this process: for tests that something does NOT come."""
    await asyncio.sleep(0.1)
