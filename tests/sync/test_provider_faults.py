"""Random lives of a customer between the journal and a Stripe that fails in all its ways, with workers that die. Each
seed is one life. When Stripe is well again: what it has charged and given back is in the journal, one to one; every
command that was acknowledged is there; every invoice has one copy, to the cent; there is one customer, or none once
erased."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from stripe_fake import FakeStripe, Fault
from stripe_fake.account import Object
from stripe_fake.payments import authenticate
from told_shop import ToldShop

from adapters.stripe.client import Api
from adapters.stripe.minor import money
from adapters.stripe.provider import StripeProvider
from adapters.stripe.rate_limit import CallLimit
from domain import commands as c
from domain.books.invoice import InvoiceStatus
from domain.books.payment import RefundTarget
from domain.errors import Refusal
from domain.money import Money
from domain.providers.provider import Unknown
from service.ids import new_id
from service.providers.payments import Charging

BLOCKS, LIVES = 10, 20
STEPS_MAX = 12
ANSWER_S_MAX = 0.04
LATE_S = 0.05
QUICK = tuple(one for one in Fault if not (one.name.startswith("SILENT") or one is Fault.LATE))
FAULTS = (*QUICK, *QUICK, *Fault)
"""Silence takes its time, so there is less of it."""
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined", "pm_card_threeDSecure2Required")


class Dies(Exception):
    """The worker, in the midst of it."""


class Patient:
    """Sleeps without waiting."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


class Life:
    def __init__(self, shop: ToldShop, random: Random) -> None:
        self.shop, self.random = shop, random
        self.day = 1
        self.acknowledged: set[str] = set()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────────
    async def step(self) -> None:
        acts: list[Callable[[], Awaitable[Any]]] = [
            self.sell,
            self.charge,
            self.charge,
            self.charge_and_die,
            self.sync,
            self.sync_now,
            self.confirm,
            self.refund,
            self.pay,
            self.change_card,
            self.wait,
            self.a_day_later,
        ]
        with suppress(Refusal, Unknown, Dies):
            await self.random.choice(acts)()

    async def sell(self) -> None:
        self.acknowledged.add(
            await self.shop.sell(f"{self.random.randrange(100, 9000)}.{self.random.randrange(100):02}")
        )

    async def charge(self) -> None:
        await self.shop.charging.queue.round()

    async def charge_and_die(self) -> None:
        """Before or after what it does is committed."""
        record, after = self.shop.record, self.random.random() < 0.5

        async def dies(customer_id: str, command: Any, by: Any) -> Any:
            if after:
                await record(customer_id, command, by)
            raise Dies

        charging = Charging(self.shop.engine, dies, self.shop.providers)  # type: ignore[arg-type]
        await charging.queue.round()
        self.shop.begin(self.shop.providers["stripe"])

    async def sync(self) -> None:
        await self.shop.later()
        await self.shop.sync.queue.round()

    async def sync_now(self) -> None:
        await self.shop.sync.now(self.shop.customer_id)

    async def confirm(self) -> None:
        """In Stripe's form; Tollgate hears of it now, later, or never."""
        waiting = [one for one in self.shop.fake.account.of("payment_intent") if one["status"] == "requires_action"]
        if waiting:
            one = self.random.choice(waiting)
            authenticate(self.shop.fake.account, one["id"], well=self.random.random() < 0.7)
            if self.random.random() < 0.5:
                await self.shop.charging.settle(self.shop.customer_id, one["metadata"]["payment"])

    async def refund(self) -> None:
        paid = [one for one in await self.shop.payments() if one.failure is None and one.settled_at is not None]
        if paid:
            payment, id = self.random.choice(paid), new_id("refund")
            part = self.random.choice([None, Decimal("1.00")])
            await self.shop.do(c.RefundPayment(id, payment.id, part))
            self.acknowledged.add(id)

    async def pay(self) -> None:
        owed = list((await self.shop.account()).books.open)
        if owed:
            id = new_id("payment")
            await self.shop.do(c.PayInvoice(id, self.random.choice(owed).id))
            self.acknowledged.add(id)
            await self.shop.charging.settle(self.shop.customer_id, id)

    async def change_card(self) -> None:
        before = [one for one in (await self.shop.account()).books.methods if one.removed_at is None]
        self.acknowledged.add(await self.shop.card(self.random.choice(CARDS)))
        if before and self.random.random() < 0.5:
            await self.shop.do(c.RemoveMethod(before[0].id))

    async def wait(self) -> None:
        self.day += self.random.randrange(1, 6)
        await self.shop.at(f"2026-{1 + self.day // 28:02}-{1 + self.day % 28:02}")

    async def a_day_later(self) -> None:
        await self.shop.fake.idle()  # what was under way then has ended
        self.shop.fake.forget_keys()

    # ── how it ends ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def end(self) -> None:
        """Stripe is well again, tells what it has (as webhooks do), and the workers have done what there was."""
        shop = self.shop
        shop.fake.faults.clear()
        await self.a_day_later()
        shop.begin()  # with the patience it takes
        for _ in range(12):
            await shop.charging.queue.round()
            for payment in await shop.payments():
                if payment.settled_at is None:
                    await shop.charging.settle(shop.customer_id, payment.id)
            if not await shop.open_effects() and not await self.heard():
                break
        else:
            raise AssertionError("it never ends")
        for _ in range(5):
            await shop.later(60)
            await shop.sync.queue.round()
            row = await shop.row()
            if row is None or row.dirty_since is None:
                break
        else:
            raise AssertionError("it is never told")

    async def heard(self) -> bool:
        """Money that came in although the payment was over: the webhook says so."""
        payments = {one.id: one for one in await self.shop.payments()}
        late = [
            (payments[one["metadata"]["payment"]], one["id"])
            for one in self.shop.fake.account.of("payment_intent")
            if one["status"] == "succeeded" and payments[one["metadata"]["payment"]].failure is not None
        ]
        for payment, reference in late:
            await self.shop.do(c.SettlePayment(payment.id, reference=reference))
        return bool(late)

    async def check(self) -> None:
        account, fake = await self.shop.account(), self.shop.fake.account
        payments = [one for one in account.books.payments.values() if one.provider == "stripe"]
        there = Counter(
            (one["metadata"]["payment"], money(one["amount"], one["currency"]))
            for one in fake.of("charge")
            if one["paid"]
        )
        here = [(one.id, Money(one.amount, one.currency)) for one in payments if one.settled_at and one.failure is None]
        assert there == Counter(here)
        given_back = Counter(
            (one["metadata"]["refund"], money(one["amount"], one["currency"]))
            for one in fake.of("refund")
            if one["status"] == "succeeded"
        )
        refunds = [
            (refund, one.currency) for one in payments for refund in one.refunds if refund.to is RefundTarget.METHOD
        ]
        assert given_back == Counter(
            (one.id, Money(one.amount, currency)) for one, currency in refunds if one.settled_at is not None
        )
        assert all(one.settled_at is not None or one.failure is not None for one, _ in refunds)
        known = {
            *account.books.receivables,
            *account.books.payments,
            *(one.id for one, _ in refunds),
            *(one.id for one in account.books.methods),
        }
        assert self.acknowledged <= known
        if account.customer is not None and account.customer.erased_at is not None:
            assert (self.shop.customers, account.books.links) == ([], {})
            return
        self.check_copies(account.books.receivables)
        assert [one["metadata"] for one in self.shop.customers] == [{"tollgate": account.customer.anonymous_id}]  # type: ignore[union-attr]
        removed = [one.token for one in account.books.methods if one.removed_at is not None]
        busy = {one.method_id for one in payments if one.settled_at is None}
        kept = {one.token for one in account.books.methods if one.id in busy}
        assert all(fake.objects[token]["customer"] is None for token in removed if token not in kept)
        assert account.books.links["stripe"].drift == ()

    def check_copies(self, receivables: dict[str, Any]) -> None:
        copies: list[Object] = self.shop.fake.account.of("invoice")
        statuses = {InvoiceStatus.PAID: "paid", InvoiceStatus.VOID: "void"}
        assert sorted(
            (one["metadata"]["invoice"], money(one["total"], one["currency"]), one["status"]) for one in copies
        ) == sorted(
            (one.id, Money(one.total, one.currency), statuses.get(one.status, "open")) for one in receivables.values()
        )


@pytest.mark.parametrize("block", range(BLOCKS))
async def test_whatever_fails_what_stripe_has_is_what_the_journal_says(
    engine: AsyncEngine, stripe_server: FakeStripe, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("service.later.resting.REST_S_MIN", 0.0)
    monkeypatch.setattr("service.later.resting.REST_S_MAX", 0.0)
    patient = Patient()
    limit = CallLimit(10_000, 1_000, now=patient.now, sleep=patient.sleep)
    patiently = Api(stripe_server.key, limit, address=stripe_server.url)
    api = Api(stripe_server.key, limit, address=stripe_server.url, answer_s_max=ANSWER_S_MAX)
    shop = None
    for seed in range(block * LIVES, (block + 1) * LIVES):
        random = Random(seed)
        stripe_server.reset(seed)
        stripe_server.late_s = LATE_S
        stripe_server.account.search_lags = random.random() < 0.3
        shop = await ToldShop(engine, stripe_server, StripeProvider(patiently)).opened(random.choice(CARDS))
        shop.begin(StripeProvider(api))
        life = Life(shop, random)
        await life.sell()
        stripe_server.faults.at_random(random, random.choice([0.0, 0.1, 0.3, 0.6]), FAULTS)
        try:
            for _ in range(random.randrange(3, STEPS_MAX)):
                await life.step()
            if random.random() < 0.15:
                await shop.do(c.EraseCustomer())
            await life.end()
            await life.check()
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        await shop.execute("DELETE FROM provider_sync")
    assert shop is not None
    assert await shop.faults() == []
    await api.close()
    await patiently.close()
