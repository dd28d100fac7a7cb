"""Bugs that others had with the order, the number and the delay of webhooks. Ours end in the same state, always."""

import asyncio
from random import Random

import pytest
from stripe_fake.account import Object
from stripe_fake.customers import complete_setup, delete_customer, detach_method, update_customer, update_method
from stripe_fake.payments import authenticate
from stripe_fake.refunds import close_dispute, create_refund, dispute
from stripe_shop import BY, Shop

from domain.books.invoice import InvoiceStatus
from domain.books.payment import PaymentStatus
from domain.providers.provider import Unknown
from service.providers.webhooks import Handling
from service.write.record import Record

NEEDS_ACTION = "pm_card_authenticationRequired"


async def eventful(shop: Shop) -> list[Object]:
    """A payment that is confirmed late, partly given back in the dashboard, disputed and lost; a second card, whose
    bank renews it, and the first one taken off."""
    first = (await shop.tokens())[0]
    sold = await shop.sold("100.00")
    assert sold.reference is not None
    stripe = shop.fake.account
    create_refund(stripe, {"payment_intent": sold.reference, "amount": 2500})
    dispute_id = dispute(stripe, (await shop.sold("40.00")).reference or "")["id"]
    reference = (await shop.link()).reference
    secret = await shop.provider.set_up(reference, "second")
    second = complete_setup(stripe, secret, "pm_card_mastercard")["id"]
    update_method(stripe, {"card": {"exp_year": 2041, "exp_month": 1}}, second)
    detach_method(stripe, {}, first)
    close_dispute(stripe, dispute_id, won=False)
    return shop.events()


async def test_any_order_and_number_of_deliveries_ends_in_the_same_state(shop: Shop) -> None:
    """laravel/cashier-stripe #1201, stripe/stripe-cli #418: one life, told in its order, then again and again, shuffled
    and doubled, days late."""
    events = await eventful(shop)
    await shop.deliver(events)
    state, entries = await shop.state(), await shop.entries()
    assert [one[0] for one in state["payments"].values()] == [PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED]
    assert [(still, expires) for _, still, expires in state["methods"] if still] != []
    for seed in range(5):
        again = [{**event, "id": f"{event['id']}_{seed}"} for event in events * 2]
        await shop.deliver(again, Random(seed))
        assert (await shop.state(), await shop.entries()) == (state, entries)


@pytest.mark.parametrize("seed", range(6))
async def test_told_in_another_order_from_the_start_it_comes_to_the_same(shop: Shop, seed: int) -> None:
    await shop.deliver([*await eventful(shop)] * 2, Random(seed))
    found = await shop.state()
    assert [(one[0], one[2]) for one in found["payments"].values()] == [
        (PaymentStatus.PARTIALLY_REFUNDED, 25),
        (PaymentStatus.REFUNDED, 40),
    ]
    assert [still for _, still, _ in found["methods"]].count(True) == 1
    assert [token for token, still, _ in found["methods"] if still] == [found["default"]]
    assert [str(expires) for _, still, expires in found["methods"] if still] == ["2041-01-31"]
    assert found["links"]["stripe"][1] == ()


async def test_what_was_deleted_stays_deleted_though_an_update_comes_late(shop: Shop) -> None:
    """managoat/fountain #158: a late "active" after "deleted" brought a cancelled account back."""
    reference = (await shop.link()).reference
    update_customer(shop.fake.account, {"metadata": {}}, reference)
    delete_customer(shop.fake.account, {}, reference)
    late, deleted = shop.events("customer.updated", "customer.deleted")
    await shop.deliver([deleted, late])
    account = await shop.account()
    assert (account.books.links, await shop.tokens()) == ({}, [])


async def test_a_handler_that_fails_is_run_again_until_the_effect_is_there(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NorthlandPositronics/Cogtrix #125: the event was marked as done before its handler ran."""
    token = (await shop.tokens())[0]
    detach_method(shop.fake.account, {}, token)

    async def away(*_: object) -> object:
        raise Unknown("no answer from Stripe")

    with monkeypatch.context() as broken:
        broken.setattr(shop.records, "methods", away)
        await shop.deliver(shop.events("payment_method.detached"))
    (notice,) = [one for one in await shop.notices() if one.type == "payment_method.detached"]
    assert (notice.state, notice.error, notice.handled_at) == ("PENDING", "no answer from Stripe", None)
    assert (await shop.tokens(), await shop.handling.queue.round()) == ([token], 0)
    await shop.time_passes()
    assert await shop.handling.queue.round() == 1
    assert await shop.tokens() == []


async def test_a_worker_that_dies_over_a_notice_leaves_it_to_the_next(shop: Shop) -> None:
    class Died(BaseException):
        pass

    class Dies(Record):
        async def __call__(self, *_: object, **__: object) -> object:  # type: ignore[override]
            raise Died

    detach_method(shop.fake.account, {}, (await shop.tokens())[0])
    await shop.receive(shop.events("payment_method.detached")[0])
    looking = type(shop.looking)(
        shop.engine,
        Dies(shop.engine, None, None),
        shop.charging,
        shop.looking.records,  # type: ignore[arg-type]
    )
    with pytest.raises(Died):
        await Handling(shop.engine, looking, shop.instruments).queue.round()
    assert await shop.handling.queue.round() == 0  # its lease runs
    await shop.time_passes()
    assert (await shop.handling.queue.round(), await shop.tokens()) == (1, [])


async def test_one_notice_that_two_workers_and_support_handle_at_once_has_one_effect(shop: Shop) -> None:
    """webrenew/memories #396, wasp-lang/open-saas #688: a second delivery ran the side effects again."""
    sold = await shop.sold("100.00")
    create_refund(shop.fake.account, {"payment_intent": sold.reference, "amount": 2500})
    event = shop.events("refund.created")[0]
    await shop.receive(event)
    (notice,) = [one for one in await shop.notices() if one.type == "refund.created"]
    other = Handling(shop.engine, shop.looking, shop.instruments)
    await asyncio.gather(
        shop.handling.queue.round(),
        other.queue.round(),
        shop.handling.replay(notice.id, BY),
        other.replay(notice.id, BY),
    )
    assert [one.amount for one in (await shop.payment()).refunds] == [25]


async def test_ids_and_times_of_events_order_nothing(shop: Shop) -> None:
    """zed-industries/zed #15510: ids do not increase; and of one second everything has the same time."""
    token = (await shop.tokens())[0]
    update_method(shop.fake.account, {"card": {"exp_year": 2040, "exp_month": 2}}, token)
    update_method(shop.fake.account, {"card": {"exp_year": 2041, "exp_month": 3}}, token)
    older, newer = shop.events("payment_method.updated")
    await shop.deliver([{**newer, "id": "evt_a", "created": 1}, {**older, "id": "evt_z", "created": 2_000_000_000}])
    assert [str(one.expires) for one in (await shop.account()).books.methods] == ["2041-03-31"]


async def test_a_success_that_is_told_days_late_pays_the_invoice(shop: Shop) -> None:
    other = await Shop(shop.engine, shop.fake, shop.api).open(NEEDS_ACTION)
    sold = await other.sold("100.00")
    (intent,) = shop.fake.account.of("payment_intent")
    assert sold.waiting
    authenticate(shop.fake.account, intent["id"])
    await other.deliver(other.events("payment_intent.succeeded"))
    assert (await other.payment()).status is PaymentStatus.SUCCEEDED
    assert await other.statuses() == [InvoiceStatus.PAID]
