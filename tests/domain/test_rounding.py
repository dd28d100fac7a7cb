"""Where money rounds: to a currency's digits by each policy, in proportion over several lines, up to a minimum."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.money import digits, rounded, split
from domain.policy import Rounding
from domain.pricing.fraction import as_decimal
from domain.pricing.minimum import true_up

D = Decimal


# ── rounding ──


@pytest.mark.parametrize(
    ("amount", "half_up", "half_even", "up", "down"),
    [
        ("1.005", "1.01", "1.00", "1.01", "1.00"),
        ("1.015", "1.02", "1.02", "1.02", "1.01"),
        ("1.0001", "1.00", "1.00", "1.01", "1.00"),
        ("1.01", "1.01", "1.01", "1.01", "1.01"),
        ("0", "0.00", "0.00", "0.00", "0.00"),
    ],
)
def test_each_rounding_policy(amount: str, half_up: str, half_even: str, up: str, down: str) -> None:
    policies = (Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.UP, Rounding.DOWN)
    assert [str(rounded(D(amount), "EUR", policy)) for policy in policies] == [half_up, half_even, up, down]
    mirrored = [rounded(-Fraction(amount), "EUR", policy) for policy in policies]
    assert mirrored == [-D(text) for text in (half_up, half_even, up, down)]
    assert not any(amount.is_signed() for amount in mirrored if not amount), "zero has no sign"


@pytest.mark.parametrize(("currency", "written"), [("JPY", "67"), ("EUR", "66.67"), ("BHD", "66.667")])
def test_a_fraction_that_never_ends_rounds_to_the_digits_of_its_currency(currency: str, written: str) -> None:
    assert str(rounded(Fraction(200, 3), currency)) == written


def test_a_tie_is_seen_in_the_fraction_where_twelve_decimals_would_miss_it() -> None:
    third = as_decimal(Fraction(1, 600))[0]
    assert third * 3 != D("0.005")
    assert rounded(3 * Fraction(1, 600), "EUR", Rounding.HALF_EVEN) == D("0.00")
    assert rounded(third * 3, "EUR", Rounding.HALF_EVEN) == D("0.01")


@given(st.fractions(-(10**9), 10**9), st.sampled_from(Rounding), st.sampled_from(["JPY", "EUR", "BHD", "CLF"]))
def test_rounding_mirrors_moves_less_than_a_unit_and_leaves_what_is_round(
    amount: Fraction, rounding: Rounding, currency: str
) -> None:
    once = rounded(amount, currency, rounding)
    assert rounded(-amount, currency, rounding) == -once
    assert abs(Fraction(once) - amount) < Fraction(1, 10 ** digits(currency))
    assert rounded(once, currency, rounding) == once


@pytest.mark.parametrize(
    ("value", "written", "exact"),
    [("1/4", "0.25", True), ("1/3", "0.333333333333", False), ("2/3", "0.666666666667", False), ("100", "100", True)],
)
def test_a_fraction_is_written_in_full_where_it_ends(value: str, written: str, exact: bool) -> None:
    shown, ends = as_decimal(Fraction(value))
    assert (str(shown), ends) == (written, exact)


# ── splitting ──

CENTS = st.integers(-(10**9), 10**9).map(lambda cents: D(cents).scaleb(-2))
WEIGHTS = st.lists(st.integers(0, 10**6).map(lambda cents: D(cents).scaleb(-2)), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("-10.00", ["1", "1", "1"], ["-3.34", "-3.33", "-3.33"]),
        ("0.02", ["1", "2", "1"], ["0.01", "0.01", "0.00"]),
        ("0.01", ["1", "3", "0"], ["0.00", "0.01", "0.00"]),
        ("0.03", ["1", "3", "2"], ["0.00", "0.02", "0.01"]),  # of equal rests the heavier weight
        ("5.00", ["0", "0"], ["5.00", "0.00"]),
        ("0.00", [], []),
        ("9.00", ["100.00", "-10.00"], ["10.00", "-1.00"]),
        ("-9.00", ["-100.00", "10.00"], ["-10.00", "1.00"]),
    ],
)
def test_an_amount_is_split_in_proportion_to_the_unit(total: str, weights: list[str], parts: list[str]) -> None:
    assert [str(part) for part in split(D(total), [D(weight) for weight in weights], "EUR")] == parts


def test_an_amount_is_split_into_units_of_its_currency() -> None:
    assert split(D(100), [D(1), D(1), D(1)], "JPY") == (D(34), D(33), D(33))


@given(CENTS, WEIGHTS)
def test_the_parts_add_up_to_the_total_and_mirror_with_it(total: Decimal, weights: list[Decimal]) -> None:
    parts = split(total, weights, "EUR")
    assert sum(parts) == total
    assert split(-total, weights, "EUR") == tuple(-part for part in parts)


@given(CENTS, WEIGHTS)
def test_no_part_is_a_whole_unit_from_its_exact_share(total: Decimal, weights: list[Decimal]) -> None:
    assume(any(weights))
    for part, weight in zip(split(total, weights, "EUR"), weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * Fraction(weight) / Fraction(sum(weights))) < Fraction(1, 100)
        assert weight or not part


@given(CENTS, WEIGHTS.flatmap(lambda weights: st.tuples(st.just(weights), st.permutations(weights))))
def test_the_order_of_weights_does_not_change_what_each_gets(
    total: Decimal, orders: tuple[list[Decimal], list[Decimal]]
) -> None:
    assume(any(orders[0]))
    parts, others = (sorted(zip(weights, split(total, weights, "EUR"), strict=True)) for weights in orders)
    assert parts == others


@given(WEIGHTS, st.data())
def test_no_part_is_more_than_its_line_when_the_total_is_not(weights: list[Decimal], data: st.DataObject) -> None:
    whole = int(sum(weights) * 100)
    total = D(data.draw(st.integers(0, whole))).scaleb(-2)
    assert all(0 <= part <= weight for part, weight in zip(split(total, weights, "EUR"), weights, strict=True))


def test_a_sum_of_many_small_lines_is_split_back_without_losing_a_cent() -> None:
    """useautumn/autumn #3407: 81 lines rounded one by one do not come to their sum."""
    exact = [D("284.8463")] * 81
    total = rounded(sum(exact, D(0)), "EUR")
    assert sum(rounded(amount, "EUR") for amount in exact) != total
    assert sum(split(total, exact, "EUR")) == total


def test_shares_of_a_credit_do_not_depend_on_the_order_of_its_lines() -> None:
    """Lago #4889, published case C07: the result was 64 or 68 by the order of fees."""
    fees = [D("0.60")] * 9 + [D("0.68")]
    forth, back = split(D("0.68"), fees, "EUR"), split(D("0.68"), fees[::-1], "EUR")
    assert forth[-1] == back[0] == D("0.07")
    assert sorted(forth) == sorted(back)


def test_half_a_cent_of_tax_rounds_up() -> None:
    """invoiceninja #1453, published case I12: 9.975 % of 140.00 is 13.965."""
    assert rounded(D("140.00") * D("0.09975"), "CAD") == D("13.97")
    assert rounded(D("140.00") * D("0.09975"), "CAD", Rounding.HALF_EVEN) == D("13.96")


# ── minimum spend ──


@pytest.mark.parametrize(
    ("share", "spent", "missing"),
    [("1", "9.99", "0.01"), ("1", "10", "0.00"), ("1", "12.50", "0.00"), ("25/28", "8.00", "0.93"), ("0", "0", "0.00")],
)
def test_what_is_missing_from_the_minimum_of_a_part_is_due(share: str, spent: str, missing: str) -> None:
    assert str(true_up(D(10), Fraction(share), D(spent), "EUR")) == missing


def test_a_negative_spend_is_lifted_to_the_minimum_too() -> None:
    assert true_up(D(10), Fraction(1), D("-5.00"), "EUR") == D("15.00")
