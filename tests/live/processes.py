"""Processes of Tollgate side by side on one database: each with its own pool, its own memory and its own ears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

from sqlalchemy import event

from adapters.metrics import Instruments
from adapters.payments.simulated import Simulated
from adapters.postgres.engine import create_engine
from adapters.postgres.reads import catalog as catalogs
from adapters.postgres.retries import Retry
from adapters.vault import Vault
from domain.access import ROLE_SCOPES, Role
from domain.account import CustomerKind
from domain.catalog import Aggregation, ChargeModel, Feature, FeatureKind, Meter, PlanEntitlement, Price, Terms
from domain.commands import CreateFeature, CreateMeter, CreatePlan, Subscribe
from domain.period import Cadence
from service.access.principal import Principal
from service.clock import Clock
from service.customers import Customers, NewCustomer, Personal
from service.gates.snapshots import Snapshots
from service.ids import new_id
from service.live.accounts import Live
from service.live.changes import Changes
from service.providers.payments import Charging
from service.providers.reconciliation import Reconciler, Reconciliation
from service.providers.sync.push import Push
from service.providers.sync.push_schedule import PushSchedule
from service.providers.webhooks import Handling
from service.usage import CustomerRef, Usage, UsageEvent
from service.write.record import By, Record, Recorded
from service.write.streams import CATALOG

TEST = By("test")
ADMIN = Principal("admin", Role.ADMIN, ROLE_SCOPES[Role.ADMIN], None)
_numbers = count(1)


class Process:
    """What one process works with. It has what `service.runtime.Runtime` has, as far as it goes."""

    def __init__(self, dsn: str, *, look_s: float = 60.0) -> None:
        self.engine = create_engine(dsn)
        self.settings = SimpleNamespace(usage_retention_days=400)
        self.vault = Vault(b"m" * 40)
        self.clock = Clock()
        self.changes = Changes(dsn)
        self.record = Record(self.engine, self.clock, self.changes.changed)
        self.customers = Customers(self.engine, self.vault, self.clock, self.record)
        self.usage = Usage(self.engine, self.vault, self.clock, self.changes.changed, 400)
        self.snapshots = Snapshots(self.engine, self.vault, self.clock, self.changes, self.usage.reads.of)
        self.live = Live(self.engine, self.snapshots, self.changes, self.clock, look_s=look_s, gap_s=0.005)
        self.charging = Charging(self.engine, self.record, {"simulated": Simulated()})
        # The simulated provider keeps no books of its own: nobody has to be told.
        self.sync = PushSchedule(self.engine, Push(self.engine, self.record, self.clock, self.usage.reads.used, {}), {})
        self.connectors: dict[str, Any] = {}
        looking = Reconciler(self.engine, self.record, self.charging, {})
        self.handling = Handling(self.engine, looking, Instruments())
        self.reconciliation = Reconciliation(self.engine, looking)
        self.statements: list[str] = []
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._note)
        event.listen(self.engine.sync_engine, "connect", self._note_past_sqlalchemy)
        self._listening: asyncio.Task[None] | None = None

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.statements.append(statement)

    def _note_past_sqlalchemy(self, connection: Any, _: object) -> None:
        connection.driver_connection.add_query_logger(lambda logged: self.statements.append(logged.query))

    async def listen(self) -> None:
        """Hear what other processes change, from when this returns."""
        self._listening = asyncio.create_task(self.changes.run())
        await eventually(lambda: self.changes.connected)

    async def deafen(self) -> None:
        """Hear nothing more, and tell nothing."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None

    async def told(self) -> None:
        """Come back when the others have been told all that has changed here so far."""
        await self.deafen()
        await self.listen()

    async def end(self) -> None:
        await self.deafen()
        await self.engine.dispose()

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    async def stock(self) -> None:
        """A catalog: `calls` and `storage` metered, `sso` a switch; the plan `basic` at 10 of each, `plus` at 100."""
        for key, aggregation in (("calls", Aggregation.SUM), ("storage", Aggregation.LATEST)):
            await self.record(CATALOG, CreateMeter(Meter(new_id("meter"), key, aggregation, key)), TEST)
            feature = Feature(new_id("feature"), key, key, FeatureKind.METERED, None, key)
            await self.record(CATALOG, CreateFeature(feature), TEST)
        switch = Feature(new_id("feature"), "sso", "sso", FeatureKind.SWITCH)
        await self.record(CATALOG, CreateFeature(switch), TEST)
        for plan, limit, amount in (("basic", 10, 1), ("plus", 100, 5)):
            given = [
                PlanEntitlement(key, limit=Decimal(limit), hard=True, resets=Cadence.MONTH)
                for key in ("calls", "storage")
            ]
            if plan == "plus":
                given.append(PlanEntitlement("sso", enabled=True))
            fee = Price(new_id("price"), "fee", ChargeModel.FLAT, Cadence.MONTH, "USD", Decimal(amount))
            terms = Terms(prices=(fee,), entitlements=tuple(given))
            made = CreatePlan(new_id("plan"), new_id("version"), plan, plan.title(), None, terms)
            await self.record(CATALOG, made, TEST)

    async def stock_one_more(self) -> None:
        """Another feature."""
        feature = Feature(new_id("feature"), f"feature_{next(_numbers)}", "one more", FeatureKind.SWITCH)
        await self.record(CATALOG, CreateFeature(feature), TEST)

    async def customer(self, external_id: str = "", *, plan: str | None = "basic", clock_id: str | None = None) -> str:
        """A customer on a plan; its id."""
        name = external_id or f"customer {next(_numbers)}"
        new = NewCustomer(name, CustomerKind.USER, "USD", "UTC", None, clock_id, Personal())
        account = await self.customers.create(new, TEST)
        assert account.customer is not None
        if plan is not None:
            await self.subscribe(account.customer.id, plan)
        return account.customer.id

    async def subscribe(self, customer_id: str, plan: str, **terms: Any) -> Recorded:
        sold = (await catalogs.catalog(self.engine)).catalog.plan(plan)
        assert sold is not None
        return await self.record(customer_id, Subscribe(new_id("subscription"), sold.current, **terms), TEST)

    async def use(self, customer_id: str, value: int, type: str = "calls") -> None:
        """Record one usage event."""
        sent = UsageEvent(f"event {next(_numbers)}", CustomerRef(customer_id), type, None, Decimal(value), None, None)
        (outcome,) = await self.usage.record([sent], None)
        assert outcome.status == "ACCEPTED", outcome


def retry() -> Retry:
    return Retry("test", "test", f"key {next(_numbers)}", b"input")


async def eventually(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.002)


@asynccontextmanager
async def process(dsn: str, *, look_s: float = 60.0, listening: bool = True) -> AsyncIterator[Process]:
    one = Process(dsn, look_s=look_s)
    if listening:
        await one.listen()
    try:
        yield one
    finally:
        await one.end()
