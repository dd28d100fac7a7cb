"""Where a tail of the journal reads: one customer's entries by number, or those of all in one order."""

from collections.abc import Sequence
from typing import Protocol

from adapters.postgres.connection import Engine
from adapters.postgres.reads import JournalEntry, entries, follow

Place = tuple[int, ...]
"""After which entry: (number), or (transaction, position). Places of one source are ordered."""


class JournalSource(Protocol):
    """`look_s`: how often to look without a notice. `settles`: an entry may be readable only some time after its
    notice."""

    look_s: float
    settles: bool

    def concerns(self, stream_id: str) -> bool:
        """Whether its entries are read here."""

    def place(self, entry: JournalEntry) -> Place:
        """The place after the entry."""

    async def newest(self) -> Place:
        """The place after all that can be read now."""

    async def read(self, after: Place, limit: int, types: Sequence[str] | None = None) -> list[JournalEntry]:
        """The entries after that place, in order."""


class OneCustomer:
    """The journal of one customer."""

    look_s = 5.0
    settles = False

    def __init__(self, engine: Engine, customer_id: str) -> None:
        self._engine = engine
        self._customer_id = customer_id
        self._visible = frozenset({customer_id})

    def concerns(self, stream_id: str) -> bool:
        return stream_id == self._customer_id

    def place(self, entry: JournalEntry) -> Place:
        return (entry.seq,)

    async def newest(self) -> Place:
        return (await follow.newest_seq(self._engine, self._customer_id),)

    async def read(self, after: Place, limit: int, types: Sequence[str] | None = None) -> list[JournalEntry]:
        return await entries.page(
            self._engine, self._customer_id, self._visible, after=after[0], limit=limit, types=types
        )


class Everything:
    """The journal of all streams, or (`visible`) of these only: the condition is part of the statement.

    An entry can be read once every transaction that began before its own has ended, for one of those may still put an
    entry before it.
    """

    look_s = 1.0
    settles = True

    def __init__(self, engine: Engine, visible: frozenset[str] | None) -> None:
        self._engine = engine
        self._visible = visible

    def concerns(self, stream_id: str) -> bool:
        return self._visible is None or stream_id in self._visible

    def place(self, entry: JournalEntry) -> Place:
        return (entry.xact, entry.position)

    async def newest(self) -> Place:
        return await follow.newest_place(self._engine)

    async def read(self, after: Place, limit: int, types: Sequence[str] | None = None) -> list[JournalEntry]:
        return await follow.all_after(self._engine, (after[0], after[1]), self._visible, limit=limit, types=types)
