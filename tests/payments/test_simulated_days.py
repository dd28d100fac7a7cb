"""What takes days at a provider, and what comes back, played on a test clock with the simulated one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
import pytest_asyncio
from paying_shop import BY, Shop, on
from sqlalchemy import text

from adapters.secrets import Secrets
from adapters.settings import DeploymentSettings
from domain import commands as c
from domain.books.payment import FailureCode, Payment, PaymentStatus
from domain.errors import ErrorCode, Refusal
from domain.providers.notice import NotGenuine
from domain.providers.provider import ChargeRequest, Processing
from service.later.clocks import advance
from service.runtime import Runtime
from service.write.record import By, Recorded
from tollgate.wiring import open_runtime

SETTINGS = DeploymentSettings(_env_file=None, simulated_payments=True)  # type: ignore[call-arg]
SECRETS = Secrets(b"m" * 40, b"t" * 40, None)


@pytest_asyncio.fixture
async def runtime(dsn: str) -> AsyncIterator[Runtime]:
    async with open_runtime(SETTINGS, SECRETS, dsn) as runtime:
        yield runtime


async def sold(shop: Shop, runtime: Runtime, token: str) -> None:
    await shop.open(token)
    await shop.sell("100.00")
    await runtime.charging.queue.round()


async def days(shop: Shop, runtime: Runtime, *days: str) -> list[tuple[str, str, PaymentStatus, Decimal]]:
    """A line for each day on which something changed: the payment, and how much of it went back."""
    lines = []
    for day in days:
        await advance(runtime, shop.clock_id, on(f"2026-01-{day}"), BY)
        (payment, *_) = await shop.payments()
        lines.append((day, payment.status, payment.refunded))
    return lines


async def first(shop: Shop) -> Payment:
    return (await shop.payments())[0]


async def drift(shop: Shop) -> list[str]:
    return [words.partition(": ")[2] for words in (await shop.account()).books.links["simulated"].drift]


async def test_a_debit_is_under_way_for_days_and_has_its_reference_meanwhile(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "debit")
    payment = await first(shop)
    assert (payment.status, payment.reference) == (PaymentStatus.PENDING, f"simulated_{payment.id}")
    assert (payment.processing_since, await shop.open_effects()) == (on("2026-01-01"), 1)
    assert await days(shop, runtime, "02", "03", "04") == [
        ("02", PaymentStatus.PENDING, 0),
        ("03", PaymentStatus.PENDING, 0),
        ("04", PaymentStatus.SUCCEEDED, 0),
    ]
    assert (await first(shop)).settled_at == on("2026-01-04")
    assert (len(await shop.payments()), await drift(shop), await shop.faults()) == (1, [], [])


async def test_that_a_debit_is_under_way_is_recorded_once(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "debit")
    seq = (await shop.account()).seq
    for _ in range(3):
        assert await runtime.charging.queue.round_of(shop.customer_id) == (1, 0)
    assert (await shop.account()).seq == seq


async def test_a_debit_under_way_is_no_failure_and_is_never_given_up(
    shop: Shop, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.later.resting.ATTEMPTS_MAX", 1)
    await sold(shop, runtime, "debit")
    for _ in range(3):
        await runtime.charging.queue.round_of(shop.customer_id)
    async with shop.engine.connect() as connection:
        (row,) = await connection.execute(text("SELECT state, attempts, next_at - now() FROM work"))
    assert (row[0], row[1]) == ("WAITING", 0)
    assert timedelta(minutes=59) < row[2] <= timedelta(hours=1)


async def test_a_debit_that_fails_is_a_failed_payment_days_later(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "debit_fails")
    assert await days(shop, runtime, "03", "04") == [
        ("03", PaymentStatus.PENDING, 0),
        ("04", PaymentStatus.FAILED, 0),
    ]
    payment = await first(shop)
    assert (payment.failure, payment.settled_at) == (FailureCode.INSUFFICIENT_FUNDS, on("2026-01-04"))
    assert await shop.faults() == []


async def test_a_debit_that_is_returned_goes_back_after_it_came_in(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "debit_returned")
    assert await days(shop, runtime, "04", "08", "09", "10") == [
        ("04", PaymentStatus.SUCCEEDED, 0),
        ("08", PaymentStatus.SUCCEEDED, 0),
        ("09", PaymentStatus.REFUNDED, 100),
        ("10", PaymentStatus.REFUNDED, 100),
    ]
    (back,) = (await first(shop)).refunds
    assert (back.reason, back.amount) == ("dispute lost: debit returned", Decimal("100.00"))
    assert await shop.faults() == []


async def test_one_that_was_returned_before_anybody_asked_came_in_and_went_back(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "debit_returned")
    assert await days(shop, runtime, "20") == [("20", PaymentStatus.REFUNDED, 100)]
    assert len((await first(shop)).refunds) == 1
    assert await shop.faults() == []


async def test_what_went_back_and_the_books_do_not_allow_is_told_until_it_is_recorded(
    shop: Shop, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sold(shop, runtime, "debit_returned")
    await shop.at("2026-01-20")

    async def refusing(customer_id: str, command: c.AccountCommand, by: By) -> Recorded:
        if isinstance(command, c.RecordRefund):
            raise Refusal(ErrorCode.CONFLICT, "it has been used", "payment_id")
        return await runtime.record(customer_id, command, by)

    monkeypatch.setattr(runtime.charging, "_record", refusing)
    assert await runtime.charging.queue.round_of(shop.customer_id) == (1, 1)
    assert (await first(shop)).status is PaymentStatus.SUCCEEDED
    assert await drift(shop) == ["100.00 went back there, but it has been used"]
    assert await days(shop, runtime, "20") == [("20", PaymentStatus.REFUNDED, 100)]
    assert (await drift(shop), await shop.faults()) == ([], [])


async def test_what_the_customer_confirms_later_comes_in_when_they_do(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "confirmed_later")
    assert (await first(shop)).waiting
    assert await days(shop, runtime, "02") == [("02", PaymentStatus.SUCCEEDED, 0)]
    assert (len(await shop.payments()), await shop.faults()) == (1, [])


async def test_a_dispute_is_told_to_support_and_goes_back_when_it_is_lost(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "dispute_lost")
    payment = await first(shop)
    assert await days(shop, runtime, "02", "11") == [
        ("02", PaymentStatus.SUCCEEDED, 0),
        ("11", PaymentStatus.SUCCEEDED, 0),
    ]
    assert await drift(shop) == [f"100.00 USD of payment {payment.id} is disputed (fraudulent)"]
    assert await days(shop, runtime, "12") == [("12", PaymentStatus.REFUNDED, 100)]
    assert (await drift(shop), await shop.faults()) == ([], [])


async def test_a_dispute_that_is_won_leaves_nothing(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "dispute_won")
    await days(shop, runtime, "02")
    assert len(await drift(shop)) == 1
    assert await days(shop, runtime, "12") == [("12", PaymentStatus.SUCCEEDED, 0)]
    assert (await drift(shop), await shop.faults()) == ([], [])


async def test_what_is_disputed_cannot_be_given_back_as_well(shop: Shop, runtime: Runtime) -> None:
    await sold(shop, runtime, "dispute_lost")
    await days(shop, runtime, "02")
    await shop.do(c.RefundPayment("refund_1", (await first(shop)).id, Decimal(30)))
    await runtime.charging.queue.round()
    assert [one.failure for one in (await first(shop)).refunds] == ["the bank has taken it back"]


async def test_a_body_with_many_notices_is_verified_by_a_call_and_acknowledged_in_its_own_way(
    shop: Shop, runtime: Runtime
) -> None:
    await sold(shop, runtime, "dispute_lost")
    payment = await first(shop)
    await shop.record(shop.clock_id, c.AdvanceClock(on("2026-01-12")), BY)  # and nobody looks, but for the notices
    body = f'{{"payments": ["{payment.id}"]}}'.encode()
    kept = await runtime.intake.receive("simulated", body, {})
    assert (kept.new, kept.acknowledgement.status, kept.acknowledgement.text) == (2, 202, "noted\n")
    assert (await runtime.intake.receive("simulated", body, {})).new == 0
    assert await runtime.handling.queue.round() == 2
    assert ((await first(shop)).status, await shop.faults()) == (PaymentStatus.REFUNDED, [])


@pytest.mark.parametrize("body", [b"", b"[]", b'{"payments": ["payment_of_nobody"]}', b'{"payments": [1]}', b"\xff"])
async def test_a_notice_of_what_it_does_not_know_is_not_its_own(runtime: Runtime, body: bytes) -> None:
    with pytest.raises(NotGenuine):
        await runtime.intake.receive("simulated", body, {})


async def test_that_an_earlier_charge_is_under_way_is_not_said_of_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer confirmed a debit after it had been given up here: the next waits until a bank has answered."""
    await shop.open("needs_action")
    await shop.sell("100.00")
    await shop.charging.queue.round()
    await shop.at("2026-01-03")
    earlier, later = await shop.payments()
    assert (earlier.failure, later.settled_at) == (FailureCode.ACTION_REQUIRED, None)

    async def under_way(charge: ChargeRequest) -> None:
        raise Processing("the bank has it already", 60.0, f"simulated_{charge.payment_id}")

    monkeypatch.setattr(shop.provider, "withdraw", under_way)
    await shop.charging.queue.round()
    assert (await shop.payments())[1] == later
    async with shop.engine.connect() as connection:
        (row,) = await connection.execute(text("SELECT attempts, error FROM work"))
    assert tuple(row) == (0, None)  # which is no failure
    monkeypatch.undo()
    shop.provider.confirm(earlier.id)
    await shop.charging.queue.round_of(shop.customer_id)
    await shop.charging.queue.round_of(shop.customer_id)
    assert [one.failure for one in await shop.payments()] == [None, FailureCode.NOT_NEEDED]
    assert (shop.taken(), await shop.faults()) == (Decimal("100.00"), [])
