"""A plan is sold in a currency if all of it is: what has no price in it would be had for nothing."""

from typing import Any

import pytest
from billed_shop import EXTRA, FREE, METERED, SILVER, YEAR, Shop, fee, sold
from msgspec.structs import replace
from timeline import D, flat

from domain.catalog import PlanVersion, Price
from domain.errors import ErrorCode
from domain.money import Money
from domain.subscription import AddAddOn, ChangePlan, ChangeQuantity

USAGE = next(price for price in METERED.terms.prices if price.meter_key)
IN_DOLLARS = replace(USAGE, id="price_dollars", currency="USD")


def costing(key: str, *prices: Price, minimum: tuple[Money, ...] = ()) -> PlanVersion:
    made = sold(key, *prices)
    return replace(made, terms=replace(made.terms, minimum_spend=minimum))


# Of each of these something is sold in dollars only.
HALF = costing("half", fee("10"), flat("10"), IN_DOLLARS)
SETUP_ONLY = costing("setup", fee("10"), flat("10"), flat("5", key="setup"))
LEAST = costing("least", fee("10"), minimum=(Money(D(50), "USD"),))
ONLY_LEAST = costing("only", minimum=(Money(D(50), "USD"),))
NAMED = {
    HALF: "plan half has no price calls in EUR",
    SETUP_ONLY: "plan setup has no price setup in EUR",
    LEAST: "plan least has no minimum spend in EUR",
    ONLY_LEAST: "plan only has no minimum spend in EUR",
}


@pytest.mark.parametrize("half", NAMED, ids=lambda plan: plan.plan_key)
def test_nobody_gets_onto_a_plan_that_is_not_all_sold_in_their_currency(half: PlanVersion) -> None:
    shop = Shop()

    def refused(field: tuple[str, ...], at: str, *change: Any, **terms: Any) -> None:
        with shop.refuses(ErrorCode.CURRENCY_MISMATCH) as no:
            shop.change(at, *change) if change else shop.subscribe(at, **terms)
        assert (no.value.message, no.value.field) == (NAMED[half], field)

    refused(("plan",), "2026-01-01", sold=half)
    refused(("add_ons", "0"), "2026-01-01", sold=SILVER, add_ons=(half,))
    shop.subscribe("2026-01-01", SILVER)
    refused(("plan",), "2026-01-05", ChangePlan(half))
    refused(("plan",), "2026-01-05", ChangePlan(half), "PERIOD_END")
    refused(("plan",), "2026-01-05", ChangePlan(half), "2026-01-20")
    refused(("plan",), "2026-01-05", AddAddOn(half))
    refused(("plan",), "2026-01-05", AddAddOn(half), "PERIOD_END")


def test_whose_currency_has_all_of_it_is_welcome() -> None:
    shop = Shop()
    both = costing("both", fee("10"), flat("10"), USAGE, IN_DOLLARS, minimum=(Money(D(5), "USD"), Money(D(6), "EUR")))
    shop.subscribe("2026-01-01", both, add_ons=(EXTRA,))
    shop.subscribe("2026-01-01", FREE)
    shop.subscribe("2026-01-01", costing("zero", fee("1"), minimum=(Money(D(0), "USD"),)))
    assert len(shop.account.subscriptions) == 3


def test_another_rhythm_of_the_same_price_is_enough() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", costing("rhythms", fee("10"), flat("10"), flat("100", YEAR)))
    shop.change("2026-01-05", ChangeQuantity(2))
    assert shop.bills == ["2026-01-01: INV-1, 10.00: Rhythms: base 10.00"]
