"""The table of price models: complete, and the only one. What a model says, counts and costs is asked of it."""

from decimal import Decimal as D

import pytest

from domain.catalog import ChargeModel, Price, Tier
from domain.errors import Refusal
from domain.period import Cadence
from domain.policy import ZeroUsage
from domain.pricing import check_price
from domain.pricing.fixed_fees import bought, in_a_period, in_a_year, per_month
from domain.pricing.models import MODELS, costs, unit_amount
from domain.pricing.rate import rate

SAYS = {
    "unit_amount": ("unit_amount", D(2)),
    "meter_key": ("meter_key", "calls"),
    "included": ("included", D(1)),
    "tiers": ("tiers", (Tier(None, D(3)),)),
    "package_size": ("package_size", D(10)),
    "percent": ("percent", D(5)),
    "zero_usage": ("zero_usage", ZeroUsage.FREE),
}


def price(model: ChargeModel, **said: object) -> Price:
    return Price("price_1", "p", model, Cadence.MONTH, "USD", **said)  # type: ignore[arg-type]


def refused(asked: Price) -> tuple[str, ...]:
    with pytest.raises(Refusal) as found:
        check_price(asked, {"calls"})
    return found.value.field


def complete(model: ChargeModel) -> dict[str, object]:
    return {name: SAYS[name][1] for name in MODELS[model].needs}


@pytest.mark.parametrize("model", ChargeModel)
def test_each_model_says_what_it_needs_and_nothing_that_it_would_pass_over(model: ChargeModel) -> None:
    row, needed = MODELS[model], complete(model)
    check_price(price(model, **needed), {"calls"})
    for name, (field, value) in SAYS.items():
        if name in row.needs:
            assert refused(price(model, **{key: said for key, said in needed.items() if key != name})) == (field,)
        elif name in row.allows:
            check_price(price(model, **needed, **{name: value}), {"calls"})
        else:
            assert refused(price(model, **needed, **{name: value})) == (field,)


@pytest.mark.parametrize("model", ChargeModel)
def test_each_model_rates_a_quantity_and_says_that_it_costs_something(model: ChargeModel) -> None:
    asked = price(model, **complete(model))
    assert costs(asked)
    assert rate(asked, D(100)).exact > 0


def test_what_can_cost_something_is_told_by_the_model_and_not_by_its_unit_amount() -> None:
    free, fee = Tier(None, D(0)), Tier(None, D(0), D(7))
    nothing = [
        *(price(model, unit_amount=D(0)) for model in (ChargeModel.FLAT, ChargeModel.PER_UNIT, ChargeModel.PACKAGE)),
        price(ChargeModel.GRADUATED, tiers=(Tier(D(5), D(0)), free)),
        price(ChargeModel.VOLUME, tiers=(free,)),
        price(ChargeModel.PERCENTAGE, percent=D(0)),
    ]
    something = [
        price(ChargeModel.PERCENTAGE, percent=D(5), unit_amount=D(0)),
        price(ChargeModel.PERCENTAGE, percent=D(0), unit_amount=D("0.3")),
        price(ChargeModel.GRADUATED, tiers=(Tier(D(5), D(0)), fee)),
        price(ChargeModel.VOLUME, tiers=(fee,)),
    ]
    assert [costs(price) for price in nothing] == [False] * 6
    assert [costs(price) for price in something] == [True] * 4


def test_only_a_unit_is_quoted_at_a_unit_amount() -> None:
    quoted = {model: unit_amount(price(model, **{**complete(model), "unit_amount": D(2)})) for model in ChargeModel}
    by_unit = {ChargeModel.FLAT, ChargeModel.PER_UNIT, ChargeModel.PER_SEAT}
    assert quoted == {model: D(2) if model in by_unit else None for model in ChargeModel}


def test_a_flat_fee_is_charged_once_and_of_an_add_on_as_often_as_it_was_bought() -> None:
    flat, seat = (price(model, unit_amount=D(10)) for model in (ChargeModel.FLAT, ChargeModel.PER_SEAT))
    assert [bought(flat, 3), bought(flat, 3, add_on=True), bought(seat, 3), bought(seat, 3, add_on=True)] == [
        1,
        3,
        3,
        3,
    ]
    assert [in_a_period(flat, 3), in_a_period(flat, 3, add_on=True), in_a_period(seat, 3)] == [10, 30, 30]


def test_a_year_of_fees_counts_each_in_its_own_rhythm_and_no_usage() -> None:
    def fee(cadence: Cadence, **said: object) -> Price:
        return Price("p", cadence, ChargeModel.PER_SEAT, cadence, "USD", D(10), **said)  # type: ignore[arg-type]

    a_year = {Cadence.DAY: 3650, Cadence.WEEK: 520, Cadence.MONTH: 120, Cadence.QUARTER: 40, Cadence.YEAR: 10}
    assert {cadence: in_a_year([fee(cadence)], 1) for cadence in a_year} == a_year
    assert {cadence: per_month(cadence) * 120 for cadence in a_year} == a_year
    usage = price(ChargeModel.PER_UNIT, unit_amount=D(9), meter_key="calls")
    every = [fee(Cadence.MONTH, included=D(1)), fee(Cadence.YEAR), fee(Cadence.ONCE), usage]
    assert in_a_year(every, 3) == 2 * 120 + 3 * 10
