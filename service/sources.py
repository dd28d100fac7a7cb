"""What billing reads besides the account itself, wherever it comes from."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from adapters.postgres.codec import decode_catalog
from adapters.postgres.connection import Connection
from adapters.postgres.directory import newer_catalog
from adapters.postgres.driver import driver_of
from adapters.postgres.usage import periods
from adapters.postgres.usage.periods import Ask
from domain.catalog import Catalog


class Source(Protocol):
    async def catalog(self) -> Catalog:
        """By which is billed."""
        ...

    async def used(self, asks: Sequence[Ask]) -> Sequence[Decimal]:
        """What the meters read, in their order."""
        ...


class NewestCatalog:
    """Kept from one transaction to the next; read again only when it changed."""

    def __init__(self) -> None:
        self._catalog, self._seq = Catalog(), 0

    async def read(self, connection: Connection) -> Catalog:
        newer = await newer_catalog(await driver_of(connection), self._seq)
        if newer is not None:
            self._seq, self._catalog = newer[0], decode_catalog(newer[1])
        return self._catalog


class Transaction:
    """All of it as a transaction sees it now."""

    def __init__(self, connection: Connection, newest: NewestCatalog) -> None:
        self._connection = connection
        self._newest = newest

    async def catalog(self) -> Catalog:
        return await self._newest.read(self._connection)

    async def used(self, asks: Sequence[Ask]) -> Sequence[Decimal]:
        return await periods.used(await driver_of(self._connection), asks)
