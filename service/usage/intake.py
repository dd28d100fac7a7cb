"""Gathers what arrives while a transaction is running into the next one, so that a thousand requests with one event
each cost about as much as one request with a thousand."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from service.usage.events import UsageOutcome
from service.usage.record import Arrival

GATHERED_MAX = 2_000
"""Events in one transaction that were sent apart."""
ALONE_MIN = 200
"""A request of this many events is a batch of its own, and need not wait for others."""

Write = Callable[[Sequence[Arrival]], Awaitable[list[UsageOutcome]]]


class Intake:
    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: deque[tuple[Sequence[Arrival], asyncio.Future[list[UsageOutcome]]]] = deque()
        self._draining: asyncio.Task[None] | None = None

    async def record(self, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
        """Returns when the events are committed."""
        if len(arrivals) >= ALONE_MIN:
            return await self._write(arrivals)
        future: asyncio.Future[list[UsageOutcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrivals, future))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        await asyncio.sleep(0)  # all who arrive in this step of the loop
        while self._waiting:
            taken, size = [], 0
            while self._waiting and size < GATHERED_MAX:
                taken.append(self._waiting.popleft())
                size += len(taken[-1][0])
            try:
                outcomes = await self._write([arrival for arrivals, _ in taken for arrival in arrivals])
            except BaseException as error:
                for _, future in taken:
                    if not future.done():
                        future.set_exception(error) if isinstance(error, Exception) else future.cancel()
                if not isinstance(error, Exception):
                    raise
                continue
            start = 0
            for arrivals, future in taken:
                if not future.done():  # else its sender is gone; what they sent is recorded all the same
                    future.set_result(outcomes[start : start + len(arrivals)])
                start += len(arrivals)
