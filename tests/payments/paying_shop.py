"""A customer on a test clock who owes money, with a provider that behaves as the method says."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.payments.simulated import Simulated
from adapters.postgres.codec import decode_whole_account
from adapters.postgres.states import head
from domain import commands as c
from domain.account import Account, Customer, CustomerKind
from domain.books.invoice import Item, Receivable
from domain.books.payment import Method, Payment
from service.clock import Clock
from service.ids import new_id
from service.operations.replay import verify
from service.providers.payments import Charging
from service.write.record import By, Record

BY = By("key_1")


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Shop:
    def __init__(self, engine: AsyncEngine, provider: Simulated | None = None) -> None:
        self.engine = engine
        self.provider = provider or Simulated()
        self.record = Record(engine, Clock(), lambda _: None)
        self.charging = Charging(engine, self.record, {"simulated": self.provider})
        self.clock_id, self.customer_id = new_id("clock"), new_id("customer")

    async def open(self, token: str | None = "succeeds") -> "Shop":
        await self.record(self.clock_id, c.CreateClock(self.clock_id, "test", on("2026-01-01")), BY)
        customer = Customer(
            self.customer_id,
            CustomerKind.USER,
            new_id("anon"),
            {},
            "USD",
            "UTC",
            on("2026-01-01"),
            None,
            self.clock_id,
        )
        await self.do(c.CreateCustomer(customer))
        if token is not None:
            await self.add_method(token)
        return self

    async def do(self, command: c.AccountCommand) -> Any:
        return await self.record(self.customer_id, command, BY)

    async def add_method(self, token: str) -> None:
        await self.do(c.AddMethod(Method(new_id("method"), "simulated", token, "card", token, on("2026-01-01"))))

    async def at(self, now: str) -> None:
        await self.record(self.clock_id, c.AdvanceClock(on(now)), BY)
        await self.do(c.CatchUp())

    async def sell(self, amount: str) -> str:
        """The id of an invoice of this much, final now."""
        item = Item(new_id("item"), "Setup", Decimal(1), Decimal(amount), "USD", on("2026-01-01"))
        await self.do(c.AddItem(item, at_once=True))
        return list((await self.account()).books.receivables)[-1]

    async def account(self) -> Account:
        async with self.engine.connect() as connection:
            stored = await head(connection, self.customer_id)
        assert stored is not None
        return decode_whole_account(stored.state, stored.books, stored.seq)

    async def owed(self, invoice_id: str) -> Receivable:
        return (await self.account()).books.receivables[invoice_id]

    async def payments(self) -> list[Payment]:
        return list((await self.account()).books.payments.values())

    async def open_effects(self) -> int:
        async with self.engine.connect() as connection:
            count: int = (await connection.execute(text("SELECT count(*) FROM effects"))).scalar_one()
        return count

    async def faults(self) -> list[str]:
        return [fault.what async for fault in verify(self.engine)]

    def taken(self) -> Decimal:
        """What the provider took in all."""
        return sum((made.taken for made in self.provider.made.values()), Decimal(0))
