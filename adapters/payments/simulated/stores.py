"""Where it keeps what it knows: in a table, or in memory where there is none."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Engine
from adapters.postgres.tables import simulated

T = TypeVar("T")


class Store(Protocol[T]):
    def changing(self, id: str, new: tuple[str, T] | None = None) -> AbstractAsyncContextManager[T | None]:
        """This one, which nobody else changes meanwhile and which is kept as it is left. `new`: (anonymous id, what is
        put there if there is none)."""
        ...

    async def get(self, id: str) -> T | None: ...

    async def of(self, anonymous_id: str | None) -> Sequence[T]:
        """All of one customer; None: of all."""
        ...

    async def drop(self, id: str) -> None: ...


class MemoryStore(Generic[T]):
    def __init__(self) -> None:
        self.kept: dict[str, T] = {}
        self._whose: dict[str, str] = {}

    @asynccontextmanager
    async def changing(self, id: str, new: tuple[str, T] | None = None) -> AsyncIterator[T | None]:
        if new is not None and id not in self.kept:
            self._whose[id], self.kept[id] = new
        yield self.kept.get(id)

    async def get(self, id: str) -> T | None:
        return self.kept.get(id)

    async def of(self, anonymous_id: str | None) -> Sequence[T]:
        return [value for id, value in self.kept.items() if anonymous_id in (None, self._whose[id])]

    async def drop(self, id: str) -> None:
        self.kept.pop(id, None)


class TableStore(Generic[T]):
    def __init__(self, engine: Engine, kind: str, type: type[T]) -> None:
        """`kind` sets what is on this shelf apart from what is on others."""
        self._engine = engine
        self._kind = kind
        self._decoder = msgspec.json.Decoder(type)

    @asynccontextmanager
    async def changing(self, id: str, new: tuple[str, T] | None = None) -> AsyncIterator[T | None]:
        async with self._engine.begin() as connection:
            if new is not None:
                row = {"kind": self._kind, "id": id, "anonymous_id": new[0], "state": _encoded(new[1])}
                await connection.execute(insert(simulated).values(row).on_conflict_do_nothing())
            before = (await connection.execute(self._one(id).with_for_update())).scalar_one_or_none()
            found = None if before is None else self._decoder.decode(before)
            yield found
            if found is not None and (after := _encoded(found)) != before:
                here = (simulated.c.kind == self._kind) & (simulated.c.id == id)
                await connection.execute(update(simulated).where(here).values(state=after))

    async def get(self, id: str) -> T | None:
        async with self._engine.connect() as connection:
            found = (await connection.execute(self._one(id))).scalar_one_or_none()
        return None if found is None else self._decoder.decode(found)

    async def of(self, anonymous_id: str | None) -> Sequence[T]:
        query: Select[Any] = select(simulated.c.state).where(simulated.c.kind == self._kind)
        if anonymous_id is not None:
            query = query.where(simulated.c.anonymous_id == anonymous_id)
        async with self._engine.connect() as connection:
            found = await connection.execute(query.order_by(simulated.c.id))
            return [self._decoder.decode(state) for state in found.scalars()]

    async def drop(self, id: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(simulated).where(simulated.c.kind == self._kind, simulated.c.id == id))

    def _one(self, id: str) -> Select[Any]:
        return select(simulated.c.state).where(simulated.c.kind == self._kind, simulated.c.id == id)


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()
