"""The law of money out: any sequence of faults and tries under one payment ends with at most one charge at Stripe, and
no answer on the way was untrue. Each seed is one life of one payment and of its refund."""

from random import Random

import pytest
from stripe_desk import ANONYMOUS, PAYMENT, Desk, PatientClock, back, of, opened
from stripe_fake import FakeStripe, Fault
from stripe_fake.payments import authenticate

from domain.providers.provider import Failed, NeedsAction, Outcome, Refused, Succeeded, Unknown

CARDS = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_threeDSecure2Required",
    "pm_card_authenticationRequired",
]
LATE_S = 0.05
TRIES_MAX = 10


async def _tried(desk: Desk, token: str, random: Random) -> Outcome | None:
    try:
        if random.random() < 0.2:
            return await desk.payments.outcome_of(PAYMENT, ANONYMOUS)
        return await desk.payments.charge(of("12.34", token))
    except Unknown:
        return None


async def _a_day_later(fake: FakeStripe) -> None:
    await fake.idle()  # what was under way then has ended
    fake.forget_keys()


async def _settled(desk: Desk, token: str) -> Outcome:
    """Stripe is well again."""
    desk.fake.faults.clear()
    for _ in range(3):
        try:
            return await desk.payments.charge(of("12.34", token))
        except Unknown:  # a stored 500, or something still under way
            await _a_day_later(desk.fake)
    raise AssertionError("nobody ever knows")


@pytest.mark.parametrize("block", range(5))
async def test_one_payment_is_charged_at_most_once_and_every_answer_is_true(server: FakeStripe, block: int) -> None:
    desk, hasty = opened(server, PatientClock(), 5.0), opened(server, PatientClock(), 0.04)
    for seed in range(block * 40, block * 40 + 40):
        random = Random(seed)
        server.reset(seed)
        server.late_s = LATE_S
        token = await desk.card(random.choice(CARDS))
        server.faults.at_random(random, random.choice([0.2, 0.5, 0.8]))
        told: list[Outcome] = []
        for _ in range(random.randrange(1, TRIES_MAX)):
            answer = await _tried(hasty, token, random)
            if answer is not None:
                told.append(answer)
            if isinstance(answer, NeedsAction) and random.random() < 0.4:
                authenticate(server.account, str(answer.action), well=random.random() < 0.6)
            if random.random() < 0.2:
                await _a_day_later(server)
        last = await _settled(desk, token)
        await server.idle()
        assert len(desk.charges) == (1 if isinstance(last, Succeeded) else 0), seed
        assert len(server.account.of("payment_intent")) <= 1, seed
        for answer in told:  # nothing final is ever taken back; what waited may have come to either end
            assert answer == last or isinstance(answer, NeedsAction), seed
        if isinstance(last, Succeeded):
            await _give_back(desk, hasty, last, random, seed)
        if isinstance(last, Failed):
            assert all(
                one["status"] in ("canceled", "requires_payment_method") for one in server.account.of("payment_intent")
            )
    await hasty.api.close()
    await desk.api.close()


async def _give_back(desk: Desk, hasty: Desk, paid: Succeeded, random: Random, seed: int) -> None:
    desk.fake.faults.at_random(random, 0.5, [one for one in Fault if one is not Fault.LATE])
    for _ in range(random.randrange(1, TRIES_MAX)):
        try:
            await hasty.payments.refund(back("5.00", paid.reference))
        except Unknown:
            if random.random() < 0.2:
                await _a_day_later(desk.fake)
    desk.fake.faults.clear()
    await _a_day_later(desk.fake)
    assert isinstance(await desk.payments.refund(back("5.00", paid.reference)), Succeeded), seed
    assert [one["amount"] for one in desk.fake.account.of("refund")] == [500], seed
    assert await desk.payments.refund(back("7.35", paid.reference, "refund_another")) == Refused(
        "more than is left of the charge"
    )
