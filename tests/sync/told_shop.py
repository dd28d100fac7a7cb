"""A customer on a test clock with a plan and a card at the fake Stripe, and all that tells Stripe of them."""

import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

sys.path += [str(Path(__file__).parent.parent / name) for name in ("payments", "domain")]

from paying_shop import Shop, on
from stripe_fake import FakeStripe
from stripe_fake.account import Object
from stripe_fake.customers import complete_setup
from timeline import flat, plan

from adapters.postgres import sync as rows
from adapters.postgres.retries import Retry
from adapters.stripe.client import Api
from adapters.stripe.provider import StripeProvider
from adapters.stripe.rate_limit import CallLimit
from adapters.vault import Vault
from domain import commands as c
from domain.books.payment import Method
from domain.money import Money
from domain.providers.provider import Provider
from service.clock import Clock
from service.ids import new_id
from service.providers.payments import Charging, Linking, PaymentMethods
from service.providers.sync.push import Push
from service.providers.sync.push_schedule import PushSchedule
from service.usage import Usage


def provider_at(fake: FakeStripe, answer_s_max: float = 1.0) -> StripeProvider:
    return StripeProvider(Api(fake.key, CallLimit(10_000, 1_000), address=fake.url, answer_s_max=answer_s_max))


def retry() -> Retry:
    """A request that nobody has made before."""
    return Retry("key_1", "createPaymentSetup", new_id("request"), b"")


class ToldShop(Shop):
    def __init__(self, engine: AsyncEngine, fake: FakeStripe, provider: StripeProvider | None = None) -> None:
        super().__init__(engine)
        self.fake = fake
        self.stripe = provider or provider_at(fake)
        self.begin()

    def begin(self, provider: Provider | None = None) -> None:
        """A process that begins anew, knowing nothing of the one before."""
        providers: dict[str, Provider] = {"stripe": provider or self.stripe}
        self.providers = providers
        usage = Usage(self.engine, Vault("s" * 40), Clock(), lambda _: None, 400)
        self.charging = Charging(self.engine, self.record, providers)
        self.linking = Linking(self.engine, self.record, providers)
        self.telling = Push(self.engine, self.record, Clock(), usage.reads.used, providers)
        self.sync = PushSchedule(self.engine, self.telling, providers)
        self.methods = PaymentMethods(self.engine, self.linking, self.sync)

    async def opened(self, card: str | None = "pm_card_visa") -> "ToldShop":
        await self.open(None)
        if card is not None:
            await self.card(card)
        return self

    async def subscribed(self) -> "ToldShop":
        """With a card, and a plan of 10.00 a month whose first month is paid."""
        await self.opened()
        await self.do(c.Subscribe(new_id("sub"), plan("pro", flat("10.00"))))
        await self.charge()
        return self

    async def card(self, card: str = "pm_card_visa") -> str:
        """What the customer types into Stripe's form: the id of the method."""
        secret = await self.methods.set_up(self.customer_id, "stripe", retry())
        made = complete_setup(self.fake.account, secret, card)
        method = Method(new_id("method"), "stripe", made["id"], "CARD", "Visa", on("2026-01-01"))
        await self.do(c.AddMethod(method))
        return method.id

    async def charge(self) -> None:
        for _ in range(5):
            await self.charging.queue.round()
            if not await self.open_effects():
                return
        raise AssertionError("still open")

    # ── sync ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    async def later(self, minutes: int = 15) -> None:
        """So long ago everything was that waits to be told."""
        await self.execute(
            "UPDATE provider_sync SET dirty_since = dirty_since - CAST(:ago AS interval), "
            "due_at = due_at - CAST(:ago AS interval)",
            ago=timedelta(minutes=minutes),
        )
        await self.execute("UPDATE work SET next_at = next_at - CAST(:ago AS interval)", ago=timedelta(minutes=minutes))

    async def told(self) -> None:
        """All that is due is told."""
        await self.later()
        assert await self.sync.queue.round() > 0

    async def row(self) -> Any:
        async with self.engine.connect() as connection:
            query = text(
                "SELECT s.*, coalesce(w.attempts, 0) AS attempts, w.error, w.next_at FROM provider_sync s"
                " LEFT JOIN work w ON w.kind = 'SYNC' AND w.id = s.customer_id || '/' || s.provider"
                " WHERE s.customer_id = :id"
            )
            return (await connection.execute(query, {"id": self.customer_id})).one_or_none()

    async def copies(self) -> dict[str, rows.Copy]:
        async with self.engine.connect() as connection:
            return await rows.copies_of(connection, self.customer_id, "stripe")

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)

    # ── at Stripe ────────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def there(self) -> dict[str, Object]:
        """The invoices at Stripe, by our id."""
        return {one["metadata"]["invoice"]: one for one in self.fake.account.of("invoice")}

    @property
    def customers(self) -> list[Object]:
        return [one for one in self.fake.account.of("customer") if not one.get("deleted")]

    def taken_there(self) -> Decimal:
        cents = sum(one["amount_received"] for one in self.fake.account.of("payment_intent"))
        return Money(Decimal(cents).scaleb(-2), "USD").amount

    def writes(self, since: int = 0) -> list[str]:
        """What Stripe was asked to change."""
        asked = self.fake.requests[since:]
        return [f"{one.method} {one.path.split('/')[2]}" for one in asked if one.method != "GET"]
