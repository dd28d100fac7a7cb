"""What every act on usage works with."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

from adapters.postgres.codec import decode_catalog
from adapters.postgres.connection import Connection, Engine
from adapters.postgres.directory import newer_catalog
from adapters.postgres.driver import Driver, driver_of
from adapters.postgres.partitions import Month, ensure_months
from adapters.postgres.usage import meters
from adapters.postgres.usage.meters import CustomerMeter
from adapters.vault import Vault
from domain.catalog import Catalog, Meter
from service.clock import Clock
from service.usage.check import EventCustomer
from service.usage.customer_lookup import CustomerLookup, Visible, look_up_customers
from service.usage.events import CustomerIds

KNOWN_MAX = 200_000
"""Meters' rows that this process remembers to have seen; about 30 MB."""


class Base:
    """`retention`: how far back events may lie. `changed` is told of each customer whose usage changed, once that is
    committed."""

    def __init__(
        self, engine: Engine, vault: Vault, clock: Clock, changed: Callable[[str], None], retention: timedelta
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.retention = retention
        self._vault = vault
        self._changed = changed
        self._rows: set[CustomerMeter] = set()
        self._months: set[Month] = set()
        self._catalog = Catalog()
        self._catalog_seq = 0
        self._by_type: dict[str, tuple[Meter, ...]] = {}

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Driver]:
        """A connection for statements that commit by themselves, or in a transaction begun on the driver."""
        async with self.engine.connect() as connection:
            yield await driver_of(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[Connection, Driver]]:
        """A connection and its driver, for those who begin the transaction on the connection."""
        async with self.engine.connect() as connection:
            yield connection, await driver_of(connection)

    async def catalog(self, driver: Driver) -> Catalog:
        """The catalog as it is now; decoded again only when it changed."""
        newer = await newer_catalog(driver, self._catalog_seq)
        if newer is not None and newer[0] > self._catalog_seq:
            self._catalog_seq, self._catalog = newer[0], decode_catalog(newer[1])
            self._by_type = {}
            for meter in self._catalog.meters:
                self._by_type[meter.event_type] = (*self._by_type.get(meter.event_type, ()), meter)
        return self._catalog

    async def meters_by_type(self, driver: Driver) -> dict[str, tuple[Meter, ...]]:
        """Event type → the meters that read it."""
        await self.catalog(driver)
        return self._by_type

    async def look_up_customers(self, driver: Driver, wanted: Iterable[tuple[CustomerIds, Visible]]) -> CustomerLookup:
        """The customers that are meant, as they stand now."""
        return await look_up_customers(driver, self._vault, wanted, self.clock.now(), self.retention)

    async def look_up_customer(self, driver: Driver, ref: CustomerIds, visible: Visible) -> EventCustomer | None:
        """The one customer that is meant. None: there is none that the caller may see."""
        return (await self.look_up_customers(driver, [(ref, visible)]))(ref, visible)

    async def prepare(self, driver: Driver, rows: Collection[CustomerMeter], months: Iterable[Month]) -> None:
        """Make what a write needs before its transaction: the meters' rows and the months of the events."""
        missing = [key for key in rows if key not in self._rows]
        if missing:
            await meters.ensure(driver, missing)
            if len(self._rows) > KNOWN_MAX:
                self._rows.clear()
            self._rows.update(missing)
        missing_months = set(months) - self._months
        if missing_months:
            await ensure_months(driver, missing_months)
            self._months |= missing_months

    def forget_known(self) -> None:
        """Look again for rows and months: one that was seen before is gone."""
        self._rows.clear()
        self._months.clear()

    def tell(self, customer_ids: Iterable[str]) -> None:
        for customer_id in customer_ids:
            self._changed(customer_id)
