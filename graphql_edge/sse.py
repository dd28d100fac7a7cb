"""GraphQL over server-sent events, distinct connections mode: one request, one stream of `next` and a `complete`.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md. What is refused before execution is a plain HTTP
error; what goes wrong afterwards is a `next` with errors. Comments keep idle streams open through proxies.
"""

import asyncio
from typing import Any

from starlette.types import Receive, Send

from graphql_edge.audience import Lives
from graphql_edge.connection import abort
from graphql_edge.engine import Engine, Prepared, encode, is_live
from graphql_edge.outbox import Outbox

Header = tuple[bytes, bytes]

_HEADERS: list[Header] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
]
_COMPLETE = "event: complete\ndata:\n\n"
_KEEP_ALIVE = ":\n\n"


class EventStream:
    """One open stream; the sink of its operation."""

    def __init__(self, engine: Engine, prepared: Prepared, send: Send) -> None:
        self._prepared = prepared
        self._asgi_send = send
        self._limits = engine.limits
        self._over = asyncio.Event()
        self._outbox = Outbox(
            self._transmit,
            self._give_up,
            send_timeout_s=engine.limits.send_timeout_s,
            waiting_max=engine.limits.socket.waiting_bytes_max,
        )
        self._stalled = False

    async def _transmit(self, text: str) -> None:
        await self._asgi_send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    def _give_up(self) -> None:
        self._stalled = True
        abort(self._asgi_send)
        self._over.set()

    def show(self, payload: str) -> None:
        """A state, in place of one that has not left."""
        self._outbox.show("state", f"event: next\ndata: {payload}\n\n")

    async def send(self, payload: str) -> None:
        """An entry, in its turn."""
        await self._outbox.send(f"event: next\ndata: {payload}\n\n")

    def fail(self, problems: list[dict[str, Any]]) -> None:
        """The last event carries errors."""
        payload = encode({"errors": problems}, self._prepared.call.request_id).decode()
        self._outbox.post(f"event: next\ndata: {payload}\n\n")
        self.finish()

    def finish(self) -> None:
        """The stream is complete."""
        self._outbox.post(_COMPLETE)
        self._over.set()

    def cut(self) -> None:
        """End the stream without `complete`, so that the client connects again."""
        self._over.set()

    async def run(self, lives: Lives, always: list[Header], receive: Receive) -> None:
        """Send the stream until it is complete, cut, stalled or left."""
        await self._asgi_send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *always]})
        work = asyncio.create_task(self._work(lives))
        left = asyncio.create_task(_left(receive))
        over = asyncio.create_task(self._over.wait())
        try:
            while not over.done() and not left.done():
                done, _ = await asyncio.wait(
                    {left, over}, timeout=self._limits.keep_alive_s, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    self._outbox.post(_KEEP_ALIVE)
            if not left.done() and not self._stalled:
                await self._outbox.drained()
        finally:
            for task in (work, left, over):
                task.cancel()
            await asyncio.gather(work, left, over, return_exceptions=True)
            gone = left.done() and not left.cancelled()
            self._outbox.close()
        if not gone and not self._stalled:
            await self._asgi_send({"type": "http.response.body", "body": b""})

    async def _work(self, lives: Lives) -> None:
        if is_live(self._prepared.operation):
            await lives.run(self._prepared, self)
            return
        try:
            started = self._prepared.start()
            payload = started if isinstance(started, dict) else await started
        except Exception as error:
            self.fail(lives.problems(self._prepared, error))
            return
        await self.send(encode(payload, self._prepared.call.request_id).decode())
        self.finish()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStreams:
    """The open streams of an endpoint."""

    def __init__(self, engine: Engine, lives: Lives) -> None:
        self._engine = engine
        self._lives = lives
        self._open: dict[EventStream, asyncio.Task[None] | None] = {}

    async def run(self, prepared: Prepared, always: list[Header], receive: Receive, send: Send) -> None:
        """Answer one request with a stream."""
        stream = EventStream(self._engine, prepared, send)
        self._open[stream] = asyncio.current_task()
        try:
            await stream.run(self._lives, always, receive)
        finally:
            del self._open[stream]

    def __len__(self) -> int:
        return len(self._open)

    def close_all(self) -> set[asyncio.Task[None]]:
        """End all streams; clients connect again elsewhere. Returns what is still ending."""
        for stream in list(self._open):
            stream.cut()
        return {task for task in self._open.values() if task is not None}
