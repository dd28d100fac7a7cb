"""Coupons: what they take off, off which lines, and how often."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_lines import NOW, line, lines, vat

from domain.books.line import Line, LineKind
from domain.books.redemption import Discount, Redemption
from domain.coupon import Coupon
from domain.money import Money
from domain.totals import Discounted, discounted, totals

D = Decimal


def percent(value: str, **more: Any) -> Coupon:
    return Coupon(f"coupon_{value}", f"CODE{value}", f"{value} % off", percent=D(value), **more)


def fixed(amount: str, currency: str = "EUR", **more: Any) -> Coupon:
    return Coupon(f"coupon_{amount}", f"CODE{amount}", f"{amount} off", amount=Money(D(amount), currency), **more)


def redeemed(coupon: Coupon, day: int = 0, id: str | None = None, **more: Any) -> Redemption:
    return Redemption(id or f"redemption_{coupon.code}", coupon, NOW + timedelta(days=day), **more)


def shares(result: Discounted) -> list[Decimal]:
    return [line.discount for line in result.lines]


def test_a_percentage_is_of_the_sum_rounded_once_and_split_over_the_lines() -> None:
    """Polar rounds line by line: 0.33 twice (published case CP05)."""
    result = discounted(lines("1.00", "1.00"), [redeemed(percent("33.33"))], "EUR")
    assert result.discounts == (Discount("redemption_CODE33.33", "CODE33.33", "33.33 % off", D("0.67")),)
    assert sorted(shares(result)) == [D("0.33"), D("0.34")]


def test_ten_percent_off_200_hours() -> None:
    """Orb, published case T31: 200 × 0.10 less 10 %."""
    assert totals(discounted(lines("20"), [redeemed(percent("10"))], "EUR").lines, "EUR").total == 18


def test_a_fixed_amount_is_split_by_weight() -> None:
    assert shares(discounted(lines("200", "100"), [redeemed(fixed("12"))], "EUR")) == [8, 4]


def test_a_fixed_amount_is_at_most_what_the_lines_come_to_and_the_rest_is_lost() -> None:
    result = discounted(lines("4", "2"), [redeemed(fixed("12"))], "EUR")
    assert shares(result) == [4, 2]
    assert [discount.amount for discount in result.discounts] == [6]
    assert totals(result.lines, "EUR").total == 0


def test_the_earlier_redemption_goes_first_and_the_next_is_of_what_it_left() -> None:
    early, late = redeemed(fixed("20"), 0), redeemed(percent("10"), 1)
    result = discounted(lines("100"), [late, early], "EUR")
    assert [(discount.redemption_id, discount.amount) for discount in result.discounts] == [
        (early.id, D(20)),
        (late.id, D("8.00")),
    ]
    assert shares(result) == [28]


def test_a_coupon_lowers_the_lines_of_its_plans_only() -> None:
    two = [line("100", key="a", plan="pro"), line("100", key="b", plan="starter")]
    assert shares(discounted(two, [redeemed(percent("10", plans=("pro",)))], "EUR")) == [10, 0]


def test_a_redemption_for_one_subscription_lowers_its_lines_only() -> None:
    two = [line("100", key="a", subscription="one"), line("100", key="b", subscription="two")]
    assert shares(discounted(two, [redeemed(percent("10"), subscription_id="two")], "EUR")) == [0, 10]


def test_a_fixed_amount_in_another_currency_takes_nothing_off() -> None:
    result = discounted(lines("100"), [redeemed(fixed("10", "USD"), left=3)], "EUR")
    assert (shares(result), result.discounts, result.used) == ([0], (), ())


@pytest.mark.parametrize("ended", [{"ended_at": NOW}, {"left": 0}])
def test_what_ended_or_is_used_up_takes_nothing_off(ended: dict[str, Any]) -> None:
    assert discounted(lines("100"), [redeemed(percent("10"), **ended)], "EUR").discounts == ()


def test_what_gives_back_was_discounted_before_or_buys_credit_stays_as_it_is() -> None:
    kept = [
        line("-50", key="reversed", discount="-5"),
        line("30", key="settled", discount="3"),
        line("100", key="credit", kind=LineKind.CREDIT),
        line("0", key="nothing"),
    ]
    result = discounted([*kept, line("80", key="new")], [redeemed(percent("10"))], "EUR")
    assert list(result.lines[:4]) == kept
    assert result.lines[4].discount == 8


def test_a_coupon_of_100_percent_leaves_nothing_to_pay_and_no_tax() -> None:
    """Lago #5190: what follows from such an invoice must not fail."""
    result = discounted(lines("19.99", "5.01", tax=vat("19")), [redeemed(percent("100"))], "EUR")
    summed = totals(result.lines, "EUR")
    assert (summed.discount, summed.total, summed.tax[0].amount) == (25, 0, 0)


# ── how often ──


def test_an_invoice_whose_recurring_fee_was_lowered_uses_up_one() -> None:
    thrice, forever = redeemed(percent("10"), left=3), redeemed(percent("20"), 1)
    assert discounted(lines("100"), [thrice, forever], "EUR").used == (thrice.id,)


def test_a_coupon_for_three_periods_counts_from_its_redemption_not_from_the_subscriptions_start() -> None:
    """Polar #8827: its months were counted from the start, so in the tenth month it had expired at once."""
    coupon, totals_by_month = redeemed(percent("10"), day=300, left=3), []
    for month in range(10, 15):
        fee = [line("100", key=f"sub/fee/month-{month}")]
        result = discounted(fee, [coupon], "EUR")
        totals_by_month.append(totals(result.lines, "EUR").total)
        coupon = replace(coupon, left=(coupon.left or 0) - len(result.used))
    assert totals_by_month == [90, 90, 90, 100, 100]


def test_an_invoice_of_usage_alone_uses_up_none() -> None:
    usage = [line("100", kind=LineKind.USAGE)]
    result = discounted(usage, [redeemed(percent("10"), left=3)], "EUR")
    assert (shares(result), result.used) == ([10], ())


def test_a_recurring_fee_of_another_plan_uses_up_none() -> None:
    two = [line("100", key="a", plan="starter"), line("50", key="b", plan="pro", kind=LineKind.ONCE)]
    assert discounted(two, [redeemed(percent("10", plans=("pro",)), left=3)], "EUR").used == ()


# ── changes inside a period that was billed ──

CONTINUED: dict[str, frozenset[str]] = dict.fromkeys(["sub/fee/2026-03-01", "sub/pro/2026-03-01"], frozenset())


def test_a_fixed_amount_is_not_taken_off_a_seat_more() -> None:
    """Polar #11556, published case P08: the amount was taken off the period already; the seat costs what it costs."""
    seat = [line("15", key="sub/fee/2026-03-01")]
    result = discounted(seat, [redeemed(fixed("10"), left=2)], "EUR", CONTINUED)
    assert (shares(result), result.used) == ([0], ())


def test_a_new_plan_gets_what_the_old_one_gave_back_of_a_fixed_amount() -> None:
    """100 less 10 were paid; in the middle of the period a plan of 200 takes over: 100 − 50 more, and no second 10."""
    change = [line("-50", key="sub/fee/2026-03-01", discount="-5"), line("100", key="sub/pro/2026-03-01")]
    result = discounted(change, [redeemed(fixed("10"), left=2)], "EUR", CONTINUED)
    assert totals(result.lines, "EUR").total == 50
    assert result.used == ()


def test_a_percentage_is_of_a_difference_as_of_anything_but_uses_up_none() -> None:
    seat = [line("15", key="sub/fee/2026-03-01")]
    result = discounted(seat, [redeemed(percent("10"), left=2)], "EUR", CONTINUED)
    assert (shares(result), result.used) == ([D("1.50")], ())


def test_the_next_period_on_the_same_invoice_has_its_fixed_amount() -> None:
    both = [
        line("-50", key="sub/fee/2026-03-01", discount="-5"),
        line("100", key="sub/pro/2026-03-01"),
        line("200", key="sub/pro/2026-04-01"),
    ]
    result = discounted(both, [redeemed(fixed("10"), left=2)], "EUR", CONTINUED)
    assert [discount.amount for discount in result.discounts] == [15]
    assert len(result.used) == 1


def test_two_fixed_coupons_do_not_both_get_what_was_given_back() -> None:
    change = [line("-50", key="sub/fee/2026-03-01", discount="-5"), line("100", key="sub/pro/2026-03-01")]
    two = [redeemed(fixed("10"), 0), redeemed(fixed("20"), 1)]
    result = discounted(change, two, "EUR", CONTINUED)
    assert sum(discount.amount for discount in result.discounts) == 5


# ── laws ──

AMOUNTS = st.integers(-(10**6), 10**8).map(lambda cents: D(cents).scaleb(-2))
COUPONS = st.one_of(
    st.integers(0, 10_000).map(lambda basis: percent(str(D(basis).scaleb(-2)))),
    st.integers(1, 10**7).map(lambda cents: fixed(str(D(cents).scaleb(-2)))),
)


@st.composite
def discounting(draw: st.DrawFn) -> tuple[list[Line], list[Redemption]]:
    made = [
        line(amount, draw(st.sampled_from([vat("19"), vat("7")])), key=f"k{n}", plan=draw(st.sampled_from(["a", "b"])))
        for n, amount in enumerate(draw(st.lists(AMOUNTS, max_size=8)))
    ]
    coupons = draw(st.lists(COUPONS, max_size=4))
    redemptions = [redeemed(coupon, draw(st.integers(0, 2)), f"r{n}") for n, coupon in enumerate(coupons)]
    return made, redemptions


@given(discounting())
def test_no_line_falls_below_zero_and_the_shares_sum_to_the_discounts(
    case: tuple[list[Line], list[Redemption]],
) -> None:
    made, redemptions = case
    result = discounted(made, redemptions, "EUR")
    assert all(0 <= line.discount <= max(line.amount, D(0)) for line in result.lines)
    assert sum(shares(result), D(0)) == sum((discount.amount for discount in result.discounts), D(0))
    assert all(share == round(share, 2) for share in shares(result))


@given(discounting(), st.randoms())
def test_the_order_of_lines_and_redemptions_changes_nothing(
    case: tuple[list[Line], list[Redemption]], dice: Random
) -> None:
    """Also where two lines weigh the same and only one gets the odd cent: it decides whose tax is lowered."""
    made, redemptions = case
    before = discounted(made, redemptions, "EUR")
    dice.shuffle(made)
    dice.shuffle(redemptions)
    after = discounted(made, redemptions, "EUR")
    assert {line.key: line.discount for line in after.lines} == {line.key: line.discount for line in before.lines}
    assert after.discounts == before.discounts


def test_discounting_a_draft_again_changes_nothing() -> None:
    """OpenMeter #2703: each recalculation took the discount off once more."""
    coupon = [redeemed(fixed("10"))]
    once = discounted(lines("100", "50"), coupon, "EUR")
    for _ in range(5):
        assert discounted(lines("100", "50"), coupon, "EUR") == once
    assert discounted(once.lines, coupon, "EUR").lines == once.lines
