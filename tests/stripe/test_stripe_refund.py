"""What was charged goes back once, and never more than was charged."""

import pytest
from stripe_desk import REFUND, Desk, back, of
from stripe_fake import Fault
from stripe_fake.payments import bank_answers
from stripe_fake.refunds import create_refund, dispute

from domain.providers.provider import Refused, Succeeded, Unknown

CREATE = "POST /v1/refunds"


async def _paid(desk: Desk, card: str = "pm_card_visa") -> str:
    done = await desk.payments.charge(of("12.34", await desk.card(card)))
    assert isinstance(done, Succeeded)
    assert done.reference is not None
    return done.reference


async def test_a_part_goes_back_under_the_refunds_id(desk: Desk) -> None:
    paid = await _paid(desk)
    done = await desk.payments.refund(back("5.00", paid))
    [refund] = desk.fake.account.of("refund")
    assert done == Succeeded(refund["id"])
    asked = next(one for one in desk.fake.requests if f"{one.method} {one.path}" == CREATE)
    assert asked.headers["idempotency-key"] == REFUND
    assert asked.params == {"payment_intent": paid, "amount": "500", "metadata": {"refund": REFUND}}


@pytest.mark.parametrize("fault", [Fault.SILENT_AFTER, Fault.DROPPED_AFTER, Fault.ERROR_AFTER])
@pytest.mark.parametrize("days_later", [False, True])
async def test_a_lost_answer_gives_nothing_back_twice(desk: Desk, fault: Fault, days_later: bool) -> None:
    paid = await _paid(desk)
    desk.fake.faults.add(fault, CREATE)
    with pytest.raises(Unknown):
        await desk.payments.refund(back("5.00", paid))
    if days_later:
        desk.fake.forget_keys()
    assert isinstance(await desk.payments.refund(back("5.00", paid)), Succeeded)
    assert [one["amount"] for one in desk.fake.account.of("refund")] == [500]


async def test_without_a_reference_the_charge_is_looked_for(desk: Desk) -> None:
    await _paid(desk)
    assert isinstance(await desk.payments.refund(back("5.00", None)), Succeeded)


async def test_more_than_is_left_is_refused(desk: Desk) -> None:
    paid = await _paid(desk)
    assert await desk.payments.refund(back("12.35", paid)) == Refused("more than is left of the charge")
    create_refund(desk.fake.account, {"payment_intent": paid})  # in Stripe's dashboard
    assert await desk.payments.refund(back("5.00", paid)) == Refused("charge_already_refunded")


async def test_what_the_bank_disputes_is_refused(desk: Desk) -> None:
    paid = await _paid(desk)
    dispute(desk.fake.account, paid)
    assert await desk.payments.refund(back("5.00", paid)) == Refused("charge_disputed")


async def test_what_never_was_charged_is_refused(desk: Desk) -> None:
    assert await desk.payments.refund(back("5.00", "pi_nobody")) == Refused("there is no such charge")
    assert await desk.payments.refund(back("5.00", None)) == Refused("there is no such charge")
    assert desk.fake.account.of("refund") == []


@pytest.mark.parametrize(("well", "answer"), [(True, Succeeded), (False, Refused)])
async def test_while_a_bank_has_not_taken_it_back_nobody_knows(
    desk: Desk, well: bool, answer: type[Succeeded | Refused]
) -> None:
    with pytest.raises(Unknown):
        await desk.payments.charge(of("12.34", await desk.card("pm_sepa_debit")))
    [intent] = desk.fake.account.of("payment_intent")
    bank_answers(desk.fake.account, intent["id"])
    with pytest.raises(Unknown):
        await desk.payments.refund(back("5.00", intent["id"]))
    bank_answers(desk.fake.account, desk.fake.account.of("refund")[0]["id"], well)
    assert isinstance(await desk.payments.refund(back("5.00", intent["id"])), answer)
    assert len(desk.fake.account.of("refund")) == 1
