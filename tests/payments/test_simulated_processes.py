"""What the simulated provider was asked by one process, another one knows: a server charges, a worker gives back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from paying_shop import Shop
from sqlalchemy import text

from adapters.secrets import Secrets
from adapters.settings import DeploymentSettings
from domain import commands as c
from domain.books.payment import FailureCode, PaymentStatus
from domain.money import Money
from domain.providers.provider import ChargeRequest, Mirror, MirrorState, Repayment, Succeeded
from service.runtime import Runtime
from tollgate.wiring import open_runtime

SETTINGS = DeploymentSettings(_env_file=None, simulated_payments=True)  # type: ignore[call-arg]
SECRETS = Secrets(b"m" * 40, b"t" * 40, None)


@asynccontextmanager
async def processes(dsn: str) -> AsyncIterator[tuple[Runtime, Runtime]]:
    async with open_runtime(SETTINGS, SECRETS, dsn) as server, open_runtime(SETTINGS, SECRETS, dsn) as worker:
        yield server, worker


async def test_what_one_process_charged_another_gives_back(dsn: str, shop: Shop) -> None:
    await shop.open("succeeds")
    await shop.sell("100.00")
    async with processes(dsn) as (server, worker):
        await server.charging.queue.round()
        (payment,) = await shop.payments()
        await shop.do(c.RefundPayment("refund_1", payment.id, Decimal(30)))
        await worker.charging.queue.round()
    (payment,) = await shop.payments()
    assert (payment.refunds[0].failure, payment.status) == (None, PaymentStatus.PARTIALLY_REFUNDED)
    assert await shop.faults() == []


async def test_an_answer_that_one_process_lost_is_told_to_another(dsn: str, shop: Shop) -> None:
    await shop.open("times_out_after_charging")
    await shop.sell("100.00")
    async with processes(dsn) as (server, worker):
        await server.charging.queue.round()
        (payment,) = await shop.payments()
        assert payment.status is PaymentStatus.PENDING
        await worker.charging.queue.round()
    (payment,) = await shop.payments()
    assert (payment.status, payment.reference) == (PaymentStatus.SUCCEEDED, f"simulated_{payment.id}")


async def test_a_card_that_declines_once_has_declined_for_all_processes(dsn: str, shop: Shop) -> None:
    await shop.open("declines_then_succeeds")
    await shop.sell("100.00")
    async with processes(dsn) as (server, worker):
        await server.charging.queue.round()
        await shop.at("2026-01-03")
        await worker.charging.queue.round()
    assert [one.failure for one in await shop.payments()] == [FailureCode.DECLINED, None]


async def test_two_processes_that_charge_and_give_back_at_once_do_it_once(dsn: str, shop: Shop) -> None:
    asked = ChargeRequest("payment_1", "anon_1", Money(Decimal("10.00"), "USD"), "succeeds")
    back = Repayment("refund_1", "payment_1", Money(Decimal("10.00"), "USD"), None)
    async with processes(dsn) as runtimes:
        providers = [one.providers["simulated"] for one in runtimes]
        assert [await one.charge(asked) for one in providers] == [Succeeded("simulated_payment_1")] * 2
        assert [await one.refund(back) for one in providers] == [Succeeded("simulated_refund_1")] * 2
    async with shop.engine.connect() as connection:
        query = "SELECT state->>'asked', state->'refunds'->>'refund_1' FROM simulated WHERE kind = 'charge'"
        assert [tuple(row) for row in await connection.execute(text(query))] == [("2", "10.00")]


async def test_what_one_process_told_of_a_customer_another_forgets(dsn: str, shop: Shop) -> None:
    async with processes(dsn) as runtimes:
        server, worker = (one.providers["simulated"] for one in runtimes)
        reference = await server.link("anon_1")
        await server.push(reference, Mirror("invoice_1", "USD", (Decimal("10.00"),), MirrorState.FINAL), None)
        async with shop.engine.connect() as connection:
            query = "SELECT id, state->'copies'->'invoice_1'->>'state' FROM simulated"
            assert [tuple(row) for row in await connection.execute(text(query))] == [("simulated_anon_1", "FINAL")]
        await worker.forget(reference)
        async with shop.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM simulated"))).scalar_one() == 0
