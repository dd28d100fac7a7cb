"""What a quantity costs under each model, and the figures on the way to it."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import ChargeModel, Price, ProrationPolicy, Tier
from domain.errors import Refusal
from domain.period import Cadence
from domain.policy import ChangeDay, ZeroUsage
from domain.pricing import check_price
from domain.pricing.rate import rate

D = Decimal


def price(model: ChargeModel, amount: str | None = None, **terms: Any) -> Price:
    unit_amount = None if amount is None else D(amount)
    return Price("price_1", "base", model, Cadence.MONTH, "EUR", unit_amount, **terms)


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
def prices(draw: st.DrawFn, models: Sequence[ChargeModel] = tuple(ChargeModel)) -> Price:
    model = draw(st.sampled_from(models))
    terms: dict[str, Any] = {"meter_key": "calls"}
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
    return Price("price_1", "base", model, Cadence.MONTH, "EUR", **terms)


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


@given(prices([model for model in ChargeModel if model is not ChargeModel.VOLUME]), QUANTITIES, QUANTITIES)
def test_but_for_volume_more_never_costs_less(of: Price, one: Decimal, other: Decimal) -> None:
    less, more = sorted([one, other])
    assert rate(of, less).exact <= rate(of, more).exact


@given(prices([ChargeModel.PER_UNIT, ChargeModel.PER_SEAT]), QUANTITIES.map(abs))
def test_units_and_included_units_together_are_the_quantity(of: Price, quantity: Decimal) -> None:
    assert sum(step.quantity for step in rate(of, quantity).steps) == quantity


# ── what a price may say ──


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (price(ChargeModel.FLAT, "1", tax_category=""), "tax_category"),
        (price(ChargeModel.FLAT, "1", tax_category="x" * 41), "tax_category"),
        (price(ChargeModel.FLAT, "1", tax_category="Standard"), "tax_category"),
        (price(ChargeModel.FLAT, "1", tax_category="books\n"), "tax_category"),
        (price(ChargeModel.FLAT, "1", zero_usage=ZeroUsage.FREE), "zero_usage"),
        (price(ChargeModel.FLAT, "1", change_day=ChangeDay.OLD), "change_day"),
        (price(ChargeModel.FLAT, "1", change_day=ChangeDay.OLD, proration=ProrationPolicy.FULL), "change_day"),
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
