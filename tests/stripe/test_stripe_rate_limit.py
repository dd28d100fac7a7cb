"""Calls stay under the limit, rest when Stripe asks for it, and come round fairly."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from stripe_desk import ANONYMOUS, Desk, PatientClock
from stripe_fake import Fault

from adapters.stripe.errors import retry_after
from adapters.stripe.rate_limit import REST_S_MAX, CallLimit
from domain.providers.provider import Unknown


def limited(clock: PatientClock, per_second: float = 10.0, burst: int = 5) -> CallLimit:
    return CallLimit(per_second, burst, now=clock.now, sleep=clock.sleep, chance=Random(1))


async def test_a_burst_is_let_through_and_then_so_many_a_second(clock: PatientClock) -> None:
    limit, start = limited(clock), clock.at
    for _ in range(5):
        await limit.turn("a")
    assert clock.at == start
    for _ in range(20):
        await limit.turn("a")
    assert clock.at - start == pytest.approx(2.0)


async def test_however_many_ask_no_second_has_more_than_burst_and_rate(clock: PatientClock) -> None:
    limit, served = limited(clock), []

    async def ask(who: int) -> None:
        await limit.turn(str(who % 7))
        served.append(clock.at)

    await asyncio.gather(*(ask(who) for who in range(200)))
    assert len(served) == 200
    for at in served:
        assert sum(at <= other < at + 1.0 for other in served) <= 5 + 10 + 1


async def test_one_with_a_thousand_calls_does_not_starve_another(clock: PatientClock) -> None:
    limit, served = limited(clock), []

    async def ask(who: str) -> None:
        await limit.turn(who)
        served.append(who)

    noisy = [asyncio.create_task(ask("noisy")) for _ in range(1000)]
    await asyncio.sleep(0)
    before = len(served)
    quiet = [asyncio.create_task(ask(f"quiet {n}")) for n in range(3)]
    await asyncio.gather(*quiet)
    assert len(served) - before <= 8, "each quiet one waits for its own turn, not for the thousand"
    await asyncio.gather(*noisy)
    assert served.count("noisy") == 1000


async def test_who_gives_up_waiting_costs_nobody_a_turn(clock: PatientClock) -> None:
    limit = limited(clock, per_second=1.0, burst=1)
    await limit.turn("a")
    gone = asyncio.create_task(limit.turn("b"))
    stays = asyncio.create_task(limit.turn("c"))
    await asyncio.sleep(0)
    gone.cancel()
    start = clock.at
    await stays
    assert clock.at - start <= 1.0
    assert limit.waiting == 0


async def test_stripes_word_on_when_to_come_back_is_kept(clock: PatientClock) -> None:
    limit, start = limited(clock), clock.at
    limit.held_back(30.0)
    limit.held_back(5.0)
    await limit.turn("a")
    assert clock.at - start == pytest.approx(30.0)


async def test_without_its_word_the_rest_grows_and_an_answer_ends_it(clock: PatientClock) -> None:
    limit, rests = limited(clock), []
    for _ in range(12):
        start = clock.at
        limit.held_back(None)
        await limit.turn("a")
        rests.append(clock.at - start)
    assert rests[0] <= 0.5
    assert rests[4] > 2.0
    assert REST_S_MAX / 2 <= rests[-1] <= REST_S_MAX
    limit.answered()
    start = clock.at
    limit.held_back(None)
    await limit.turn("a")
    assert clock.at - start <= 0.5


async def test_too_many_requests_hold_back_all_that_follow(desk: Desk, clock: PatientClock) -> None:
    desk.fake.faults.add(Fault.RATE_LIMITED, retry_after="11")
    with pytest.raises(Unknown):
        await desk.customers.link(ANONYMOUS)
    start = clock.at
    await desk.customers.link("anon_another")
    assert clock.at - start == pytest.approx(11.0)


@pytest.mark.parametrize(("fault", "rests"), [(Fault.UNAVAILABLE, True), (Fault.ERROR_BEFORE, True), (None, False)])
async def test_faults_of_stripe_hold_back_and_a_no_does_not(
    desk: Desk, clock: PatientClock, fault: Fault | None, rests: bool
) -> None:
    if fault is not None:
        desk.fake.faults.add(fault)
        with pytest.raises(Unknown):
            await desk.customers.exists("cus_nobody")
    start = clock.at
    assert not await desk.customers.exists("cus_nobody")
    assert (clock.at > start) == rests


async def test_a_stored_error_of_one_customer_holds_back_nobody(desk: Desk, clock: PatientClock) -> None:
    desk.fake.faults.add(Fault.ERROR_BEFORE, "POST /v1/customers")
    for _ in range(2):
        with pytest.raises(Unknown):
            await desk.customers.link(ANONYMOUS)
    start = clock.at
    assert await desk.customers.link("anon_another")
    assert clock.at == start, "the second answer was of the first's day"


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("0", 0.0), ("soon", None), ("-3", None), ("", None)])
def test_when_to_come_back_in_seconds(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}) == seconds
    assert retry_after({}) is None


def test_when_to_come_back_as_a_date() -> None:
    at = datetime.now(UTC) + timedelta(seconds=90)
    found = retry_after({"retry-after": format_datetime(at, usegmt=True)})
    assert found is not None
    assert 85.0 < found <= 90.0
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
