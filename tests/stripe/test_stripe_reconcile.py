"""What Stripe has is told completely, page by page, in our words, and nothing is changed by looking."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from stripe_desk import ANONYMOUS, PAYMENT, REFUND, Desk, back, of
from stripe_fake.payments import create_intent
from stripe_fake.refunds import close_dispute, create_refund, dispute

from domain.money import Money
from domain.providers.provider import Succeeded
from domain.providers.records import DisputeStatus, FoundStatus

START = datetime(2026, 3, 1, tzinfo=UTC)


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


async def test_payments_and_refunds_with_our_ids(desk: Desk) -> None:
    token, owner = await desk.card(), await desk.customers.link(ANONYMOUS)
    paid = await desk.payments.charge(of("12.34", token))
    assert isinstance(paid, Succeeded)
    await desk.payments.refund(back("5.00", paid.reference))
    await desk.payments.charge(of("3.00", await desk.card("pm_card_chargeDeclinedExpiredCard"), payment_id="payment_b"))
    create_refund(desk.fake.account, {"payment_intent": paid.reference, "amount": 100})  # in the dashboard
    seen = len(desk.fake.requests)
    failed, done = [one async for one in desk.records.payments(START)]
    assert (done.reference, done.payment_id, done.customer) == (paid.reference, PAYMENT, owner)
    assert (done.amount, done.refunded, done.state) == (euros("12.34"), euros("6.00"), FoundStatus.SUCCEEDED)
    assert (failed.payment_id, failed.state) == ("payment_b", FoundStatus.FAILED)
    theirs, ours = [one async for one in desk.records.refunds(START)]
    assert (ours.refund_id, ours.payment, ours.amount) == (REFUND, paid.reference, euros("5.00"))
    assert (theirs.refund_id, theirs.amount) == (None, euros("1.00"))
    [customer] = [one async for one in desk.records.customers(START)]
    assert (customer.reference, customer.anonymous_id) == (owner, ANONYMOUS)
    assert {one.method for one in desk.fake.requests[seen:]} == {"GET"}


async def test_hundreds_come_complete_and_only_those_of_the_range(desk: Desk) -> None:
    owner = await desk.customers.link(ANONYMOUS)
    now = START.timestamp()
    for minute in range(250):
        desk.fake.account.now = lambda at=now + 60 * minute: at
        create_intent(
            desk.fake.account,
            {
                "amount": 100 + minute,
                "currency": "eur",
                "customer": owner,
                "payment_method": "pm_card_visa",
                "confirm": True,
            },
        )
    all_ = [one async for one in desk.records.payments(START)]
    amounts = [euros(str(Decimal(100 + n) / 100)) for n in range(250)]
    assert [one.amount for one in all_] == amounts[::-1]
    hour = [one async for one in desk.records.payments(START + timedelta(hours=1), START + timedelta(hours=2))]
    assert [one.amount for one in hour] == amounts[60:120][::-1]
    assert [one async for one in desk.records.payments(START, customer="cus_another")] == []


async def test_a_dispute_as_it_stands(desk: Desk) -> None:
    paid = await desk.payments.charge(of("12.34", await desk.card()))
    assert isinstance(paid, Succeeded)
    made = dispute(desk.fake.account, str(paid.reference))
    found = await desk.records.dispute(made["id"])
    assert found is not None
    assert (found.payment, found.amount) == (paid.reference, euros("12.34"))
    assert (found.status, found.reason) == (DisputeStatus.OPEN, "fraudulent")
    close_dispute(desk.fake.account, made["id"], won=False)
    found = await desk.records.dispute(made["id"])
    assert found is not None
    assert found.status is DisputeStatus.LOST
    assert await desk.records.dispute("du_nobody") is None


async def test_the_disputes_of_a_payment(desk: Desk) -> None:
    paid = await desk.payments.charge(of("12.34", await desk.card()))
    other = await desk.payments.charge(of("3.00", await desk.card(), payment_id="payment_b"))
    assert isinstance(paid, Succeeded)
    assert isinstance(other, Succeeded)
    made = dispute(desk.fake.account, str(paid.reference))
    listed = {one.reference: one.disputed async for one in desk.records.payments(START)}
    assert listed == {paid.reference: True, other.reference: False}
    looked_at = [await desk.records.payment(reference) for reference in listed]
    assert {one.reference: one.disputed for one in looked_at if one is not None} == listed
    assert [one.reference for one in await desk.records.disputes_of(str(paid.reference))] == [made["id"]]
    assert await desk.records.disputes_of(str(other.reference)) == []
