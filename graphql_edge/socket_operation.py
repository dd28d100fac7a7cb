"""One operation of a socket: where its messages get their id."""

import asyncio
from typing import Any, Protocol

import msgspec

from graphql_edge.outbox import Outbox


class Connection(Protocol):
    """The socket, as far as its operations know it."""

    outbox: Outbox

    def end(self, operation: "SocketOperation", message: dict[str, Any]) -> None:
        """Send the last message of an operation."""


class SocketOperation:
    """One running operation of a socket; the sink of a live one."""

    __slots__ = ("_prefix", "_socket", "id", "task", "writes")

    def __init__(self, socket: Connection, id_: str) -> None:
        self._socket = socket
        self._prefix = f'{{"id":{msgspec.json.encode(id_).decode()},"type":"next","payload":'
        self.id = id_
        self.task: asyncio.Task[None] | None = None
        self.writes = False

    def stop(self) -> None:
        """Nobody waits for it any more. A mutation goes on to its end: what it has begun to write must not be torn."""
        if self.task is not None and not self.writes:
            self.task.cancel()

    def show(self, payload: str) -> None:
        """A state, in place of one that has not left."""
        self._socket.outbox.show(self.id, f"{self._prefix}{payload}}}")

    async def send(self, payload: str) -> None:
        """An entry or a response, in its turn."""
        await self._socket.outbox.send(f"{self._prefix}{payload}}}")

    def fail(self, problems: list[dict[str, Any]]) -> None:
        """The operation ends with errors."""
        self._socket.end(self, {"id": self.id, "type": "error", "payload": problems})

    def finish(self) -> None:
        """The operation is complete."""
        self._socket.end(self, {"id": self.id, "type": "complete"})
