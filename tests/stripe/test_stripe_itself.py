"""The flows of a customer's money, at the fake and, where there is a test-mode key, at Stripe itself: what holds
there only because the fake says so would show here."""

import os
from decimal import Decimal

import pytest
from stripe_fake import FakeStripe

from adapters.stripe.charge import StripePayments
from adapters.stripe.client import Api
from adapters.stripe.customers import StripeCustomers
from adapters.stripe.rate_limit import CallLimit
from domain.books.payment import FailureCode
from domain.money import Money
from domain.providers.provider import ChargeRequest, Failed, NeedsAction, Repayment, Succeeded
from service.ids import new_id

KEY = os.environ.get("STRIPE_API_KEY", "")


def test_the_key_of_the_smoke_test_is_of_test_mode() -> None:
    assert not KEY or KEY.startswith(("sk_test_", "rk_test_")), "these tests charge: never with a live key"


async def test_a_customers_money_at_the_fake(fake: FakeStripe) -> None:
    await _flows(Api(fake.key, CallLimit(50, 50), address=fake.url))


@pytest.mark.skipif(not KEY, reason="STRIPE_API_KEY is not set: nothing was tried against Stripe itself")
async def test_a_customers_money_at_stripe_itself() -> None:
    await _flows(Api(KEY, CallLimit(10, 10)))


async def _flows(api: Api) -> None:
    """Linked once, charged once however often it is asked, declined, asked to confirm, refunded, forgotten."""
    anonymous_id, customers = new_id("anon"), StripeCustomers(api)
    try:
        reference = await customers.link(anonymous_id)
        assert await customers.link(anonymous_id) == reference

        async def reference_of(_: str) -> str:
            return reference

        payments = StripePayments(api, reference_of)

        async def charge(token: str, payment_id: str) -> object:
            return await payments.charge(ChargeRequest(payment_id, anonymous_id, Money(Decimal("12.34"), "USD"), token))

        paid = new_id("payment")
        first = await charge("pm_card_visa", paid)
        assert isinstance(first, Succeeded)
        assert await charge("pm_card_visa", paid) == first
        assert await charge("pm_card_visa_chargeDeclinedInsufficientFunds", new_id("payment")) == Failed(
            FailureCode.INSUFFICIENT_FUNDS
        )
        assert isinstance(await charge("pm_card_authenticationRequired", new_id("payment")), NeedsAction | Failed)
        again = Repayment(new_id("refund"), paid, Money(Decimal("2.34"), "USD"), first.reference)
        assert isinstance(await payments.refund(again), Succeeded)
        assert isinstance(await payments.refund(again), Succeeded)
        await customers.delete(reference)
        assert not await customers.exists(reference)
    finally:
        await api.close()
