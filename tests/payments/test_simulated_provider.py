"""The provider that is simulated keeps the law of the port: one id, one charge, whatever is asked and lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.payments.simulated import Behaviour, Simulated
from domain.books.payment import FailureCode
from domain.money import Money
from domain.providers.provider import (
    ChargeRequest,
    Failed,
    NeedsAction,
    Outcome,
    PaymentProvider,
    Refused,
    Repayment,
    Succeeded,
    Unknown,
)


def charge(token: str, id: str = "payment_1", amount: str = "10.00") -> ChargeRequest:
    return ChargeRequest(id, "anon_1", Money(Decimal(amount), "USD"), token)


def repayment(amount: str, id: str = "refund_1") -> Repayment:
    return Repayment(id, "payment_1", Money(Decimal(amount), "USD"), None)


async def test_it_is_a_payment_provider() -> None:
    provider: PaymentProvider = Simulated()
    assert await provider.outcome_of(charge("succeeds")) is None


@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        ("succeeds", Succeeded("simulated_payment_1")),
        ("declines", Failed(FailureCode.DECLINED)),
        ("insufficient_funds", Failed(FailureCode.INSUFFICIENT_FUNDS)),
        ("expires", Failed(FailureCode.METHOD_EXPIRED)),
        ("refuses", Failed(FailureCode.METHOD_REFUSED)),
        ("needs_action", NeedsAction("https://pay.example/confirm/payment_1")),
        ("nobody knows it", Failed(FailureCode.METHOD_REFUSED)),
    ],
)
async def test_it_behaves_as_the_method_says_however_often_it_is_asked(token: str, outcome: Outcome) -> None:
    provider = Simulated()
    assert [await provider.charge(charge(token)) for _ in range(3)] == [outcome] * 3
    assert await provider.outcome_of(charge(token)) == outcome
    assert (provider.made["payment_1"].asked, len(provider.made)) == (3, 1)


async def test_an_answer_that_is_lost_after_charging_is_told_when_asked_again() -> None:
    provider = Simulated()
    with pytest.raises(Unknown):
        await provider.charge(charge("times_out_after_charging"))
    assert provider.made["payment_1"].taken == Decimal("10.00")
    assert await provider.charge(charge("times_out_after_charging")) == Succeeded("simulated_payment_1")
    assert provider.made["payment_1"].taken == Decimal("10.00")


async def test_a_question_that_is_lost_charges_nothing() -> None:
    provider = Simulated()
    with pytest.raises(Unknown):
        await provider.charge(charge("times_out_before_charging"))
    lost = charge("times_out_before_charging")
    assert (provider.made["payment_1"].taken, await provider.outcome_of(lost)) == (0, None)
    assert await provider.charge(lost) == Succeeded("simulated_payment_1")


async def test_it_declines_the_first_payment_and_takes_the_next() -> None:
    provider = Simulated()
    first, second = charge("declines_then_succeeds", "payment_1"), charge("declines_then_succeeds", "payment_2")
    assert await provider.charge(first) == Failed(FailureCode.DECLINED)
    assert await provider.charge(second) == Succeeded("simulated_payment_2")
    assert await provider.charge(first) == Failed(FailureCode.DECLINED)


async def test_what_the_customer_confirms_goes_through() -> None:
    provider = Simulated()
    await provider.charge(charge("needs_action"))
    provider.confirm("payment_1")
    assert await provider.charge(charge("needs_action")) == Succeeded("simulated_payment_1")


async def test_refunds_are_made_once_and_never_exceed_the_charge() -> None:
    provider = Simulated()
    assert await provider.refund(repayment("1.00")) == Refused("there is no such charge")
    await provider.charge(charge("succeeds"))
    assert await provider.refund(repayment("6.00")) == Succeeded("simulated_refund_1")
    assert await provider.refund(repayment("6.00")) == Succeeded("simulated_refund_1")
    assert await provider.refund(repayment("4.01", "refund_2")) == Refused("more than was charged")
    assert await provider.refund(repayment("4.00", "refund_2")) == Succeeded("simulated_refund_2")


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(Behaviour))))
async def test_one_id_is_charged_at_most_once_in_whatever_order_ids_are_asked(asked: list[tuple[int, str]]) -> None:
    provider, tokens = Simulated(), dict[int, str]()
    for n, token in asked:
        try:
            await provider.charge(charge(tokens.setdefault(n, token), f"payment_{n}"))
        except Unknown:
            continue
    assert all(made.taken in (0, Decimal("10.00")) for made in provider.made.values())
    assert len(provider.made) == len(tokens)
