"""Those of this process who write to the same row queue here, before they take a connection of the pool: so a row that
many want to write to has few of the pool, and whoever wants another waits for none of them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, names: Iterable[str]) -> AsyncIterator[None]:
        """The turn of all these names. It is not to be taken again inside."""
        async with AsyncExitStack() as turns:
            for name in sorted({*names}):  # in one order, so that no two wait for each other
                await turns.enter_async_context(self._turn(name))
            yield

    def _turn(self, name: str) -> asyncio.Lock:
        turn = self._turns.get(name)
        if turn is None:
            turn = self._turns[name] = asyncio.Lock()
        return turn
