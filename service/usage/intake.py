"""Gathers what arrives while a transaction is running into the next one, so that a thousand requests with one event
each cost about as much as one request with a thousand. A transaction that waits for long, since others hold the rows of
one of its customers, keeps only those customers waiting."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from service.usage.events import UsageOutcome, turn_of
from service.usage.record import Arrival

GATHERED_MAX = 2_000
"""Events in one transaction that were sent apart."""
ALONE_MIN = 200
"""A request of this many events is a batch of its own, and need not wait for others."""

PATIENCE_S = 0.25
WAITING_MAX = 3
"""Transactions that take longer than that, each with a connection, beside the one that is gathered for."""

Write = Callable[[Sequence[Arrival]], Awaitable[list[UsageOutcome]]]


Request = tuple[Sequence[Arrival], asyncio.Future[list[UsageOutcome]]]


class UsageIntake:
    def __init__(self, write: Write, write_alone: Write) -> None:
        self._write = write
        self._write_alone = write_alone
        self._waiting: deque[Request] = deque()
        self._draining: asyncio.Task[None] | None = None
        self._writing: dict[asyncio.Task[None], set[str]] = {}
        """The customers whose events are in transactions that run."""

    async def record(self, arrivals: Sequence[Arrival]) -> list[UsageOutcome]:
        """Returns when the events are committed."""
        if len(arrivals) >= ALONE_MIN:
            return await self._write_alone(arrivals)
        future: asyncio.Future[list[UsageOutcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrivals, future))
        self._start()
        return await future

    def _start(self) -> None:
        if self._waiting and (self._draining is None or self._draining.done()):
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        await asyncio.sleep(0)  # all who arrive in this step of the loop
        while len(self._writing) <= WAITING_MAX and (taken := self._taken()):
            writing = asyncio.create_task(self._written(taken))
            self._writing[writing] = {name for arrivals, _ in taken for name in _names(arrivals)}
            writing.add_done_callback(self._finished)
            await asyncio.wait([writing], timeout=PATIENCE_S)

    def _finished(self, writing: asyncio.Task[None]) -> None:
        del self._writing[writing]
        self._start()

    def _taken(self) -> list[Request]:
        """The next to be written, but for those of customers whose events are being written: they stay in their
        order."""
        busy = set[str]().union(*self._writing.values())
        taken, left, size = list[Request](), list[Request](), 0
        while self._waiting and size < GATHERED_MAX:
            request = self._waiting.popleft()
            if busy and not busy.isdisjoint(_names(request[0])):
                left.append(request)
            else:
                taken.append(request)
                size += len(request[0])
        self._waiting.extendleft(reversed(left))
        return taken

    async def _written(self, taken: Sequence[Request]) -> None:
        try:
            outcomes = await self._write([arrival for arrivals, _ in taken for arrival in arrivals])
        except BaseException as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error) if isinstance(error, Exception) else future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        start = 0
        for arrivals, future in taken:
            if not future.done():  # else its sender is gone; what they sent is recorded all the same
                future.set_result(outcomes[start : start + len(arrivals)])
            start += len(arrivals)


def _names(arrivals: Sequence[Arrival]) -> set[str]:
    return {turn_of(event.customer) for event, _ in arrivals}
