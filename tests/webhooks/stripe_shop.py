"""A shop whose customers pay through Stripe: the real adapter asks a fake account over HTTP, the tables are real, and
what Stripe tells is handled as the worker does it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from stripe_fake import Card, FakeStripe, signed
from stripe_fake.account import Object
from stripe_fake.customers import complete_setup
from stripe_fake.webhooks import body_of

from adapters.metrics import Instruments
from adapters.postgres import inbox
from adapters.postgres.codec import decode_whole_account
from adapters.postgres.inbox import StoredNotice
from adapters.postgres.states import head
from adapters.stripe.client import Api
from adapters.stripe.provider import StripeProvider
from adapters.stripe.rate_limit import CallLimit
from adapters.stripe.records import StripeRecords
from adapters.stripe.webhook import StripeNotices
from domain import commands as c
from domain.account import Account, Customer, CustomerKind
from domain.books.books import ProviderLink
from domain.books.invoice import InvoiceStatus, Item
from domain.books.payment import Payment
from service.clock import Clock
from service.ids import new_id
from service.operations.replay import verify
from service.providers.payments import Charging, Linking
from service.providers.reconciliation import Reconciler, Reconciliation
from service.providers.webhooks import Handling, NoticeIntake
from service.write.record import By, Record

BY = By("key_1")
SECRETS = ("whsec_present", "whsec_former")
RETRIED_S = 4000
"""Later than any retry."""


class Shop:
    def __init__(self, engine: AsyncEngine, fake: FakeStripe, api: Api | None = None) -> None:
        """`api`: another shop's, since opening one takes its time."""
        self.engine, self.fake = engine, fake
        self.api = api or Api(fake.key, CallLimit(10_000.0, 10_000), address=fake.url, answer_s_max=5.0)
        self.provider = StripeProvider(self.api)
        providers = {"stripe": self.provider}
        self.record = Record(engine, Clock(), lambda _: None)
        self.linking = Linking(engine, self.record, providers)
        self.charging = Charging(engine, self.record, providers)
        self.records = StripeRecords(self.api)
        self.looking = Reconciler(engine, self.record, self.charging, {"stripe": self.records})
        self.instruments = Instruments()
        self.intake = NoticeIntake(engine, {"stripe": StripeNotices(SECRETS)}, self.instruments)
        self.handling = Handling(engine, self.looking, self.instruments)
        self.reconciliation = Reconciliation(engine, self.looking)
        self.customer_id = new_id("customer")
        self.told = 0

    async def open(self, card: Card | str | None = "pm_card_visa") -> "Shop":
        """A customer, who is linked and has put in the card; None: neither."""
        now = datetime.now(UTC)
        customer = Customer(self.customer_id, CustomerKind.USER, new_id("anon"), {}, "USD", "UTC", now)
        await self.do(c.CreateCustomer(customer))
        if card is not None:
            await self.put_in(card)
            self.seen_so_far()
        return self

    # ── what the customer and Tollgate do ────────────────────────────────────────────────────────────────────────────
    async def put_in(self, card: Card | str) -> str:
        """The token of a card that was put into Stripe's form, which nobody has told us of yet, and is told at once."""
        reference = await self.linking.linked(await self.account(), "stripe")
        secret = await self.provider.set_up(reference, new_id("setup"))
        token = str(complete_setup(self.fake.account, secret, card)["id"])
        await self.deliver(self.events("setup_intent.succeeded", "payment_method.attached"))
        return token

    async def sell(self, amount: str) -> Payment:
        """An invoice of this much, final now: its payment, which nobody has asked Stripe for yet."""
        item = Item(new_id("item"), "Setup", Decimal(1), Decimal(amount), "USD", datetime.now(UTC))
        await self.do(c.AddItem(item, at_once=True))
        return (await self.payments())[-1]

    async def sold(self, amount: str) -> Payment:
        """The same, charged."""
        await self.sell(amount)
        await self.charging.queue.round()
        return (await self.payments())[-1]

    async def do(self, command: c.AccountCommand) -> Any:
        return await self.record(self.customer_id, command, BY)

    # ── what Stripe tells ────────────────────────────────────────────────────────────────────────────────────────────
    def seen_so_far(self) -> None:
        """What has happened up to now is told already."""
        self.told = len(self.fake.account.events)

    def events(self, *types: str) -> list[Object]:
        """Those since, of these types; without types: all."""
        new = self.fake.account.events[self.told :]
        return [event for event in new if not types or event["type"] in types]

    async def receive(self, event: Object, secrets: Iterable[str] = SECRETS[:1]) -> bool:
        body = body_of(event)
        headers = {"stripe-signature": signed(body, list(secrets))}
        return bool((await self.intake.receive("stripe", body.encode(), headers)).new)

    async def deliver(self, events: Iterable[Object], chance: Random | None = None) -> None:
        """And handled, one after the other as they come."""
        waiting = list(events)
        if chance is not None:
            chance.shuffle(waiting)
        for event in waiting:
            await self.receive(event)
            await self.handling.queue.round()

    async def time_passes(self) -> None:
        """Every retry is due."""
        async with self.engine.begin() as connection:
            await connection.execute(
                text("UPDATE work SET next_at = next_at - make_interval(secs => :s)"), {"s": RETRIED_S}
            )

    async def notices(self) -> list[StoredNotice]:
        """The oldest first."""
        async with self.engine.connect() as connection:
            found = [inbox.told(row) for row in await connection.execute(inbox.newest(100))]
        return found[::-1]

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────
    async def account(self) -> Account:
        async with self.engine.connect() as connection:
            stored = await head(connection, self.customer_id)
        assert stored is not None
        return decode_whole_account(stored.state, stored.books, stored.seq)

    async def payments(self) -> list[Payment]:
        return list((await self.account()).books.payments.values())

    async def payment(self) -> Payment:
        (payment,) = await self.payments()
        return payment

    async def link(self) -> ProviderLink:
        return (await self.account()).books.links["stripe"]

    async def drift(self) -> list[str]:
        """Without the provider's names of things, which are drawn."""
        return [words.partition(": ")[2] for words in (await self.link()).drift]

    async def tokens(self) -> list[str]:
        """Of the ways to pay that are left."""
        return [one.token for one in (await self.account()).books.methods if one.removed_at is None]

    async def statuses(self) -> list[InvoiceStatus]:
        return [one.status for one in (await self.account()).books.receivables.values()]

    async def state(self) -> dict[str, Any]:
        """All that must be the same whatever the order: without instants."""
        books = (await self.account()).books
        return {
            "payments": {
                one.id: (one.status, one.reference, one.refunded, sorted(back.id for back in one.refunds))
                for one in books.payments.values()
            },
            "invoices": {one.id: (one.status, one.due) for one in books.receivables.values()},
            "methods": sorted((one.token, one.removed_at is None, one.expires) for one in books.methods),
            "default": None if books.method is None else books.method.token,
            "links": {name: (link.reference, link.drift) for name, link in books.links.items()},
            "credits": sorted((one.amount, one.remaining) for one in books.credits.values()),
        }

    async def entries(self) -> int:
        """How many there are in the customer's journal."""
        async with self.engine.connect() as connection:
            stored = await head(connection, self.customer_id)
        assert stored is not None
        return stored.seq

    async def contents(self) -> bytes:
        """All that is stored, of anybody."""
        async with self.engine.connect() as connection:
            tables = ("journal", "streams", "inbox", "comparisons", "holdings", "effects", "ledger")
            rows = [
                [str(row) for row in await connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2"))]
                for name in tables
            ]
        return msgspec.json.encode(rows)

    async def faults(self) -> list[str]:
        return [fault.what async for fault in verify(self.engine)]
