"""What one connection still has to send, and what happens when its client does not read.

Messages leave in order. While the connection takes them, sending costs no task and no timer. Once it stops taking them,
a clock runs: if nothing moves for `send_timeout_s`, or too much is waiting, the connection is given up. Meanwhile the
states of a live operation replace each other, so a slow reader later gets the newest only.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from graphql_edge import eager


class Outbox:
    """The messages of one connection. `transmit` sends one; `give_up` is called once when the client is too slow."""

    def __init__(
        self,
        transmit: Callable[[str], Coroutine[Any, Any, None]],
        give_up: Callable[[], None],
        *,
        send_timeout_s: float,
        waiting_max: int,
    ) -> None:
        self._transmit = transmit
        self._give_up = give_up
        self._send_timeout_s = send_timeout_s
        self._waiting_max = waiting_max
        self._waiting: deque[str | None] = deque()  # None stands for the oldest slot's newest state
        self._slots: dict[str, str] = {}
        self._waiting_chars = 0
        self._writer: asyncio.Task[None] | None = None
        self._clock: asyncio.TimerHandle | None = None
        self.closed = False

    def post(self, message: str) -> None:
        """Send after all that waits, or as soon as it is possible."""
        if self.closed:
            return
        if self._writer is None:
            self._write(message)
            return
        self._waiting.append(message)
        self._waiting_chars += len(message)
        if self._waiting_chars > self._waiting_max:
            self._too_slow()

    def show(self, slot: str, state: str) -> None:
        """Send the state; if an older one of the same slot still waits, send this one in its place."""
        if self.closed:
            return
        if self._writer is None:
            self._write(state)
            return
        if slot not in self._slots:
            self._waiting.append(None)
        self._slots[slot] = state

    async def send(self, message: str) -> None:
        """Send, and return when it has left: for those who can wait with the next one."""
        self.post(message)
        writer = self._writer
        if writer is not None:
            await asyncio.wait({writer})

    def close(self) -> None:
        """Send nothing more."""
        self.closed = True
        self._waiting.clear()
        self._slots.clear()
        if self._clock is not None:
            self._clock.cancel()
        if self._writer is not None:
            self._writer.cancel()

    async def drained(self) -> None:
        """Wait until nothing waits, or the clock has run out."""
        if self._writer is not None:
            await asyncio.wait({self._writer})

    def _write(self, message: str) -> None:
        try:
            rest = eager.start(self._transmit(message))
        except Exception:  # the connection broke; whoever reads from it finds out and cleans up
            self.closed = True
            return
        if rest is not None:
            self._writer = asyncio.get_running_loop().create_task(self._drain(rest))
            self._writer.add_done_callback(self._written)
            self._restart_clock()

    async def _drain(self, sending: Awaitable[None]) -> None:
        while True:
            await sending
            if not self._waiting:
                return
            self._restart_clock()
            message = self._waiting.popleft()
            if message is None:
                message = self._slots.pop(next(iter(self._slots)))
            else:
                self._waiting_chars -= len(message)
            sending = self._transmit(message)

    def _written(self, writer: asyncio.Task[None]) -> None:
        self._writer = None
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if not writer.cancelled() and writer.exception() is not None:
            self.closed = True

    def _restart_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._clock = asyncio.get_running_loop().call_later(self._send_timeout_s, self._too_slow)

    def _too_slow(self) -> None:
        if not self.closed:
            self.close()
            self._give_up()
