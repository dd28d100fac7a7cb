"""What a quantity costs under each model, and the figures on the way to it."""

from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.catalog import ChargeModel, Price, ProrationPolicy, Tier
from domain.errors import Refusal
from domain.money import digits, rounded, split
from domain.period import Cadence
from domain.policy import ChangeDay, Rounding, ZeroUsage
from domain.pricing import check_price
from domain.pricing.fraction import as_decimal
from domain.pricing.minimum import true_up
from domain.pricing.rate import rate

D = Decimal


def price(model: ChargeModel, amount: str | None = None, **terms: object) -> Price:
    unit_amount = None if amount is None else D(amount)
    return Price("price_1", "base", model, Cadence.MONTH, "EUR", unit_amount, **terms)  # type: ignore[arg-type]


def tiers(*rows: tuple[str | None, str, str | None]) -> tuple[Tier, ...]:
    return tuple(
        Tier(None if up_to is None else D(up_to), D(unit), None if flat is None else D(flat))
        for up_to, unit, flat in rows
    )


def lines(of: Price, quantity: str) -> list[str]:
    """quantity × rate = amount, label"""
    return [
        f"{step.quantity:f} × {step.rate:f} = {step.amount:f}, {step.label}" for step in rate(of, D(quantity)).steps
    ]


TWO_TIERS = tiers(("10", "1.5", "4"), (None, "1", "2"))
GRADUATED = price(ChargeModel.GRADUATED, tiers=TWO_TIERS)
VOLUME = price(ChargeModel.VOLUME, tiers=TWO_TIERS)


# ── models ──


@pytest.mark.parametrize(
    ("of", "quantity", "written"),
    [
        (price(ChargeModel.FLAT, "99"), "1", ["1 × 99 = 99, fixed price"]),
        (price(ChargeModel.FLAT, "99"), "3", ["3 × 99 = 297, fixed price"]),
        (price(ChargeModel.PER_SEAT, "10"), "5", ["5 × 10 = 50, seats"]),
        (
            price(ChargeModel.PER_SEAT, "10", included=D(3)),
            "5",
            ["3 × 0 = 0, included", "2 × 10 = 20, seats"],
        ),
        (
            price(ChargeModel.PER_UNIT, "0.000000000001", meter_key="bytes"),
            "123456789",
            ["123456789 × 0.000000000001 = 0.000123456789, units"],
        ),
        (
            price(ChargeModel.PER_UNIT, "2", included=D(100), meter_key="calls"),
            "40.5",
            ["40.5 × 0 = 0, included", "0 × 2 = 0, units"],
        ),
        (
            GRADUATED,
            "12.5",
            [
                "10 × 1.5 = 15, tier 1 (up to 10)",
                "1 × 4 = 4, fixed fee of tier 1",
                "2.5 × 1 = 2.5, tier 2 (above 10)",
                "1 × 2 = 2, fixed fee of tier 2",
            ],
        ),
        (
            price(ChargeModel.GRADUATED, tiers=tiers(("5", "0", None), ("8", "2", None), (None, "1", None))),
            "7",
            ["5 × 0 = 0, tier 1 (up to 5)", "2 × 2 = 4, tier 2 (above 5, up to 8)"],
        ),
        (VOLUME, "12.5", ["12.5 × 1 = 12.5, all units at tier 2 (above 10)", "1 × 2 = 2, fixed fee of tier 2"]),
        (
            price(ChargeModel.VOLUME, tiers=tiers((None, "3", None))),
            "2",
            ["2 × 3 = 6, all units at tier 1"],
        ),
        (
            price(ChargeModel.PACKAGE, "5", package_size=D(1000), included=D(500)),
            "2500.5",
            ["500 × 0 = 0, included", "3 × 5 = 15, packages of 1000, for 2000.5 units"],
        ),
        (
            price(ChargeModel.PERCENTAGE, "0.3", percent=D("2.9")),
            "1000",
            ["1000 × 0.029 = 29, 2.9 % of the value", "1 × 0.3 = 0.3, fixed amount"],
        ),
        (price(ChargeModel.PERCENTAGE, "0.3", percent=D("2.9")), "0", ["0 × 0.029 = 0, 2.9 % of the value"]),
    ],
)
def test_every_step_can_be_redone_with_a_pencil(of: Price, quantity: str, written: list[str]) -> None:
    assert lines(of, quantity) == written


@pytest.mark.parametrize(
    ("quantity", "graduated", "volume"),
    [("10", "19", "19"), ("10.000000000001", "21.000000000001", "12.000000000001"), ("0.5", "4.75", "4.75")],
)
def test_an_upper_bound_belongs_to_its_tier_and_the_least_above_it_enters_the_next(
    quantity: str, graduated: str, volume: str
) -> None:
    assert rate(GRADUATED, D(quantity)).amount == D(graduated)
    assert rate(VOLUME, D(quantity)).amount == D(volume)


@pytest.mark.parametrize("model", [ChargeModel.GRADUATED, ChargeModel.VOLUME])
@pytest.mark.parametrize(("policy", "at_zero"), [(ZeroUsage.CHARGED, "4"), (ZeroUsage.FREE, "0")])
def test_whether_nothing_used_owes_the_first_fee_is_a_policy(
    model: ChargeModel, policy: ZeroUsage, at_zero: str
) -> None:
    of = price(model, tiers=TWO_TIERS, included=D(3), zero_usage=policy)
    assert rate(of, D(0)).amount == D(at_zero)
    assert rate(of, D(3)).amount == D(at_zero), "included units enter no tier"
    assert rate(of, D(4)).amount == D("5.5"), "the first unit beyond them does"


@pytest.mark.parametrize(
    ("quantity", "packages"), [("0", 0), ("0.001", 1), ("10", 1), ("10.5", 2), ("20", 2), ("20.000001", 3)]
)
def test_a_package_begun_is_due_in_full(quantity: str, packages: int) -> None:
    of = price(ChargeModel.PACKAGE, "15", package_size=D(10))
    assert rate(of, D(quantity)).amount == 15 * packages


def test_a_package_may_hold_a_fraction_of_a_unit() -> None:
    assert rate(price(ChargeModel.PACKAGE, "1", package_size=D("0.1")), D("0.35")).amount == 4


def test_corrections_beyond_what_was_used_price_as_nothing_and_say_so() -> None:
    assert lines(price(ChargeModel.PER_UNIT, "2"), "-3") == [
        "-3 × 0 = 0, below zero, counts as 0",
        "0 × 2 = 0, units",
    ]


# ── laws ──

AMOUNTS = st.decimals(0, 10**6, places=12, allow_nan=False, allow_infinity=False)
SIZES = st.decimals("0.000001", 10**6, places=6, allow_nan=False, allow_infinity=False)
QUANTITIES = st.decimals(-(10**6), 10**9, places=6, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Tier, ...]:
    bounds = accumulate(draw(st.lists(SIZES, max_size=5)))
    row = st.tuples(AMOUNTS, st.none() | AMOUNTS)
    return tuple(Tier(up_to, *draw(row)) for up_to in [*bounds, None])


@st.composite
def prices(draw: st.DrawFn) -> Price:
    model = draw(st.sampled_from(ChargeModel))
    terms: dict[str, object] = {"meter_key": "calls"}
    if model is not ChargeModel.FLAT:
        terms["included"] = draw(st.none() | SIZES)
    if model in (ChargeModel.FLAT, ChargeModel.PER_SEAT):
        del terms["meter_key"]
    if model in (ChargeModel.GRADUATED, ChargeModel.VOLUME):
        terms |= {"tiers": draw(tables()), "zero_usage": draw(st.sampled_from(ZeroUsage))}
    else:
        terms["unit_amount"] = draw(AMOUNTS)
    if model is ChargeModel.PACKAGE:
        terms["package_size"] = draw(SIZES)
    if model is ChargeModel.PERCENTAGE:
        terms["percent"] = draw(st.decimals(0, 100, places=4))
    return Price("price_1", "base", model, Cadence.MONTH, "EUR", **terms)  # type: ignore[arg-type]


def by_definition(of: Price, quantity: Decimal) -> Fraction:
    """The same amount in fractions, straight from what the models mean."""
    units = max(Fraction(quantity) - Fraction(of.included or 0), Fraction(0))
    unit = Fraction(of.unit_amount or 0)
    entered = units > 0 or of.zero_usage is ZeroUsage.CHARGED
    match of.model:
        case ChargeModel.PACKAGE:
            return -(-units // Fraction(of.package_size or 1)) * unit
        case ChargeModel.PERCENTAGE:
            return units * Fraction(of.percent or 0) / 100 + (unit if units else 0)
        case ChargeModel.GRADUATED | ChargeModel.VOLUME:
            lower = [Fraction(0), *(Fraction(tier.up_to) for tier in of.tiers if tier.up_to is not None)]
            upper = [*lower[1:], None]
            total = Fraction(0)
            for tier, low, high in zip(of.tiers, lower, upper, strict=True):
                top = units if high is None else min(units, high)
                reached = units > low or low == 0
                last_reached = reached and top == units
                if of.model is ChargeModel.GRADUATED and reached:
                    total += (top - low) * Fraction(tier.unit_amount)
                if of.model is ChargeModel.VOLUME and last_reached:
                    total += units * Fraction(tier.unit_amount)
                if entered and (last_reached or (reached and of.model is ChargeModel.GRADUATED)):
                    total += Fraction(tier.flat_amount or 0)
            return total
        case _:
            return units * unit


@given(prices(), QUANTITIES)
def test_the_steps_add_up_to_the_exact_amount(of: Price, quantity: Decimal) -> None:
    check_price(of, {"calls"})
    rated = rate(of, quantity)
    assert rated.exact == by_definition(of, quantity)
    assert sum(Fraction(step.amount) for step in rated.steps) == rated.exact == Fraction(rated.amount)
    assert all(Fraction(step.quantity) * Fraction(step.rate) == Fraction(step.amount) for step in rated.steps)


@given(prices(), QUANTITIES)
def test_no_quantity_costs_less_than_nothing_and_no_negative_one_anything_but_what_zero_costs(
    of: Price, quantity: Decimal
) -> None:
    assert rate(of, quantity).exact >= 0
    assert rate(of, -abs(quantity)).exact == rate(of, D(0)).exact


@given(prices(), QUANTITIES, QUANTITIES)
def test_but_for_volume_more_never_costs_less(of: Price, one: Decimal, other: Decimal) -> None:
    assume(of.model is not ChargeModel.VOLUME)
    less, more = sorted([one, other])
    assert rate(of, less).exact <= rate(of, more).exact


@given(prices(), QUANTITIES)
def test_units_and_included_units_together_are_the_quantity(of: Price, quantity: Decimal) -> None:
    assume(of.model in (ChargeModel.PER_UNIT, ChargeModel.PER_SEAT) and quantity >= 0)
    assert sum(step.quantity for step in rate(of, quantity).steps) == quantity


# ── what a price may say ──


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (price(ChargeModel.FLAT, "1", tax_category=""), "taxCategory"),
        (price(ChargeModel.FLAT, "1", tax_category="x" * 41), "taxCategory"),
        (price(ChargeModel.FLAT, "1", tax_category="Standard"), "taxCategory"),
        (price(ChargeModel.FLAT, "1", tax_category="books\n"), "taxCategory"),
        (price(ChargeModel.FLAT, "1", zero_usage=ZeroUsage.FREE), "zeroUsage"),
        (price(ChargeModel.FLAT, "1", change_day=ChangeDay.OLD), "changeDay"),
        (price(ChargeModel.FLAT, "1", change_day=ChangeDay.OLD, proration=ProrationPolicy.FULL), "changeDay"),
    ],
)
def test_a_policy_that_says_nothing_of_its_price_is_refused(bad: Price, field: str) -> None:
    with pytest.raises(Refusal) as no:
        check_price(bad, set())
    assert no.value.field == (field,)


def test_policies_that_speak_of_their_price_are_accepted() -> None:
    days = ProrationPolicy.BY_DAY
    check_price(price(ChargeModel.FLAT, "1", change_day=ChangeDay.OLD, proration=days, tax_category="e-books_2"), set())
    metered = price(ChargeModel.VOLUME, tiers=TWO_TIERS, meter_key="calls", zero_usage=ZeroUsage.FREE)
    check_price(metered, {"calls"})


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
    assert not any(one.is_signed() for one in mirrored if not one), "zero has no sign"


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
    assert sum(rounded(one, "EUR") for one in exact) != total
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
