"""Who is shown what: live operations served from their channels (`live`), each update executed and encoded once."""

import asyncio
import re
from collections.abc import Awaitable, Hashable
from contextlib import aclosing
from typing import Any, Protocol, cast

import msgspec
from cachetools import LRUCache
from graphql import ExecutionResult, FieldNode, VariableNode

from graphql_edge import errors
from graphql_edge.documents import Operation
from graphql_edge.engine import Engine, Prepared, encode
from graphql_edge.live import Log, Position, States


class Sink(Protocol):
    """Where the messages of one subscriber go. Payloads are encoded responses."""

    def show(self, payload: str) -> None:
        """A state: replaces one that has not left yet."""

    async def send(self, payload: str) -> None:
        """An entry: returns when it has left."""

    def fail(self, problems: list[dict[str, Any]]) -> None:
        """The operation ends with errors."""

    def finish(self) -> None:
        """The operation ends."""


class Member:
    """One subscriber of an audience. `over` is set when its sink has been told the end, `checking` while it is not
    known whether its credentials hold."""

    __slots__ = ("checking", "over", "prepared", "seen", "sink")

    def __init__(self, prepared: Prepared, sink: Sink, seen: Position | None) -> None:
        self.prepared = prepared
        self.sink = sink
        self.seen = seen
        self.checking: asyncio.Task[None] | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, problems: list[dict[str, Any]] | None) -> None:
        """Tell the sink, and whoever waits for the member."""
        if not self.over.done():
            self.over.set_result(None)
            if problems is None:
                self.sink.finish()
            else:
                self.sink.fail(problems)


class Audience:
    """All who are shown the same states."""

    def __init__(self, lives: "Lives", key: Hashable, channel: States[Any]) -> None:
        self._lives = lives
        self._key = key
        self._channel = channel
        self._members: dict[Member, None] = {}
        self._latest: tuple[Position, str] | None = None
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def join(self, member: Member) -> None:
        """Show the present state, unless the member has it, and every later one."""
        self._members[member] = None
        if self._latest is not None:
            self._show(member, *self._latest)

    def leave(self, member: Member) -> None:
        """Show nothing more; the last to leave closes the channel."""
        self._members.pop(member, None)
        if member.checking is not None:
            member.checking.cancel()
        if not self._members:
            self._lives.forget(self._key, self)
            self._task.cancel()

    async def _watch(self) -> None:
        try:
            async with aclosing(cast(Any, self._channel.open())) as updates:
                async for update in updates:
                    member = next(iter(self._members), None)
                    if member is None:
                        continue  # the last one has lost its credentials and is about to leave
                    payload, _ = await self._lives.execute(member.prepared, update.root)
                    self._latest = (update.position, payload)
                    for member in list(self._members):
                        self._show(member, update.position, payload)
        except Exception as error:
            self._end(error)
        else:
            self._end(None)

    def _show(self, member: Member, position: Position, payload: str) -> None:
        if member.checking is not None or (member.seen is not None and position <= member.seen):
            return
        try:
            doubt = self._lives.engine.collaborators.reauthorize(member.prepared.call.principal)
        except Exception as error:
            self._expel(member, error)
            return
        if doubt is not None:
            member.checking = asyncio.get_running_loop().create_task(self._check(member, doubt))
            return
        member.seen = position
        member.sink.show(payload)

    async def _check(self, member: Member, doubt: Awaitable[None]) -> None:
        # The others do not wait for one whose credentials have to be looked up. It is shown what is newest afterwards.
        try:
            await doubt
        except Exception as error:
            self._expel(member, error)
            return
        member.checking = None
        if member in self._members and self._latest is not None:
            position, payload = self._latest
            if member.seen is None or position > member.seen:
                member.seen = position
                member.sink.show(payload)

    def _expel(self, member: Member, error: Exception) -> None:
        self._members.pop(member, None)
        member.end(self._lives.problems(member.prepared, error))

    def _end(self, error: Exception | None) -> None:
        self._lives.forget(self._key, self)
        members, self._members = list(self._members), {}
        for member in members:
            member.end(None if error is None else self._lives.problems(member.prepared, error))


class Lives:
    """The live operations of one endpoint."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._audiences: dict[Hashable, Audience] = {}
        self._entries: LRUCache[Hashable, asyncio.Future[tuple[str, bool]]] = LRUCache(1_000)

    @property
    def audiences(self) -> int:
        """How many audiences are being shown something: a figure for metrics, and for tests that nothing is left."""
        return len(self._audiences)

    async def run(self, prepared: Prepared, sink: Sink) -> None:
        """Serve one subscriber until the operation ends or this is cancelled. Errors go to the sink."""
        try:
            await self._run(prepared, sink)
        except Exception as error:
            sink.fail(self.problems(prepared, error))

    async def _run(self, prepared: Prepared, sink: Sink) -> None:
        engine = self.engine
        execution = engine.executions.prepare(
            prepared.operation, prepared.variables, engine.collaborators.context(prepared.call)
        )
        channel = await engine.executions.source(execution)
        if isinstance(channel, ExecutionResult):
            sink.fail(errors.executed(channel.errors or (), prepared.call.request_id))
        elif isinstance(channel, States):
            await self._show(prepared, sink, channel)
        elif isinstance(channel, Log):
            await self._send_entries(prepared, sink, channel)
        else:
            async with aclosing(channel) as events:
                async for event in events:
                    await self.engine.reauthorize(prepared.call.principal)
                    payload, _ = await self.execute(prepared, event)
                    await sink.send(payload)
                    await asyncio.sleep(0)  # neither the source nor the send may ever have waited
            sink.finish()

    async def _show(self, prepared: Prepared, sink: Sink, channel: States[Any]) -> None:
        key = (self._selection(prepared), channel.key)
        audience = self._audiences.get(key)
        if audience is None:
            audience = self._audiences[key] = Audience(self, key, channel)
        member = Member(prepared, sink, channel.after)
        audience.join(member)
        try:
            await member.over  # or until cancelled; the audience does the work
        finally:
            audience.leave(member)

    async def _send_entries(self, prepared: Prepared, sink: Sink, channel: Log[Any]) -> None:
        selection = self._selection(prepared)
        async with aclosing(cast(Any, channel.read(channel.after))) as entries:
            async for entry in entries:
                await self.engine.reauthorize(prepared.call.principal)
                key = (selection, channel.key, entry.position)
                await sink.send(await self._entry(key, prepared, entry.root))
                await asyncio.sleep(0)  # a long backlog must not keep the loop to itself
        sink.finish()

    async def _entry(self, key: Hashable, prepared: Prepared, root: Any) -> str:
        shared = self._entries.get(key)
        if shared is None:
            shared = asyncio.ensure_future(self.execute(prepared, root))
            self._entries[key] = shared
        payload, good = await asyncio.shield(shared)
        if not good:
            self._entries.pop(key, None)
        return payload

    async def execute(self, prepared: Prepared, root: Any) -> tuple[str, bool]:
        """The encoded response for one pushed value, and whether it is free of errors. Its context is its own:
        loaders keep what they have read."""
        engine = self.engine
        execution = engine.executions.prepare(
            prepared.operation, prepared.variables, engine.collaborators.context(prepared.call), root
        )
        result = await execution.run()
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload["errors"] = errors.executed(result.errors, prepared.call.request_id)
        return encode(payload, prepared.call.request_id).decode(), not result.errors

    def _selection(self, prepared: Prepared) -> Hashable:
        # Everything but the channel that the bytes depend on. The document is compared by identity: it is cached.
        operation = prepared.operation
        resumed = _after_variable(operation)
        variables = {name: value for name, value in prepared.raw_variables.items() if name != resumed}
        visibility = self.engine.collaborators.visibility(prepared.call.principal)
        return (operation, msgspec.json.encode(variables, order="sorted"), visibility)

    def problems(self, prepared: Prepared, error: Exception) -> list[dict[str, Any]]:
        """The errors that end an operation, as the client sees them."""
        return self.engine.refusal(error, prepared.call.request_id)[1]

    def forget(self, key: Hashable, audience: Audience) -> None:
        """The audience is over."""
        if self._audiences.get(key) is audience:
            del self._audiences[key]


def _after_variable(operation: Operation) -> str | None:
    # `after` says where one subscriber goes on, so it does not tell audiences apart: unless it is read elsewhere, too.
    root = operation.definition.selection_set.selections[0]
    for argument in (root.arguments or ()) if isinstance(root, FieldNode) else ():
        if argument.name.value == "after" and isinstance(argument.value, VariableNode):
            name = argument.value.name.value
            declared_and_read = len(re.findall(rf"\$\s*{name}\b", operation.document.text))
            return name if declared_and_read == 2 else None
    return None
