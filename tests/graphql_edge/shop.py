"""A small schema of the tests' own: enough of every kind of field for the view to be tried on."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from api.scalars import JSON, SCALARS, Currency, Cursor
from api.usage_batch import USAGE_BATCHES, UsageEventIn
from graphql_edge.compat import core_schema
from graphql_edge.contract import Allowance, Call, Collaborators
from graphql_edge.errors import ClientError, Forbidden, RateLimited, Unauthenticated
from graphql_edge.live import Latest, Log, States, Update


@dataclass(eq=False)
class Principal:
    """Who calls the test shop."""

    name: str
    role: str = "ADMIN"
    revoked: bool = False


@dataclass
class Shop:
    """The state behind the schema, and counters of what happened."""

    principals: dict[str, Principal] = field(
        default_factory=lambda: {
            "Bearer admin": Principal("admin"),
            "Bearer other": Principal("other"),
            "Bearer guest": Principal("guest", role="GUEST"),
        }
    )
    level: int = 0
    watchers: set[Latest[Update["Level"]]] = field(default_factory=set)
    opened: int = 0
    closed: int = 0
    executions: int = 0
    contexts: list["ShopContext"] = field(default_factory=list)
    budget: int | None = None
    spent: list[int] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    slow_checks: bool = False
    checked: asyncio.Event = field(default_factory=asyncio.Event)
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    async def authenticate(self, authorization: str | None) -> Principal:
        principal = self.principals.get(authorization or "")
        if principal is None or principal.revoked:
            raise Unauthenticated
        return principal

    def reauthorize(self, principal: Principal) -> Awaitable[None] | None:
        if self.slow_checks:
            return self._look_up(principal)
        if principal.revoked:
            raise Unauthenticated("The key has been revoked.")
        return None

    async def _look_up(self, principal: Principal) -> None:
        await self.checked.wait()
        if principal.revoked:
            raise Unauthenticated("The key has been revoked.")

    def spend(self, principal: Principal, cost: int) -> Allowance | None:
        if self.budget is None:
            return None
        if cost > self.budget:
            raise RateLimited(retry_after_s=7)
        self.budget -= cost
        self.spent.append(cost)
        return Allowance(limit=1_000, remaining=self.budget)

    def context(self, call: Call) -> "ShopContext":
        context = ShopContext(self, call, call.batch)
        self.contexts.append(context)
        return context

    def collaborators(self) -> Collaborators:
        return Collaborators(
            authenticate=self.authenticate,
            context=self.context,
            reauthorize=self.reauthorize,
            spend=self.spend,
            visibility=lambda principal: principal.role,
            batches=USAGE_BATCHES,
        )

    def set_level(self, level: int) -> None:
        self.level = level
        for watcher in self.watchers:
            watcher.put(Update(Level(value=level), (level,)))

    def log(self, entry: str) -> None:
        self.entries.append(entry)
        self.grown.set()
        self.grown = asyncio.Event()

    async def levels(self) -> AsyncIterator[Update["Level"]]:
        self.opened += 1
        watcher: Latest[Update[Level]] = Latest()
        self.watchers.add(watcher)
        try:
            yield Update(Level(value=self.level), (self.level,))
            async for update in watcher:
                yield update
        finally:
            self.watchers.discard(watcher)
            self.closed += 1

    async def read(self, after: tuple[int, ...] | None) -> AsyncIterator[Update["Entry"]]:
        at = after[0] if after else 0
        while True:
            while at < len(self.entries):
                at += 1
                yield Update(Entry(cursor=Cursor(str(at)), text=self.entries[at - 1]), (at,))
            await self.grown.wait()


@dataclass
class ShopContext:
    """info.context of the test shop."""

    shop: Shop
    call: Call
    usage_events: list[UsageEventIn] | None


ShopInfo = Info[ShopContext, Any]


@strawberry.type
class Item:
    name: str
    price: Decimal
    since: datetime

    @strawberry.field
    def parent(self) -> "Item":
        return self

    @strawberry.field
    async def related(self, first: int | None = None) -> "ItemConnection":
        await asyncio.sleep(0)
        return ItemConnection(edges=[ItemEdge(cursor=str(n), node=ITEM) for n in range(first or 0)])

    @strawberry.field
    def parts(self) -> list["Item"]:
        return [ITEM, ITEM]


@strawberry.type
class ItemEdge:
    cursor: str
    node: Item


@strawberry.type
class ItemConnection:
    edges: list[ItemEdge]


ITEM = Item(name="thing", price=Decimal("1.50"), since=datetime(2026, 3, 1, tzinfo=UTC))


@strawberry.type
class Level:
    value: int

    @strawberry.field
    def counted(self, info: ShopInfo) -> int:
        """Counts its own executions."""
        info.context.shop.executions += 1
        return self.value

    @strawberry.field
    def broken(self) -> int | None:
        raise RuntimeError("secret")


@strawberry.type
class Entry:
    cursor: Cursor
    text: str

    @strawberry.field
    def counted(self, info: ShopInfo) -> int:
        info.context.shop.executions += 1
        return 1


@strawberry.type
class Query:
    @strawberry.field
    def item(self) -> Item:
        return ITEM

    @strawberry.field
    def item_or_none(self) -> Item | None:
        return None

    @strawberry.field
    async def later(self) -> str:
        await asyncio.sleep(0.01)
        return "later"

    @strawberry.field
    def items(self, first: int | None = None, last: int | None = None) -> ItemConnection:
        return ItemConnection(edges=[ItemEdge(cursor=str(n), node=ITEM) for n in range(first or last or 0)])

    @strawberry.field
    def by_names(self, names: list[str]) -> list[Item]:
        return [ITEM for _ in names]

    @strawberry.field
    def echo(self, value: JSON | None = None) -> JSON | None:
        return value

    @strawberry.field
    def plus(self, amount: Decimal, at: datetime | None = None, currency: Currency | None = None) -> Decimal:
        return amount + 1

    @strawberry.field
    def crash(self) -> str | None:
        raise RuntimeError("secret detail")

    @strawberry.field
    def crash_hard(self) -> str:
        raise RuntimeError("secret detail")

    @strawberry.field
    def refuse(self) -> str | None:
        raise ClientError("This is not for sale.", code="NOT_FOR_SALE")

    @strawberry.field
    def forbid(self) -> str | None:
        raise Forbidden

    @strawberry.field
    def unwritable(self) -> JSON | None:
        return JSON({"x": object()})

    @strawberry.field
    async def never(self) -> str:
        await asyncio.sleep(3600)
        return ""


@strawberry.input(one_of=True)
class CustomerRef:
    id: strawberry.Maybe[strawberry.ID]
    external_id: strawberry.Maybe[str]


@strawberry.input
class UsageEventInput:
    id: str
    customer: CustomerRef
    type: str
    time: datetime | None = None
    value: Decimal | None = None
    properties: JSON | None = None
    source: str | None = None


@strawberry.input
class RecordUsageInput:
    events: list[UsageEventInput]
    note: str | None = None


@strawberry.type
class RecordUsagePayload:
    accepted: int
    decoded: bool
    note: str | None
    total: Decimal


@strawberry.type
class Mutation:
    @strawberry.mutation
    def set_level(self, info: ShopInfo, to: int) -> int:
        info.context.shop.set_level(to)
        return to

    @strawberry.mutation
    async def slowly(self, info: ShopInfo, to: int) -> int:
        await asyncio.sleep(0.05)
        info.context.shop.set_level(to)
        return to

    @strawberry.mutation
    def record_usage(self, info: ShopInfo, input: RecordUsageInput) -> RecordUsagePayload:
        decoded = info.context.usage_events
        values = [e.quantity for e in decoded] if decoded is not None else [e.value for e in input.events]
        return RecordUsagePayload(
            accepted=len(values),
            decoded=decoded is not None,
            note=input.note,
            total=sum((value for value in values if value is not None), Decimal(0)),
        )


@strawberry.type(name="Live")
class LiveRoot:
    @strawberry.subscription
    async def level(self, info: ShopInfo, room: str = "a", after: Cursor | None = None) -> AsyncIterable[Level]:
        if info.context.call.principal.role == "GUEST":
            raise Forbidden
        position = (int(after),) if after is not None else None
        return States(("level", room), info.context.shop.levels, position)

    @strawberry.subscription
    async def log(self, info: ShopInfo, after: Cursor | None = None) -> AsyncIterable[Entry]:
        return Log("log", info.context.shop.read, (int(after),) if after is not None else None)

    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterable[int]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def flood(self) -> AsyncIterable[str]:
        while True:
            yield "x" * 100_000

    @strawberry.subscription
    async def fails(self) -> AsyncIterable[int]:
        yield 1
        raise RuntimeError("secret detail")


SCHEMA = strawberry.Schema(
    query=Query, mutation=Mutation, subscription=LiveRoot, config=StrawberryConfig(scalar_map=SCALARS)
)
CORE = core_schema(SCHEMA)
