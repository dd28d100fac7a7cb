"""A saved method is charged once, whatever breaks off in between, and the answer is what is so at Stripe."""

import asyncio

import pytest
from stripe_desk import ANONYMOUS, PAYMENT, Desk, of
from stripe_fake import CARDS, Fault
from stripe_fake.cards import declining
from stripe_fake.customers import delete_customer, detach_method
from stripe_fake.payments import authenticate, bank_answers, create_intent

from domain.books.payment import FailureCode
from domain.providers.provider import Failed, NeedsAction, Succeeded, Unknown

CREATE = "POST /v1/payment_intents"


async def test_a_saved_card_is_charged_off_session_under_the_payments_id(desk: Desk) -> None:
    token = await desk.card()
    outcome = await desk.payments.charge(of("12.34", token))
    [intent] = desk.fake.account.of("payment_intent")
    assert outcome == Succeeded(intent["id"])
    [asked] = [one for one in desk.fake.requests if f"{one.method} {one.path}" == CREATE]
    assert asked.headers["idempotency-key"] == PAYMENT
    assert asked.headers["stripe-version"] == "2026-10-28.endive"
    assert asked.params == {
        "amount": "1234",
        "currency": "eur",
        "customer": intent["customer"],
        "payment_method": token,
        "off_session": "true",
        "confirm": "true",
        "metadata": {"payment": PAYMENT},
    }


@pytest.mark.parametrize(
    ("card", "failure"),
    [
        ("pm_card_chargeDeclined", FailureCode.DECLINED),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", FailureCode.INSUFFICIENT_FUNDS),
        ("pm_card_visa_chargeDeclinedLostCard", FailureCode.METHOD_REFUSED),
        ("pm_card_visa_chargeDeclinedStolenCard", FailureCode.METHOD_REFUSED),
        ("pm_card_chargeDeclinedExpiredCard", FailureCode.METHOD_EXPIRED),
        ("pm_card_chargeDeclinedProcessingError", FailureCode.DECLINED),
    ],
)
async def test_what_a_bank_declines_for(desk: Desk, card: str, failure: FailureCode) -> None:
    token = await desk.card(card)
    assert await desk.payments.charge(of("12.34", token)) == Failed(failure)
    assert await desk.payments.charge(of("12.34", token)) == Failed(failure), "asked again, it is not tried again"
    assert desk.charges == []
    assert len(desk.fake.account.of("charge")) == 1


async def test_advice_not_to_try_again_outweighs_a_vague_reason(desk: Desk) -> None:
    token = await desk.card(declining("do_not_honor", advice="do_not_try_again"))
    assert await desk.payments.charge(of("12.34", token)) == Failed(FailureCode.METHOD_REFUSED)


@pytest.mark.parametrize("card", ["pm_card_authenticationRequired", "pm_card_threeDSecure2Required"])
async def test_what_has_to_be_confirmed_waits_for_the_customer_and_then_succeeds(desk: Desk, card: str) -> None:
    token = await desk.card(card)
    outcome = await desk.payments.charge(of("12.34", token))
    [intent] = desk.fake.account.of("payment_intent")
    assert outcome == NeedsAction(intent["client_secret"])
    assert await desk.payments.charge(of("12.34", token)) == outcome
    authenticate(desk.fake.account, intent["client_secret"])
    assert await desk.payments.charge(of("12.34", token)) == Succeeded(intent["id"])
    assert await desk.payments.outcome_of(PAYMENT, ANONYMOUS) == Succeeded(intent["id"])
    assert len(desk.charges) == 1


async def test_what_failed_after_the_customer_had_the_secret_can_never_succeed_later(desk: Desk) -> None:
    token = await desk.card("pm_card_threeDSecure2Required")
    await desk.payments.charge(of("12.34", token))
    [intent] = desk.fake.account.of("payment_intent")
    authenticate(desk.fake.account, intent["id"], card=declining("generic_decline"))
    assert await desk.payments.charge(of("12.34", token)) == Failed(FailureCode.DECLINED)
    assert intent["status"] == "canceled"


@pytest.mark.parametrize(
    "fault",
    [Fault.SILENT_AFTER, Fault.DROPPED_AFTER, Fault.ERROR_AFTER, Fault.LATE],
)
async def test_an_answer_lost_after_charging_is_found_and_nothing_is_charged_again(desk: Desk, fault: Fault) -> None:
    token = await desk.card()
    desk.fake.faults.add(fault, CREATE)
    desk.fake.held = True
    with pytest.raises(Unknown):
        await desk.payments.charge(of("12.34", token))
    desk.fake.held = False
    await desk.fake.idle()
    outcome = await desk.payments.charge(of("12.34", token))
    [charge] = desk.charges
    assert outcome == Succeeded(charge["payment_intent"])
    assert desk.fake.made(CREATE) == 1


@pytest.mark.parametrize("fault", [Fault.SILENT_BEFORE, Fault.DROPPED_BEFORE, Fault.RATE_LIMITED, Fault.UNAVAILABLE])
async def test_what_never_arrived_is_charged_when_asked_again(desk: Desk, fault: Fault) -> None:
    token = await desk.card()
    desk.fake.faults.add(fault, CREATE)
    with pytest.raises(Unknown):
        await desk.payments.charge(of("12.34", token))
    assert isinstance(await desk.payments.charge(of("12.34", token)), Succeeded)
    assert len(desk.charges) == 1


async def test_a_stored_error_stays_unknown_until_stripe_forgets_it_a_day_later(desk: Desk) -> None:
    token = await desk.card()
    desk.fake.faults.add(Fault.ERROR_BEFORE, CREATE)
    for _ in range(3):
        with pytest.raises(Unknown):
            await desk.payments.charge(of("12.34", token))
    desk.fake.forget_keys()
    assert isinstance(await desk.payments.charge(of("12.34", token)), Succeeded)
    assert len(desk.charges) == 1


async def test_while_it_is_still_at_it_a_second_request_does_not_charge_beside_it(desk: Desk) -> None:
    token = await desk.card()
    desk.fake.faults.add(Fault.LATE, CREATE)
    desk.fake.held = True
    for _ in range(2):
        with pytest.raises(Unknown):
            await desk.payments.charge(of("12.34", token))
    desk.fake.held = False
    await desk.fake.idle()
    assert isinstance(await desk.payments.charge(of("12.34", token)), Succeeded)
    assert len(desk.charges) == 1


async def test_days_later_when_stripe_has_forgotten_the_key_the_charge_is_still_found(desk: Desk) -> None:
    token = await desk.card()
    desk.fake.faults.add(Fault.SILENT_AFTER, CREATE)
    with pytest.raises(Unknown):
        await desk.payments.charge(of("12.34", token))
    desk.fake.forget_keys()
    assert isinstance(await desk.payments.charge(of("12.34", token)), Succeeded)
    assert len(desk.charges) == 1


async def test_it_is_found_among_hundreds(desk: Desk) -> None:
    token = await desk.card()
    first = await desk.payments.charge(of("12.34", token))
    owner = await desk.customers.link(ANONYMOUS)
    for _ in range(230):
        create_intent(desk.fake.account, {"amount": 500, "currency": "eur", "customer": owner})
    desk.fake.forget_keys()
    assert await desk.payments.charge(of("12.34", token)) == first
    assert desk.fake.made("GET /v1/payment_intents") == 1 + 3


async def test_two_at_a_time_come_to_one_charge(desk: Desk) -> None:
    token = await desk.card()
    both = await asyncio.gather(*(desk.payments.charge(of("12.34", token)) for _ in range(5)), return_exceptions=True)
    assert any(isinstance(one, Succeeded) for one in both)
    assert all(isinstance(one, Succeeded | Unknown) for one in both)
    assert len(desk.charges) == 1


async def test_how_long_stripe_wants_to_be_left_alone_is_passed_on(desk: Desk) -> None:
    token = await desk.card()
    desk.fake.faults.add(Fault.RATE_LIMITED, CREATE, retry_after="7")
    with pytest.raises(Unknown) as unknown:
        await desk.payments.charge(of("12.34", token))
    assert unknown.value.retry_after == 7.0


async def test_a_bank_debit_is_unknown_until_the_bank_answers(desk: Desk) -> None:
    token = await desk.card("pm_sepa_debit")
    for _ in range(2):
        with pytest.raises(Unknown) as unknown:
            await desk.payments.charge(of("12.34", token))
        assert unknown.value.retry_after == 3600.0
    [intent] = desk.fake.account.of("payment_intent")
    bank_answers(desk.fake.account, intent["id"], well=False)
    assert await desk.payments.charge(of("12.34", token)) == Failed(FailureCode.METHOD_REFUSED)


async def test_a_method_or_customer_that_is_gone_is_refused(desk: Desk) -> None:
    token, owner = await desk.card(), await desk.customers.link(ANONYMOUS)
    detach_method(desk.fake.account, {}, token)
    assert await desk.payments.charge(of("12.34", token)) == Failed(FailureCode.METHOD_REFUSED)
    assert await desk.payments.charge(of("12.34", "pm_nobody_knows")) == Failed(FailureCode.METHOD_REFUSED)
    delete_customer(desk.fake.account, {}, owner)
    desk.payments._reference_of = _always(owner)
    assert await desk.payments.charge(of("12.34", "pm_card_visa")) == Failed(FailureCode.METHOD_REFUSED)


def _always(reference: str):
    async def found(anonymous_id: str) -> str:
        return reference

    return found


async def test_an_amount_that_stripe_cannot_say_fails_without_being_sent(desk: Desk) -> None:
    token = await desk.card()
    assert await desk.payments.charge(of("1.234", token, "BHD")) == Failed(FailureCode.PROVIDER_ERROR)
    assert desk.fake.made(CREATE) == 0
    assert isinstance(await desk.payments.charge(of("1.230", token, "BHD")), Succeeded)
    assert desk.charges[0]["amount"] == 1230


async def test_an_amount_too_small_for_stripe_fails(desk: Desk) -> None:
    assert await desk.payments.charge(of("0.49", await desk.card())) == Failed(FailureCode.PROVIDER_ERROR)


async def test_what_was_made_but_never_tried_is_tried(desk: Desk) -> None:
    token, owner = await desk.card(), await desk.customers.link(ANONYMOUS)
    made = {"amount": 1234, "currency": "eur", "customer": owner, "payment_method": token}
    create_intent(desk.fake.account, made | {"metadata": {"payment": PAYMENT}})
    assert isinstance(await desk.payments.charge(of("12.34", token)), Succeeded)
    assert len(desk.charges) == 1


async def test_another_amount_under_the_same_payment_moves_no_money(desk: Desk) -> None:
    token = await desk.card()
    await desk.payments.charge(of("12.34", token))
    with pytest.raises(Unknown):
        await desk.payments.charge(of("12.35", token))
    assert len(desk.charges) == 1


async def test_a_key_that_stripe_does_not_take_leaves_everything_to_be_tried_again(desk: Desk) -> None:
    token = await desk.card()
    desk.fake.key = "sk_test_another"
    try:
        with pytest.raises(Unknown):
            await desk.payments.charge(of("12.34", token))
        with pytest.raises(Unknown):
            await desk.api.ping()
    finally:
        desk.fake.key = "sk_test_fake"
    await desk.api.ping()


async def test_of_a_payment_never_asked_for_there_is_no_outcome(desk: Desk) -> None:
    assert await desk.payments.outcome_of(PAYMENT, ANONYMOUS) is None
    assert await desk.payments.outcome_of(PAYMENT) is None


async def test_without_its_customer_a_payment_is_found_when_the_search_has_caught_up(desk: Desk) -> None:
    desk.fake.account.search_lags = True
    done = await desk.payments.charge(of("12.34", await desk.card()))
    assert await desk.payments.outcome_of(PAYMENT) is None
    desk.fake.account.index()
    assert await desk.payments.outcome_of(PAYMENT) == done


@pytest.mark.parametrize("card", ["pm_card_threeDSecure2Required", "pm_card_authenticationRequired"])
async def test_what_is_withdrawn_cannot_be_confirmed_any_more(desk: Desk, card: str) -> None:
    await desk.payments.charge(of("12.34", await desk.card(card)))
    assert await desk.payments.withdraw(PAYMENT, ANONYMOUS) is None
    assert await desk.payments.withdraw(PAYMENT, ANONYMOUS) is None
    [intent] = desk.fake.account.of("payment_intent")
    assert intent["status"] == "canceled"


async def test_withdrawing_too_late_tells_that_it_was_charged(desk: Desk) -> None:
    assert CARDS["pm_card_visa"].declines is None
    done = await desk.payments.charge(of("12.34", await desk.card()))
    assert await desk.payments.withdraw(PAYMENT, ANONYMOUS) == done
    assert await desk.payments.withdraw("payment_never_asked", ANONYMOUS) is None
