"""No webhook came: what the provider has is compared, repaired where that is safe, and told where it is not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Row, select, text
from stripe_fake import CARDS
from stripe_fake.customers import create_customer, delete_customer, detach_method, make_method
from stripe_fake.payments import create_intent
from stripe_fake.refunds import close_dispute, create_refund, dispute
from stripe_shop import BY, Shop

from adapters.postgres.tables import comparisons
from domain import commands as c
from domain.books.invoice import InvoiceStatus
from domain.books.payment import PaymentStatus
from domain.providers.provider import Unknown
from service.providers.reconciliation import Report

DAY = timedelta(days=1)


async def today(shop: Shop, dry_run: bool = False) -> Report:
    now = datetime.now(UTC)
    return await shop.reconciliation.between(now - DAY, now + DAY, dry_run, BY)


def told(report: Report) -> list[tuple[str, bool]]:
    return [(one.what.partition(": ")[2] or one.what, one.repaired) for one in report.findings]


async def charged_unseen(shop: Shop, amount: str = "100.00", **more: object) -> str:
    """A payment that Stripe has made, and whose answer and notices were all lost; Stripe's name of it."""
    payment = await shop.sell(amount)
    asked = {
        "amount": int(Decimal(amount) * 100),
        "currency": "usd",
        "customer": (await shop.link()).reference,
        "payment_method": (await shop.tokens())[0],
        "confirm": True,
        "metadata": {"payment": payment.id},
    }
    return str(create_intent(shop.fake.account, {**asked, **more})["id"])


async def test_where_both_agree_nothing_is_found(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    await shop.do(c.RefundPayment("refund_1", sold.id, Decimal(30)))
    await shop.charging.queue.round()
    entries = await shop.entries()
    for report in (await today(shop), await shop.reconciliation.of(shop.customer_id, False, BY)):
        assert (report.repaired, report.differing, report.compared > 0) == (0, 0, True)
    assert await shop.entries() == entries


async def test_what_no_webhook_told_is_recorded(shop: Shop) -> None:
    reference = await charged_unseen(shop)
    create_refund(shop.fake.account, {"payment_intent": reference, "amount": 2500})
    assert told(await today(shop)) == [("SettlePayment", True), ("RecordRefund", True)]
    payment = await shop.payment()
    assert (payment.status, payment.refunded) == (PaymentStatus.PARTIALLY_REFUNDED, 25)
    assert await shop.statuses() == [InvoiceStatus.PAID]
    entries = await shop.entries()
    assert (told(await today(shop)), await shop.entries()) == ([], entries)


@pytest.mark.parametrize("made", ["today", "long ago"])
async def test_a_lost_dispute_that_no_webhook_told_is_recorded(shop: Shop, made: str) -> None:
    sold = await shop.sold("100.00")
    begun = dispute(shop.fake.account, str(sold.reference))
    assert told(await today(shop)) == [(f"100.00 USD of payment {sold.id} is disputed (fraudulent)", False)]
    close_dispute(shop.fake.account, begun["id"], won=False)
    if made == "long ago":  # as a debit that came in today
        intent = shop.fake.account.objects[sold.reference]
        shop.fake.account.objects[intent["latest_charge"]]["created"] -= 10 * 86_400
    assert told(await today(shop)) == [("RecordRefund", True)]
    assert ((await shop.payment()).status, await shop.drift()) == (PaymentStatus.REFUNDED, [])
    assert told(await today(shop)) == []


async def test_a_debit_that_the_customer_confirmed_is_under_way(shop: Shop) -> None:
    """It waits for them no longer, so that dunning does not go on."""
    other = await Shop(shop.engine, shop.fake, shop.api).open("pm_card_threeDSecure2Required")
    payment = await other.sold("100.00")
    assert payment.waiting
    (intent,) = [one for one in shop.fake.account.of("payment_intent") if one["metadata"] == {"payment": payment.id}]
    seen = await other.looking.payment("stripe", intent["id"])
    assert (await other.looking.repair(seen, BY)).repaired == ()
    intent["status"] = "processing"
    await other.looking.repair(await other.looking.payment("stripe", intent["id"]), BY)
    payment = await other.payment()
    assert (payment.waiting, payment.processing_since is not None, payment.settled_at) == (False, True, None)


@pytest.mark.parametrize("all_of", ["a day", "the customer"])
async def test_a_dry_run_finds_the_same_and_writes_nothing(shop: Shop, all_of: str) -> None:
    reference = await charged_unseen(shop)
    create_refund(shop.fake.account, {"payment_intent": reference, "amount": 2500})
    before = await shop.contents()
    if all_of == "a day":
        report = await today(shop, dry_run=True)
    else:
        report = await shop.reconciliation.of(shop.customer_id, True, BY)
    assert ("SettlePayment", True) in told(report)
    assert ("RecordRefund", True) in told(report)
    assert await shop.contents() == before


async def test_what_is_in_our_books_and_not_there_is_told_to_support(shop: Shop) -> None:
    sold = await shop.sold("100.00")
    intent = shop.fake.account.objects.pop(sold.reference)
    del shop.fake.account.objects[intent["latest_charge"]]
    assert told(await today(shop)) == [("it came in by our books, and not there", False)]
    assert (await shop.link()).drift == (f"{sold.id}: it came in by our books, and not there",)
    shop.fake.account.objects[sold.reference] = intent
    await today(shop)
    assert await shop.drift() == []


async def test_a_customer_whose_link_was_never_recorded_is_linked_and_a_second_one_is_told(shop: Shop) -> None:
    other = await Shop(shop.engine, shop.fake, shop.api).open(None)
    customer = (await other.account()).customer
    assert customer is not None
    first = create_customer(shop.fake.account, {"metadata": {"tollgate": customer.anonymous_id}})["id"]
    await today(shop)
    assert (await other.link()).reference == first
    create_customer(shop.fake.account, {"metadata": {"tollgate": customer.anonymous_id}})
    await today(shop)
    assert await other.drift() == [f"a second one there, beside {first}"]


async def test_a_customer_is_compared_as_a_whole(shop: Shop) -> None:
    detach_method(shop.fake.account, {}, (await shop.tokens())[0])
    report = await shop.reconciliation.of(shop.customer_id, False, BY)
    assert (told(report), await shop.tokens()) == ([("RemoveMethod", True)], [])
    delete_customer(shop.fake.account, {}, (await shop.link()).reference)
    await shop.reconciliation.of(shop.customer_id, False, BY)
    assert (await shop.account()).books.links == {}


async def test_money_of_nobody_here_is_counted_and_stops_nothing(shop: Shop) -> None:
    """As where another business charges through the same account at Stripe."""
    stranger = create_customer(shop.fake.account, {})["id"]
    card = make_method(shop.fake.account, CARDS["pm_card_visa"], stranger)["id"]
    create_intent(
        shop.fake.account,
        {"amount": 500, "currency": "usd", "customer": stranger, "payment_method": card, "confirm": True},
    )
    await charged_unseen(shop)
    report = await today(shop)
    nobodys = [(one.customer_id, one.repaired) for one in report.findings if "asked for by nobody here" in one.what]
    assert nobodys == [(None, False)]
    assert (await shop.payment()).status is PaymentStatus.SUCCEEDED


# ── by the hour ──────────────────────────────────────────────────────────────────────────────────────────────────────
async def standing(shop: Shop) -> Row[Any]:
    """What the last run came to, and up to when everything has been compared."""
    async with shop.engine.connect() as connection:
        return (await connection.execute(select(comparisons))).one()


async def test_it_runs_once_an_hour_whoever_asks_and_goes_on_where_it_was(shop: Shop) -> None:
    now = datetime.now(UTC) + timedelta(hours=1)
    await charged_unseen(shop)
    assert [await shop.reconciliation.queue(lambda: now).round() for _ in range(2)] == [1, 0]
    assert (await shop.payment()).status is PaymentStatus.SUCCEEDED
    found = await standing(shop)
    assert (found.repaired, found.compared_until) == (1, now - timedelta(minutes=10))
    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE comparisons SET finished_at = finished_at - interval '1 hour'"))
    assert await shop.reconciliation.queue(lambda: now + timedelta(hours=1)).round()
    assert ((await standing(shop)).repaired, (await standing(shop)).compared_until > now) == (0, True)


async def test_a_run_that_breaks_off_is_taken_up_from_the_same_place(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC) + timedelta(hours=1)

    async def away(*_: object) -> object:
        raise Unknown("no answer from Stripe")
        yield

    with monkeypatch.context() as broken:
        broken.setattr(shop.records, "refunds", away)
        assert await shop.reconciliation.queue(lambda: now).round()
    assert (await standing(shop)).compared_until == now - timedelta(days=30)
