"""What comes in month by month: the fixed fees of running subscriptions, brought to a month."""

from decimal import Decimal

import pytest
from billed_shop import EXTRA, GOLD, METERED, MONTH, SETUP, SILVER, TEAM, WEEK, YEAR, Shop, fee, sold
from msgspec.structs import replace
from timeline import D

from domain import commands as c
from domain.catalog import PlanVersion
from domain.coupon import Coupon
from domain.money import Money
from domain.period import Cadence
from domain.recurring import monthly, recurring
from domain.seller import Seller
from domain.subscription import AddAddOn, ChangePlan, ChangeQuantity, Pause, Resume
from domain.tax import TaxRate


def comes_in(shop: Shop) -> Decimal:
    """A month, in euros."""
    return monthly(recurring(shop.account))["EUR"]


def subscribed(plan: PlanVersion, **terms: object) -> Shop:
    shop = Shop()
    shop.subscribe("2026-01-01", plan, **terms)
    return shop


def with_coupon(shop: Shop, **terms: object) -> Shop:
    coupon = Coupon("coupon_1", "CODE", "A coupon", **terms)
    shop.do("2026-01-02", c.RedeemCoupon(coupon, "r1"))
    return shop


@pytest.mark.parametrize(
    ("cadence", "amount", "a_month"),
    [
        (Cadence.DAY, "1.20", "36.5"),  # × 365 / 12
        (Cadence.WEEK, "12", "52"),  # × 52 / 12
        (Cadence.MONTH, "30", "30"),
        (Cadence.QUARTER, "90", "30"),
        (Cadence.YEAR, "360", "30"),
        (Cadence.YEAR, "100", "8.333333333333"),  # no decimal says it; to 12 places
    ],
)
def test_a_fee_is_brought_to_a_month(cadence: Cadence, amount: str, a_month: str) -> None:
    assert comes_in(subscribed(sold("plan", fee(amount, cadence)))) == D(a_month)


def test_of_a_plan_sold_in_two_rhythms_the_chosen_one_counts() -> None:
    assert comes_in(subscribed(SILVER, cadence=YEAR)) == D(25)


def test_seats_and_add_ons_count_as_often_as_they_were_bought() -> None:
    shop = subscribed(TEAM, quantity=3)
    assert comes_in(shop) == D(36)
    shop.change("2026-01-10", ChangeQuantity(5))
    shop.change("2026-01-10", AddAddOn(EXTRA, 2))
    assert comes_in(shop) == D(5 * 12 + 2 * 5)


def test_usage_and_what_is_paid_once_do_not_recur() -> None:
    assert comes_in(subscribed(METERED)) == D(10)
    assert comes_in(subscribed(sold("with_setup", SETUP, fee("30")))) == D(30)


def test_another_plan_counts_from_the_change_on() -> None:
    shop = subscribed(SILVER)
    shop.change("2026-01-10", ChangePlan(GOLD), when="PERIOD_END")
    assert comes_in(shop) == D(30)
    shop.until("2026-02-01")
    assert comes_in(shop) == D(90)


def test_a_trial_counts_for_nothing_until_it_ends() -> None:
    shop = subscribed(SILVER, trial_days=14)
    assert comes_in(shop) == 0
    shop.until("2026-01-15")
    assert comes_in(shop) == D(30)


def test_a_pause_counts_for_nothing() -> None:
    shop = subscribed(SILVER)
    shop.change("2026-01-10", Pause())
    assert comes_in(shop) == 0
    shop.change("2026-01-20", Resume())
    assert comes_in(shop) == D(30)


def test_what_ends_at_the_end_of_its_period_counts_until_then_and_is_gone() -> None:
    shop = subscribed(SILVER)
    shop.cancel("2026-01-10")
    assert comes_in(shop) == D(30)
    shop.until("2026-02-01")
    assert recurring(shop.account) == ()


def test_what_has_not_begun_counts_for_nothing() -> None:
    shop = subscribed(SILVER, start_at="2026-03-01")
    (one,) = recurring(shop.account)
    assert (one.status, one.plan_key, one.currency, one.monthly) == ("PENDING", "silver", "EUR", 0)


def test_every_subscription_counts() -> None:
    shop = subscribed(SILVER)
    shop.subscribe("2026-01-05", sold("weekly", fee("3", WEEK)))
    assert [charge.monthly for charge in recurring(shop.account)] == [D(30), D(13)]
    assert comes_in(shop) == D(43)


def test_a_coupon_for_ever_lowers_it_one_for_some_invoices_does_not() -> None:
    assert comes_in(with_coupon(subscribed(SILVER), percent=D(50))) == D(15)
    assert comes_in(with_coupon(subscribed(SILVER), percent=D(50), periods=3)) == D(30)


def test_a_coupon_of_a_plan_lowers_only_its_fees() -> None:
    shop = subscribed(SILVER)
    shop.change("2026-01-01", AddAddOn(EXTRA, 1))
    assert comes_in(with_coupon(shop, percent=D(10), plans=("silver",))) == D(27 + 5)


def test_a_fixed_coupon_comes_off_once_a_period_and_never_below_nothing() -> None:
    assert comes_in(with_coupon(subscribed(SILVER, cadence=YEAR), amount=Money(D(60), "EUR"))) == D(20)
    assert comes_in(with_coupon(subscribed(SILVER), amount=Money(D(60), "EUR"))) == 0


def test_the_tax_that_a_price_contains_is_not_ours() -> None:
    shop = Shop(country="DE", tax_rates=(TaxRate("DE", "standard", "VAT", D(19)),), seller=Seller(country="DE"))
    shop.subscribe("2026-01-01", sold("gross", replace(fee("119", MONTH), tax_inclusive=True)))
    assert shop.invoices[0].tax[0].amount == D(19)
    assert comes_in(shop) == D(100)
