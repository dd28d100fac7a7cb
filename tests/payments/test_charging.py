"""Asking the provider after the fact: once, whatever is lost, raced or killed in between."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from paying_shop import BY, Shop
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.payments.simulated import Simulated
from domain import commands as c
from domain.books.invoice import InvoiceStatus
from domain.books.payment import FailureCode, PaymentStatus
from domain.errors import ErrorCode, Refusal
from domain.providers.provider import ChargeRequest, Outcome
from service.operations import replay
from service.providers.payments import Charging


async def settled(shop: Shop) -> None:
    """Rounds until nothing is open."""
    for _ in range(5):
        await shop.charging.queue.round()
        if not await shop.open_effects():
            return
    raise AssertionError("still open")


async def statuses(shop: Shop) -> list[PaymentStatus]:
    return [one.status for one in await shop.payments()]


# ── the way it goes ──────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_final_invoice_is_charged_to_the_default_method_of_a_customer_in_their_own_time(shop: Shop) -> None:
    await shop.open("succeeds")
    invoice_id = await shop.sell("100.00")
    assert (await statuses(shop), await shop.open_effects(), shop.taken()) == ([PaymentStatus.PENDING], 1, 0)
    assert await shop.charging.queue.round() == 1
    assert (await shop.owed(invoice_id)).status is InvoiceStatus.PAID
    (payment,) = await shop.payments()
    assert payment.reference == f"simulated_{payment.id}"
    assert shop.provider.made[payment.id].charge.anonymous_id.startswith("anon_")
    assert (await shop.charging.queue.round(), await shop.open_effects(), shop.taken()) == (0, 0, Decimal("100.00"))
    assert await shop.faults() == []


async def test_a_payment_by_hand_is_tried_at_once(shop: Shop) -> None:
    await shop.open(None)
    invoice_id = await shop.sell("100.00")
    await shop.add_method("succeeds")
    await shop.do(c.PayInvoice("payment_1", invoice_id))
    recorded = await shop.charging.settle(shop.customer_id, "payment_1")
    assert recorded is not None
    assert recorded.state.books.payments["payment_1"].status is PaymentStatus.SUCCEEDED
    assert await shop.charging.settle(shop.customer_id, "payment_1") is None
    assert shop.taken() == Decimal("100.00")


async def test_dunning_goes_on_until_the_card_works(shop: Shop) -> None:
    await shop.open("declines_then_succeeds")
    invoice_id = await shop.sell("100.00")
    await shop.charging.queue.round()
    assert (await shop.payments())[0].failure is FailureCode.DECLINED
    await shop.at("2026-01-03")
    await shop.charging.queue.round()
    assert (await shop.owed(invoice_id)).status is InvoiceStatus.PAID
    assert await shop.faults() == []


async def test_who_never_pays_is_suspended_and_paying_restores(shop: Shop) -> None:
    await shop.open("declines")
    await shop.sell("100.00")
    for day in ("01", "03", "08", "15", "22", "29"):
        await shop.at(f"2026-01-{day}")
        await shop.charging.queue.round()
    assert (await shop.account()).owing.suspended_at is not None
    await shop.add_method("succeeds")
    await shop.charging.queue.round()
    account = await shop.account()
    assert (account.owing.suspended_at, account.owing.amounts) == (None, {})
    assert shop.taken() == Decimal("100.00")


async def test_what_needs_action_waits_for_the_customer_and_is_seen_when_asked(shop: Shop) -> None:
    await shop.open("needs_action")
    await shop.sell("100.00")
    await shop.charging.queue.round()
    (payment,) = await shop.payments()
    assert (payment.status, payment.waiting) == (PaymentStatus.PENDING, True)
    assert (await shop.charging.queue.round(), await shop.open_effects()) == (0, 0)
    shop.provider.confirm(payment.id)
    await shop.charging.settle(shop.customer_id, payment.id)
    assert await statuses(shop) == [PaymentStatus.SUCCEEDED]


async def test_a_refund_is_made_once(shop: Shop) -> None:
    await shop.open("succeeds")
    await shop.sell("100.00")
    await shop.charging.queue.round()
    (payment,) = await shop.payments()
    await shop.do(c.RefundPayment("refund_1", payment.id, Decimal(30)))
    assert await shop.open_effects() == 1
    await shop.charging.queue.round()
    assert await shop.charging.queue.round() == 0
    assert shop.provider.made[payment.id].refunds == {"refund_1": Decimal("30.00")}
    assert await statuses(shop) == [PaymentStatus.PARTIALLY_REFUNDED]
    assert await shop.faults() == []


async def test_what_a_refused_refund_says_is_recorded(shop: Shop) -> None:
    await shop.open("succeeds")
    await shop.sell("100.00")
    await shop.charging.queue.round()
    (payment,) = await shop.payments()
    shop.provider.made[payment.id].refunds["elsewhere"] = Decimal("90.00")
    await shop.do(c.RefundPayment("refund_1", payment.id))
    await shop.charging.queue.round()
    (payment,) = await shop.payments()
    assert (payment.refunds[0].failure, payment.status) == ("more than was charged", PaymentStatus.SUCCEEDED)


# ── what is lost on the way ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("token", ["times_out_after_charging", "times_out_before_charging"])
async def test_what_nobody_knows_is_asked_again_under_the_same_id(shop: Shop, token: str) -> None:
    """Polar #13272: a payment without an answer stood in the way for ever."""
    await shop.open(token)
    invoice_id = await shop.sell("100.00")
    await shop.charging.queue.round()
    assert (await statuses(shop), await shop.open_effects()) == ([PaymentStatus.PENDING], 1)
    with pytest.raises(Refusal) as no:  # nor can it be paid twice meanwhile: Polar #10653
        await shop.do(c.PayInvoice("payment_2", invoice_id))
    assert no.value.code is ErrorCode.CONFLICT
    await shop.at("2026-02-01")
    await settled(shop)
    assert await statuses(shop) == [PaymentStatus.SUCCEEDED]
    assert (shop.taken(), len(shop.provider.made)) == (Decimal("100.00"), 1)


async def test_what_rests_holds_up_nobody(shop: Shop, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.later.resting.REST_S_MIN", 60.0)
    await shop.open("times_out_before_charging")
    await shop.sell("100.00")
    other = await Shop(engine, shop.provider).open("succeeds")
    await other.sell("70.00")
    assert await shop.charging.queue.round() == 2
    assert await shop.charging.queue.round() == 0
    assert await statuses(other) == [PaymentStatus.SUCCEEDED]
    assert (
        await shop.charging.queue.round_of(shop.customer_id)
    ).done == 1  # what is asked for is asked, rest or no rest
    assert await statuses(shop) == [PaymentStatus.SUCCEEDED]


class Dies(Exception):
    pass


async def test_a_worker_that_dies_between_the_charge_and_the_record_leaves_it_to_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.open("succeeds")
    invoice_id = await shop.sell("100.00")

    async def dies(customer_id: str, command: Any, by: Any) -> Any:
        if isinstance(command, c.SettlePayment):
            raise Dies
        return await shop.record(customer_id, command, by)

    broken = Charging(shop.engine, dies, {"simulated": shop.provider})  # type: ignore[arg-type]
    assert await broken.queue.round() == 1
    assert (shop.taken(), await statuses(shop)) == (Decimal("100.00"), [PaymentStatus.PENDING])
    await shop.charging.queue.round()
    assert (shop.taken(), (await shop.owed(invoice_id)).paid) == (Decimal("100.00"), Decimal("100.00"))


class Slow(Simulated):
    """Counts who is in it at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = self.most = self.calls = 0

    async def charge(self, charge: ChargeRequest) -> Outcome:
        self.calls += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0.05)
        self.inside -= 1
        return await super().charge(charge)


async def test_two_workers_and_an_impatient_customer_ask_once(engine: AsyncEngine) -> None:
    shop = await Shop(engine, Slow()).open("succeeds")
    await shop.sell("100.00")
    (payment,) = await shop.payments()
    other = Charging(engine, shop.record, {"simulated": shop.provider})
    await asyncio.gather(
        shop.charging.queue.round(),
        other.queue.round(),
        shop.charging.settle(shop.customer_id, payment.id),
        other.queue.round(),
    )
    assert isinstance(shop.provider, Slow)
    assert (shop.provider.most, shop.provider.calls) == (1, 1)
    assert await statuses(shop) == [PaymentStatus.SUCCEEDED]


async def test_a_provider_that_does_not_answer_is_not_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.providers.payments.charging.ANSWER_S_MAX", 0.01)
    shop = await Shop(shop.engine, Slow()).open("succeeds")
    await shop.sell("100.00")
    await shop.charging.queue.round()
    assert await statuses(shop) == [PaymentStatus.PENDING]


async def test_a_provider_that_this_process_does_not_know_is_left_to_others(shop: Shop) -> None:
    await shop.open("succeeds")
    await shop.sell("100.00")
    stranger = Charging(shop.engine, shop.record, {})
    assert await stranger.queue.round() == 1
    assert await statuses(shop) == [PaymentStatus.PENDING]


# ── what changed meanwhile ───────────────────────────────────────────────────────────────────────────────────────────
async def test_what_needs_no_payment_any_more_is_not_charged(shop: Shop) -> None:
    """Polar #11680: a void order was charged."""
    await shop.open("succeeds")
    invoice_id = await shop.sell("100.00")
    await shop.do(c.RecordPayment("payment_1", Decimal(100), "USD", invoice_ids=(invoice_id,)))
    await shop.charging.queue.round()
    assert [one.failure for one in await shop.payments()] == [FailureCode.NOT_NEEDED, None]
    assert (shop.taken(), (await shop.account()).prepaid) == (0, {})


async def test_unless_it_was_charged_before_and_only_the_answer_was_lost(shop: Shop) -> None:
    """Lago #5708: the second payment is not lost but becomes credit, which can be refunded."""
    await shop.open("times_out_after_charging")
    invoice_id = await shop.sell("100.00")
    await shop.charging.queue.round()
    await shop.do(c.RecordPayment("payment_1", Decimal(100), "USD", invoice_ids=(invoice_id,)))
    await shop.charging.queue.round()
    assert await statuses(shop) == [PaymentStatus.SUCCEEDED, PaymentStatus.SUCCEEDED]
    assert (shop.taken(), (await shop.account()).prepaid) == (Decimal("100.00"), {"USD": Decimal("100.00")})
    charged = (await shop.payments())[0]
    await shop.do(c.RefundPayment("refund_1", charged.id))
    await shop.charging.queue.round()
    assert ((await shop.account()).prepaid, shop.provider.made[charged.id].refunds) == (
        {},
        {"refund_1": Decimal("100.00")},
    )


async def test_an_erased_customer_is_still_told_what_became_of_their_money(shop: Shop) -> None:
    await shop.open("succeeds")
    await shop.sell("100.00")
    await shop.do(c.EraseCustomer())
    await shop.charging.queue.round()
    assert await statuses(shop) == [PaymentStatus.SUCCEEDED]
    await shop.charging.queue.round()  # and then they are forgotten at the provider
    assert (await shop.open_effects(), shop.provider.customers, (await shop.account()).books.links) == (0, {}, {})
    assert await shop.faults() == []


async def test_replay_puts_back_what_is_to_be_asked(shop: Shop) -> None:
    await shop.open("succeeds")
    await shop.sell("100.00")
    async with shop.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM effects")
    assert await shop.faults() == ["what providers are still to be asked differs from the journal"]
    await replay.replay(shop.engine)
    assert (await shop.faults(), await shop.open_effects()) == ([], 1)


async def test_an_answer_that_comes_twice_or_late_is_recorded_once(shop: Shop) -> None:
    await shop.open("succeeds")
    await shop.sell("100.00")
    (payment,) = await shop.payments()
    for command in [
        c.SettlePayment(payment.id, FailureCode.DECLINED),
        c.SettlePayment(payment.id),
        c.SettlePayment(payment.id),
        c.SettlePayment(payment.id, FailureCode.DECLINED),
    ]:
        await shop.record(shop.customer_id, command, BY)
    assert await statuses(shop) == [PaymentStatus.SUCCEEDED]
    assert (await shop.account()).owing.amounts == {}
    assert await shop.faults() == []
