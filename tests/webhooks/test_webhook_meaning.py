"""What each kind of notice comes to, and what is left to people."""

from datetime import UTC, datetime
from decimal import Decimal
from time import time

import pytest
from sqlalchemy import text
from stripe_fake import CARDS
from stripe_fake.cards import declining
from stripe_fake.customers import delete_customer, detach_method, make_method, update_customer, update_method
from stripe_fake.payments import authenticate, create_intent
from stripe_fake.refunds import close_dispute, create_refund, dispute
from stripe_shop import BY, Shop

from domain import commands as c
from domain.books.invoice import InvoiceStatus
from domain.books.payment import FailureCode, PaymentStatus
from domain.providers.provider import Unknown
from service.write.record import By

ASKS = "pm_card_threeDSecure2Required"


# ── payments ─────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_charge_whose_answer_was_lost_is_recorded_as_soon_as_it_is_told(shop: Shop) -> None:
    payment = await shop.sell("100.00")
    reference, token = (await shop.link()).reference, (await shop.tokens())[0]
    made = create_intent(
        shop.fake.account,
        {
            "amount": 10000,
            "currency": "usd",
            "customer": reference,
            "payment_method": token,
            "confirm": True,
            "off_session": True,
            "metadata": {"payment": payment.id},
        },
    )
    await shop.deliver(shop.events("charge.succeeded"))
    assert ((await shop.payment()).status, (await shop.payment()).reference) == (PaymentStatus.SUCCEEDED, made["id"])
    await shop.charging.queue.round()
    assert len(shop.fake.account.of("charge")) == 1


async def test_a_confirmation_that_failed_is_settled_so_that_nothing_comes_of_it_later(shop: Shop) -> None:
    other = await Shop(shop.engine, shop.fake, shop.api).open(ASKS)
    sold = await other.sold("100.00")
    (intent,) = shop.fake.account.of("payment_intent")
    assert sold.waiting
    authenticate(shop.fake.account, intent["id"], card=declining("lost_card"))
    await other.deliver(other.events("payment_intent.payment_failed"))
    assert (await other.payment()).failure is FailureCode.METHOD_REFUSED
    assert [one["status"] for one in shop.fake.account.of("payment_intent")] == ["canceled"]


async def test_money_that_was_charged_in_the_dashboard_is_told_to_support_until_it_is_given_back(shop: Shop) -> None:
    reference, token = (await shop.link()).reference, (await shop.tokens())[0]
    made = create_intent(
        shop.fake.account,
        {"amount": 1200, "currency": "usd", "customer": reference, "payment_method": token, "confirm": True},
    )
    await shop.deliver(shop.events())
    assert (await shop.link()).drift == (f"{made['id']}: 12.00 USD charged there, and asked for by nobody here",)
    assert await shop.payments() == []
    create_refund(shop.fake.account, {"payment_intent": made["id"]})
    await shop.deliver(shop.events("refund.created"))
    assert await shop.drift() == []


async def test_a_second_charge_under_one_payment_is_told_to_support(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    token = (await shop.tokens())[0]
    asked = {"amount": 10000, "currency": "usd", "customer": (await shop.link()).reference, "payment_method": token}
    made = create_intent(shop.fake.account, {**asked, "confirm": True, "metadata": {"payment": sold.id}})
    await shop.deliver(shop.events())
    assert (await shop.link()).drift == (
        f"{made['id']}: 100.00 USD charged there for payment {sold.id} a second time, beside {sold.reference}",
    )
    create_refund(shop.fake.account, {"payment_intent": made["id"]})
    await shop.deliver(shop.events("charge.refunded"))
    assert (await shop.drift(), (await shop.payment()).refunded) == ([], 0)


# ── refunds and disputes ─────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_refund_that_was_made_in_the_dashboard_is_recorded_and_asked_for_by_nobody(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    made = create_refund(shop.fake.account, {"payment_intent": sold.reference, "amount": 2500})
    await shop.deliver(shop.events())
    payment = await shop.payment()
    (refund,) = payment.refunds
    assert (payment.status, refund.amount, refund.reference) == (PaymentStatus.PARTIALLY_REFUNDED, 25, made["id"])
    assert (refund.settled_at is not None, refund.reason) == (True, "given back at stripe")
    assert await shop.charging.queue.round() == 0
    assert len(shop.fake.account.of("refund")) == 1


async def test_our_own_refund_is_no_second_one(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    await shop.do(c.RefundPayment("refund_1", sold.id, Decimal(30)))
    await shop.charging.queue.round()
    await shop.deliver(shop.events())
    assert [(one.id, one.amount) for one in (await shop.payment()).refunds] == [("refund_1", 30)]
    assert await shop.drift() == []


async def test_a_refund_of_what_was_used_up_meanwhile_is_left_to_support(shop: Shop) -> None:
    """The payment came for nothing, became credit, and that paid another invoice."""
    payment = await shop.sell("100.00")
    invoice_id = payment.allocations[0].invoice_id
    await shop.do(c.RecordPayment("payment_bank", Decimal(100), "USD", invoice_ids=(invoice_id,)))
    token, reference = (await shop.tokens())[0], (await shop.link()).reference
    asked = {"amount": 10000, "currency": "usd", "customer": reference, "payment_method": token, "confirm": True}
    made = create_intent(shop.fake.account, {**asked, "metadata": {"payment": payment.id}})
    await shop.deliver(shop.events("payment_intent.succeeded"))
    assert (await shop.account()).prepaid == {"USD": 100}
    await shop.sell("80.00")
    back = create_refund(shop.fake.account, {"payment_intent": made["id"]})
    await shop.deliver(shop.events("refund.created"))
    (words,) = (await shop.link()).drift
    assert words.startswith(f"{back['id']}: 100.00 went back there, but must be at most the 20.00")
    assert [one.refunded for one in await shop.payments()] == [0, 0]


async def test_an_open_dispute_is_told_to_support_and_a_lost_one_is_a_refund(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    id = dispute(shop.fake.account, sold.reference or "")["id"]
    await shop.deliver(shop.events("charge.dispute.created"))
    assert (await shop.link()).drift == (f"{id}: 100.00 USD of payment {sold.id} is disputed (fraudulent)",)
    close_dispute(shop.fake.account, id, won=False)
    await shop.deliver(shop.events("charge.dispute.closed"))
    assert (await shop.drift(), (await shop.payment()).status) == ([], PaymentStatus.REFUNDED)
    assert [one.reason for one in (await shop.payment()).refunds] == ["dispute lost: fraudulent"]
    await shop.reconciliation.of(shop.customer_id, dry_run=False, by=BY)
    assert await shop.drift() == []


async def test_a_dispute_that_was_won_leaves_nothing(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    id = dispute(shop.fake.account, sold.reference or "")["id"]
    await shop.deliver(shop.events("charge.dispute.created"))
    close_dispute(shop.fake.account, id, won=True)
    await shop.deliver(shop.events("charge.dispute.closed"))
    assert (await shop.drift(), (await shop.payment()).status) == ([], PaymentStatus.SUCCEEDED)


# ── ways to pay ──────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_card_that_was_put_in_is_charged_with_what_is_overdue(shop: Shop) -> None:
    other = await Shop(shop.engine, shop.fake, shop.api).open(declining("generic_decline"))
    await other.sold("100.00")
    assert await other.statuses() == [InvoiceStatus.OPEN]
    shop.fake.account.now = lambda: time() + 60  # Stripe tells the second
    token = await other.put_in("pm_card_visa")
    account = await other.account()
    assert account.books.method is not None
    assert (account.books.method.token, account.books.method.label) == (token, "Visa •••• 4242")
    await other.charging.queue.round()
    assert await other.statuses() == [InvoiceStatus.PAID]


async def test_a_card_that_the_bank_renewed_is_known_by_its_new_date(shop: Shop) -> None:
    token = (await shop.tokens())[0]
    update_method(shop.fake.account, {"card": {"exp_year": 2041, "exp_month": 2}}, token)
    (event,) = shop.events("payment_method.updated")
    await shop.deliver([{**event, "type": "payment_method.automatically_updated"}])
    assert [str(one.expires) for one in (await shop.account()).books.methods] == ["2041-02-28"]


async def test_a_card_that_was_taken_off_is_charged_no_more_and_never_comes_back(shop: Shop) -> None:
    token = (await shop.tokens())[0]
    attached = next(one for one in shop.fake.account.events if one["type"] == "payment_method.attached")
    detach_method(shop.fake.account, {}, token)
    await shop.deliver([*shop.events("payment_method.detached"), {**attached, "id": "evt_late"}])
    assert (await shop.tokens(), (await shop.account()).books.method) == ([], None)


async def test_a_card_of_a_customer_whom_nobody_knows_is_nobodys(shop: Shop) -> None:
    before = await shop.state()
    make_method(shop.fake.account, CARDS["pm_card_visa"], "cus_stranger")
    event = next(one for one in shop.fake.account.events if one["type"] == "payment_method.attached")
    stranger = {**event["data"]["object"], "customer": "cus_stranger"}
    await shop.deliver([{**event, "id": "evt_stranger", "data": {"object": stranger}}])
    assert [(one.state, one.customer_id) for one in await shop.notices()][-1] == ("HANDLED", None)
    assert await shop.state() == before


# ── customers ────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_customer_who_was_deleted_there_is_unlinked_and_can_be_linked_again(shop: Shop) -> None:
    delete_customer(shop.fake.account, {}, (await shop.link()).reference)
    await shop.deliver(shop.events("customer.deleted"))
    assert ((await shop.account()).books.links, await shop.tokens()) == ({}, [])
    before = len(shop.fake.account.of("customer"))
    await shop.put_in("pm_card_visa")
    assert len(shop.fake.account.of("customer")) == before + 1
    assert len(await shop.tokens()) == 1


async def test_what_somebody_typed_in_the_dashboard_is_named_but_not_repeated(shop: Shop) -> None:
    reference = (await shop.link()).reference
    customer = shop.fake.account.objects[reference]
    customer |= {"name": "Marked Person", "email": "marked@example.org"}
    update_customer(shop.fake.account, {"metadata": {"tollgate": customer["metadata"]["tollgate"]}}, reference)
    await shop.deliver(shop.events("customer.updated"))
    assert (await shop.link()).drift == (f"{reference}: it says more than the anonymous id: email, name",)
    customer |= {"name": None, "email": None}
    update_customer(shop.fake.account, {"metadata": {"tollgate": customer["metadata"]["tollgate"]}}, reference)
    await shop.deliver(shop.events("customer.updated")[-1:])
    assert await shop.drift() == []


# ── what is not understood, or not possible ──────────────────────────────────────────────────────────────────────────
async def test_unknown_types_and_other_versions_are_done_without_effect(shop: Shop) -> None:
    before = await shop.state()
    odd = {
        "id": "evt_odd",
        "object": "event",
        "type": "treasury.moon_landed",
        "created": 1,
        "api_version": "2011-01-01",
        "data": {"object": {"object": "moon", "id": "moon_1", "customer": 7, "metadata": [1]}},
    }
    await shop.deliver([odd, {**odd, "id": "evt_bare", "data": {"object": {}}}])
    assert [one.state for one in await shop.notices()][-2:] == ["HANDLED", "HANDLED"]
    assert await shop.state() == before


async def test_a_payment_that_stripe_does_not_know_is_no_reason_to_stop(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    (event,) = shop.events("payment_intent.succeeded")
    del shop.fake.account.objects[sold.reference]
    await shop.deliver([event])
    assert [one.state for one in await shop.notices()][-1] == "HANDLED"


async def test_what_fails_is_tried_ever_later_then_waits_for_support_and_is_replayed_in_their_name(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await shop.tokens())[0]
    detach_method(shop.fake.account, {}, token)

    async def away(*_: object) -> object:
        raise Unknown("no answer from Stripe", 7200.0)

    pauses = []
    with monkeypatch.context() as broken:
        broken.setattr(shop.records, "methods", away)
        broken.setattr("service.later.resting.ATTEMPTS_MAX", 3)
        await shop.receive(shop.events("payment_method.detached")[0])
        for _ in range(3):
            await shop.time_passes()
            await shop.time_passes()
            await shop.handling.queue.round()
            notice = (await shop.notices())[-1]
            pauses.append(round((notice.next_at - datetime.now(UTC)).total_seconds(), -2))
    assert (notice.state, notice.attempts, notice.error) == ("FAILED", 3, "no answer from Stripe")
    assert pauses[:2] == [7200.0, 7200.0]  # as Stripe asks for
    assert notice.customer_id == shop.customer_id
    await shop.time_passes()
    assert await shop.handling.queue.round() == 0
    replayed = await shop.handling.replay(notice.id, By("key_support", reason="ticket 7"))
    assert replayed is not None
    assert (replayed.state, replayed.error, await shop.tokens()) == ("HANDLED", None, [])
    async with shop.engine.connect() as connection:
        query = text("SELECT actor, reason, cause FROM journal ORDER BY position DESC LIMIT 1")
        assert tuple((await connection.execute(query)).one()) == ("key_support", "ticket 7", f"webhook {notice.id}")


async def test_replaying_what_is_done_or_is_not_there_changes_nothing(shop: Shop) -> None:
    await shop.sold("100.00")
    await shop.deliver(shop.events())
    entries = await shop.entries()
    for notice in await shop.notices():
        replayed = await shop.handling.replay(notice.id, BY)
        assert replayed is not None
        assert replayed.state == "HANDLED"
    assert await shop.entries() == entries
    assert await shop.handling.replay("webhook_01m7xzqmprem6tw0sa0ez4t5hj", BY) is None


async def test_an_erased_customer_is_still_told_what_became_of_their_money(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    await shop.do(c.EraseCustomer())
    create_refund(shop.fake.account, {"payment_intent": sold.reference})
    delete_customer(shop.fake.account, {}, (await shop.link()).reference)
    await shop.deliver(shop.events())
    assert (await shop.payment()).status is PaymentStatus.REFUNDED
    assert ((await shop.account()).books.links, await shop.tokens()) == ({}, [])
