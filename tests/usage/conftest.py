"""A shop: a catalog with a meter of every kind, customers with a plan that limits each, and a clock set by hand."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from itertools import count
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.retries import Retry
from adapters.vault import Vault
from domain.account import CustomerKind
from domain.catalog import Aggregation, Feature, FeatureKind, Meter, PlanEntitlement, Terms
from domain.commands import CreateFeature, CreateMeter, CreatePlan, Subscribe
from domain.period import Cadence
from domain.usage import Reading, roll_up
from service.clock import Clock
from service.customers import Customers, NewCustomer, Personal
from service.ids import new_id
from service.usage import CustomerRef, Usage, UsageEvent, UsageOutcome
from service.usage.gate import UseRequest
from service.usage.reserve import Reserved
from service.write.record import By, Record
from service.write.streams import CATALOG

NOON = datetime(2026, 11, 20, 12, 0, 0, 918_285, UTC)
RETENTION_DAYS = 400
_numbers = (uuid4().hex[:12] for _ in count())
METERS = {
    "calls": Meter("meter_1", "calls", Aggregation.SUM, "call"),
    "hits": Meter("meter_2", "hits", Aggregation.COUNT, "hit"),
    "peak": Meter("meter_3", "peak", Aggregation.MAX, "load", "cpu"),
    "storage": Meter("meter_4", "storage", Aggregation.LATEST, "level"),
    "users": Meter("meter_5", "users", Aggregation.UNIQUE, "login", "user"),
    "hours": Meter("meter_6", "hours", Aggregation.TIME_WEIGHTED, "disk"),
    "bytes": Meter("meter_7", "bytes", Aggregation.SUM, "send", "size"),
    "sends": Meter("meter_8", "sends", Aggregation.COUNT, "send"),
}


class Hands(Clock):
    """Real time, as the test says it is."""

    def __init__(self, at: datetime) -> None:
        self.at_hand = at

    def now(self) -> datetime:
        return self.at_hand


class Shop:
    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.vault = Vault(b"m" * 40)
        self.clock = Hands(NOON)
        self.changed: list[str] = []
        self.record = Record(engine, self.clock, lambda _: None)
        self.customers = Customers(engine, self.vault, self.clock, self.record)
        self.usage = Usage(engine, self.vault, self.clock, self.changed.append, RETENTION_DAYS)

    async def stock(self) -> None:
        """Features are named as their meters; each has a hard limit of 10 a month, `drive` one on storage for ever."""
        for meter in METERS.values():
            await self.record(CATALOG, CreateMeter(meter), By("test"))
        features = {key: key for key in METERS} | {"drive": "storage", "lifetime": "calls", "soft": "calls"}
        for key, meter in features.items():
            feature = Feature(new_id("feature"), key, key, FeatureKind.METERED, None, meter)
            await self.record(CATALOG, CreateFeature(feature), By("test"))
        switch = Feature(new_id("feature"), "sso", "sso", FeatureKind.SWITCH)
        await self.record(CATALOG, CreateFeature(switch), By("test"))
        limits = [PlanEntitlement(key, limit=D(10), hard=True, resets=Cadence.MONTH) for key in METERS]
        limits += [PlanEntitlement(key, limit=D(10), hard=True) for key in ("drive", "lifetime")]
        limits += [PlanEntitlement("soft", limit=D(10), hard=False, resets=Cadence.MONTH)]
        limits += [PlanEntitlement("sso", enabled=True)]
        plan = CreatePlan(new_id("plan"), new_id("version"), "basic", "Basic", None, Terms(entitlements=tuple(limits)))
        await self.record(CATALOG, plan, By("test"))

    async def customer(self, external_id: str | None = None, *, plan: bool = True, clock_id: str | None = None) -> str:
        name = external_id or f"c-{next(_numbers)}"
        new = NewCustomer(name, CustomerKind.USER, "USD", "UTC", None, clock_id, Personal())
        account = await self.customers.create(new, By("test"))
        assert account.customer is not None
        if plan:
            async with self.usage._base.driver() as driver:
                catalog = await self.usage._base.catalog(driver)
            found = catalog.plan("basic")
            assert found is not None
            await self.record(
                account.customer.id,
                Subscribe(new_id("subscription"), found.current, cadence=Cadence.MONTH),
                By("test"),
            )
        return account.customer.id

    def event(self, customer_id: str, type: str = "call", value: Any = 1, **more: Any) -> UsageEvent:
        more.setdefault("id", f"e-{next(_numbers)}")
        quantity = None if value is None else D(str(value))
        return UsageEvent(customer=CustomerRef(customer_id), type=type, quantity=quantity, **more)

    async def send(self, *events: UsageEvent, visible: frozenset[str] | None = None) -> list[str]:
        return [outcome.status.value for outcome in await self.outcomes(*events, visible=visible)]

    async def outcomes(self, *events: UsageEvent, visible: frozenset[str] | None = None) -> list[UsageOutcome]:
        return await self.usage.record(events, visible)

    def retry(self, key: str | None = None, input: str = "") -> Retry:
        return Retry("tester", "test", key or f"k-{next(_numbers)}", input.encode())

    async def consume(self, customer_id: str, feature: str = "calls", quantity: Any = 1, **more: Any) -> Any:
        retry = more.pop("retry", None) or self.retry()
        visible = more.pop("visible", None)
        return await self.usage.consume(
            UseRequest(CustomerRef(customer_id), feature, D(str(quantity)), visible, **more), retry
        )

    async def reserve(self, customer_id: str, feature: str = "calls", quantity: Any = 1, **more: Any) -> Reserved:
        retry = more.pop("retry", None) or self.retry()
        ttl = more.pop("ttl", timedelta(minutes=1))
        return await self.usage.reserve(
            UseRequest(CustomerRef(customer_id), feature, D(str(quantity)), None, **more), ttl, retry
        )

    async def used(self, customer_id: str, feature: str = "calls") -> D:
        """As canUse has it: by the entitlement's period, at the present of the customer."""
        return (await self.standing(customer_id, feature)).used

    async def standing(self, customer_id: str, feature: str = "calls", at: datetime | None = None) -> Any:
        from adapters.postgres.codec import decode_account
        from adapters.postgres.directory import account_state
        from domain.lifecycle.due import present
        from domain.rights.account_rights import entitlement
        from service.gates.snapshot import UsageOfEntitlement

        now = at or self.clock.now()
        async with self.usage._base.driver() as driver:
            state = await account_state(driver, customer_id)
        right = entitlement(present(decode_account(state), now), feature, now)
        assert right is not None
        (usage,) = await self.usage.reads.of([UsageOfEntitlement(customer_id, right, now)])
        return usage

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        async with self.usage._base.driver() as driver:
            return await driver.fetch(query, *args)

    async def check_rollups(self) -> None:
        """Every hour says what its events say, by the domain's own arithmetic; and each remembered period as well."""
        stored = await self.fetch("SELECT * FROM usage_hours ORDER BY customer_id, meter_key, hour")
        wanted = []
        for meter in METERS.values():
            for customer in await self.fetch("SELECT customer_id FROM customers"):
                wanted += await self._hours(customer["customer_id"], meter)
        assert [tuple(row) for row in stored] == sorted(wanted)

    async def subscriptions(self, customer_id: str) -> list[str]:
        """The ids of the customer's, oldest first."""
        query = "SELECT id FROM holdings WHERE customer_id = $1 AND id LIKE 'subscription%' ORDER BY id"
        return [row["id"] for row in await self.fetch(query, customer_id)]

    async def _hours(self, customer_id: str, meter: Meter) -> list[tuple[Any, ...]]:
        rows = await self.fetch(
            "SELECT *, properties::text AS text FROM usage_events"
            " WHERE customer_id = $1 AND type = $2 ORDER BY revision",
            customer_id,
            meter.event_type,
        )
        counting = {(row["source"], row["corrects"] or row["id"]): row for row in rows}
        readings: dict[tuple[str, datetime], list[Reading]] = {}
        for row in counting.values():
            if not row["retracted"] and (reading := read(meter, row)) is not None:
                hour = row["time"].replace(minute=0, second=0, microsecond=0)
                readings.setdefault((meter.key, hour), []).append(reading)
                if row["subscription_id"] is not None and meter.aggregation in (Aggregation.SUM, Aggregation.COUNT):
                    readings.setdefault((f"{meter.key}/{row['subscription_id']}", hour), []).append(reading)
        return [(customer_id, *of, *figures(meter, group)) for of, group in readings.items()]


def read(meter: Meter, row: asyncpg.Record) -> Reading | None:
    import msgspec

    from domain.usage import Measured, value_of

    properties = None if row["text"] is None else msgspec.json.decode(row["text"])
    measured = value_of(meter, row["value"], properties)
    return Reading(row["time"], measured.value, measured.text) if isinstance(measured, Measured) else None


def figures(meter: Meter, group: list[Reading]) -> tuple[Any, ...]:
    r = roll_up(meter.aggregation, group)
    return (r.count, r.sum, r.max, r.first_time, r.last_time, r.last_value, r.area)


@pytest_asyncio.fixture
async def shop(engine: AsyncEngine) -> AsyncIterator[Shop]:
    shop = Shop(engine)
    await shop.stock()
    yield shop


Maker = Callable[..., UsageEvent]
