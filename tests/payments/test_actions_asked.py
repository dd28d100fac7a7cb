"""What a customer opens to confirm a payment is asked of the provider, a few at a time, and never waited for long."""

import asyncio

import pytest
from paying_shop import Shop

from adapters.payments.simulated import Simulated
from adapters.postgres.codec import decode_event, encode
from domain import commands as c
from domain import events as e
from domain.books.payment import FailureCode
from domain.providers.provider import ChargeRequest, Outcome
from service.providers.payments import Charging, Confirming


class Slow(Simulated):
    """Counts who looks, and at how many at a time."""

    def __init__(self, seconds: float = 0.01) -> None:
        super().__init__()
        self.seconds = seconds
        self.looked_for: list[str] = []
        self.now, self.most = 0, 0
        self.is_asked = asyncio.Event()

    async def outcome_of(self, charge: ChargeRequest) -> Outcome | None:
        self.looked_for.append(charge.payment_id)
        self.is_asked.set()
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
            return await super().outcome_of(charge)
        finally:
            self.now -= 1


@pytest.fixture
def provider() -> Slow:
    return Slow()


@pytest.fixture
def confirming(provider: Slow) -> Confirming:
    return Confirming({"simulated": provider}, at_once=2)


async def shown(shop: Shop, confirming: Confirming) -> list[str | None]:
    account = await shop.account()
    return await asyncio.gather(*(confirming.action_of(account, one) for one in account.books.payments.values()))


async def waiting(shop: Shop, provider: Slow, payments: int = 1) -> list[str]:
    """Their ids."""
    shop.provider, shop.charging = provider, Charging(shop.engine, shop.record, {"simulated": provider})
    await shop.open("needs_action")
    for _ in range(payments):
        await shop.sell("10.00")
    await shop.charging.queue.round()
    return [one.id for one in await shop.payments()]


async def test_a_page_asks_for_a_few_at_a_time(shop: Shop, provider: Slow, confirming: Confirming) -> None:
    ids = await waiting(shop, provider, 5)
    assert await shown(shop, confirming) == [f"https://pay.example/confirm/{id}" for id in ids]
    assert (sorted(provider.looked_for), provider.most) == (sorted(ids), 2)


async def test_two_who_ask_for_one_payment_get_one_answer(shop: Shop, provider: Slow, confirming: Confirming) -> None:
    (id,) = await waiting(shop, provider)
    account = await shop.account()
    asked = [confirming.action_of(account, account.books.payments[id]) for _ in range(3)]
    gone, *others = map(asyncio.create_task, asked)
    await provider.is_asked.wait()
    gone.cancel()
    assert await asyncio.gather(*others) == [f"https://pay.example/confirm/{id}"] * 2
    assert provider.looked_for == [id]


async def test_what_is_settled_is_not_asked_for(shop: Shop, provider: Slow, confirming: Confirming) -> None:
    (id,) = await waiting(shop, provider)
    account = await shop.account()
    await shop.do(c.SettlePayment(id, FailureCode.DECLINED))
    assert await shown(shop, confirming) == [None]
    assert provider.looked_for == []
    # Who still sees it as it was is told nothing that is over.
    provider.confirm(id)
    assert await confirming.action_of(account, account.books.payments[id]) is None


async def test_one_who_was_erased_has_nothing_to_confirm(shop: Shop, provider: Slow, confirming: Confirming) -> None:
    await waiting(shop, provider)
    await shop.do(c.EraseCustomer())
    assert await shown(shop, confirming) == [None]
    assert provider.looked_for == []


async def test_nobody_waits_long_for_a_provider(shop: Shop, provider: Slow) -> None:
    await waiting(shop, provider, 3)
    provider.seconds = 60
    assert await shown(shop, Confirming({"simulated": provider}, at_once=1, answer_s_max=0.05)) == [None] * 3
    assert await shown(shop, Confirming({})) == [None] * 3


async def test_a_provider_that_breaks_is_one_that_does_not_answer(
    shop: Shop, provider: Slow, confirming: Confirming, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(shop, provider)
    monkeypatch.setattr(provider, "seconds", "not a number")
    assert await shown(shop, confirming) == [None]


def test_an_old_fact_that_says_what_was_to_be_opened_is_read_without_it() -> None:
    old = '{"type":"payment.needs_action","action":"pi_1_secret_2","payment_id":"payment_1"}'
    assert decode_event(old, 1) == e.PaymentNeedsAction("payment_1")
    assert "secret" not in encode(decode_event(old, 1))
