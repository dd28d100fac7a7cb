"""The customer at Stripe: made at the first payment or set-up, once, known by the anonymous id, and deleted again."""

import asyncio
from decimal import Decimal

import pytest
from paying_shop import BY, on
from stripe_fake import Fault
from stripe_fake.payments import authenticate
from told_shop import ToldShop, retry

from domain import commands as c
from domain.books.payment import FailureCode, Method, PaymentStatus
from domain.errors import ErrorCode, Refusal


async def test_stripe_hears_of_nobody_who_only_signs_up(shop: ToldShop) -> None:
    await shop.opened(None)
    await shop.sell("100.00")
    await shop.charging.queue.round()
    await shop.sync.queue.round()
    assert (shop.fake.requests, await shop.row()) == ([], None)


async def test_the_customer_is_made_when_a_method_is_set_up_and_the_link_is_a_fact(shop: ToldShop) -> None:
    await shop.opened("pm_card_visa")
    (there,) = shop.customers
    account = await shop.account()
    assert account.customer is not None
    assert there["metadata"] == {"tollgate": account.customer.anonymous_id}
    assert account.books.links["stripe"].reference == there["id"]
    assert await shop.faults() == []


async def test_two_first_payments_at_once_make_one_customer(shop: ToldShop) -> None:
    await shop.opened(None)
    await shop.do(c.AddMethod(Method("method_1", "stripe", "pm_card_visa", "CARD", "Visa", on("2026-01-01"))))
    await asyncio.gather(shop.sell("100.00"), shop.sell("70.00"))
    await shop.charge()
    assert len(shop.customers) == 1
    assert {one.status for one in await shop.payments()} == {PaymentStatus.SUCCEEDED}
    assert shop.taken_there() == Decimal("170.00")


async def test_two_processes_that_link_at_once_make_one_customer(shop: ToldShop) -> None:
    await shop.opened(None)
    account = await shop.account()
    other = ToldShop(shop.engine, shop.fake, shop.stripe)
    found = await asyncio.gather(*(one.linking.linked(account, "stripe") for one in (shop, other, shop, other)))
    assert len(set(found)) == len(shop.customers) == 1


async def test_a_process_that_dies_before_the_link_is_recorded_leaves_it_to_the_next(shop: ToldShop) -> None:
    await shop.opened(None)
    account = await shop.account()
    assert account.customer is not None
    made = await shop.stripe.link(account.customer.anonymous_id)  # and then it died
    shop.fake.forget_keys()
    assert await shop.linking.linked(account, "stripe") == made
    assert len(shop.customers) == 1


async def test_a_charge_whose_customer_cannot_be_made_yet_waits(shop: ToldShop) -> None:
    await shop.opened(None)
    await shop.do(c.AddMethod(Method("method_1", "stripe", "pm_card_visa", "CARD", "Visa", on("2026-01-01"))))
    await shop.sell("100.00")
    shop.fake.faults.add(Fault.RATE_LIMITED, "POST /v1/customers", retry_after="0")
    await shop.charging.queue.round()
    assert [one.status for one in await shop.payments()] == [PaymentStatus.PENDING]
    await shop.charge()
    assert [one.status for one in await shop.payments()] == [PaymentStatus.SUCCEEDED]


async def test_a_customer_deleted_in_the_dashboard_is_made_anew_after_the_link_is_gone(shop: ToldShop) -> None:
    await shop.opened("pm_card_visa")
    (first,) = shop.customers
    await shop.stripe.forget(first["id"])
    await shop.do(c.UnlinkProvider("stripe"))  # as the webhook has it
    assert await shop.row() is None
    await shop.card()
    (second,) = shop.customers
    assert second["id"] != first["id"]
    assert (await shop.account()).books.links["stripe"].reference == second["id"]


# ── erased ───────────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_an_erased_customer_is_deleted_at_stripe(shop: ToldShop) -> None:
    await shop.opened("pm_card_visa")
    await shop.sell("100.00")
    await shop.charge()
    await shop.do(c.EraseCustomer())
    assert await shop.row() is None
    shop.fake.faults.add(Fault.DROPPED_AFTER, "DELETE /v1/customers")
    await shop.charge()
    account = await shop.account()
    assert (shop.customers, account.books.links) == ([], {})
    assert await shop.faults() == []


async def test_what_is_under_way_is_settled_before_the_customer_is_forgotten(shop: ToldShop) -> None:
    await shop.opened("pm_card_visa")
    await shop.sell("100.00")
    await shop.do(c.EraseCustomer())
    await shop.charging.queue.round()
    assert [one.status for one in await shop.payments()] == [PaymentStatus.SUCCEEDED]
    await shop.charge()
    assert (shop.customers, shop.taken_there()) == ([], Decimal("100.00"))


async def test_a_charge_that_waits_for_an_erased_customer_is_withdrawn(shop: ToldShop) -> None:
    await shop.opened("pm_card_threeDSecure2Required")
    await shop.sell("100.00")
    await shop.charge()
    await shop.do(c.EraseCustomer())
    await shop.charge()
    assert [one.failure for one in await shop.payments()] == [FailureCode.NOT_NEEDED]
    assert [one["status"] for one in shop.fake.account.of("payment_intent")] == ["canceled"]
    assert shop.customers == []


async def test_whoever_was_erased_sets_nothing_up(shop: ToldShop) -> None:
    await shop.opened(None)
    await shop.do(c.EraseCustomer())
    with pytest.raises(Refusal) as no:
        await shop.methods.set_up(shop.customer_id, "stripe", retry())
    assert no.value.code is ErrorCode.NOT_FOUND
    assert shop.fake.requests == []


# ── 3-D Secure ───────────────────────────────────────────────────────────────────────────────────────────────────────
async def test_a_confirmation_that_came_too_late_is_not_charged_beside_the_next_attempt(shop: ToldShop) -> None:
    await shop.opened("pm_card_threeDSecure2Required")
    await shop.sell("100.00")
    await shop.charge()
    (first,) = await shop.payments()
    await shop.card("pm_card_visa")
    await shop.at("2026-01-04")  # it waited long enough: the next attempt is by the new card
    await shop.charge()
    intents = {one["metadata"]["payment"]: one["status"] for one in shop.fake.account.of("payment_intent")}
    assert intents.pop(first.id) == "canceled"
    assert list(intents.values()) == ["succeeded"]
    assert shop.taken_there() == Decimal("100.00")


async def test_if_it_was_confirmed_meanwhile_that_is_the_payment(shop: ToldShop) -> None:
    await shop.opened("pm_card_threeDSecure2Required")
    invoice_id = await shop.sell("100.00")
    await shop.charge()
    (first,) = await shop.payments()
    await shop.card("pm_card_visa")
    await shop.at("2026-01-04")
    (intent,) = shop.fake.account.of("payment_intent")
    authenticate(shop.fake.account, intent["id"])  # before the next attempt reaches Stripe
    await shop.charge()
    by_id = {one.id: one for one in await shop.payments()}
    assert by_id.pop(first.id).status is PaymentStatus.SUCCEEDED
    assert [one.failure for one in by_id.values()] == [FailureCode.NOT_NEEDED]
    assert (shop.taken_there(), (await shop.owed(invoice_id)).paid) == (Decimal("100.00"), Decimal("100.00"))


async def test_an_invoice_paid_elsewhere_is_withdrawn_before_stripe_charges_it(shop: ToldShop) -> None:
    await shop.opened("pm_card_visa")
    invoice_id = await shop.sell("100.00")
    await shop.record(
        shop.customer_id, c.RecordPayment("payment_1", Decimal(100), "USD", invoice_ids=(invoice_id,)), BY
    )
    await shop.charge()
    assert shop.fake.account.of("payment_intent") == []
