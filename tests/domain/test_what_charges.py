"""Whether anything can come of what somebody is on is told by the whole price, and never by its unit amount alone."""

import pytest
from billed_shop import MONTH, ONCE, YEAR, Shop, calls, fee, seats, sold
from msgspec.structs import replace
from timeline import D

from domain.billing.billing_point import next_billing_point
from domain.catalog import ChargeModel, Price, Tier
from domain.money import Money
from domain.policy import TrialUsage
from domain.subscription import ChangePlan


def metered(model: ChargeModel, **terms: object) -> Price:
    return Price("price_calls", "calls", model, MONTH, "EUR", meter_key="calls", **terms)  # type: ignore[arg-type]


SHARE = metered(ChargeModel.PERCENTAGE, percent=D(5), unit_amount=D(0))
ENTRY = metered(ChargeModel.GRADUATED, tiers=(Tier(D(10), D(0), D(7)), Tier(None, D(0))))
NO_TIERS = metered(ChargeModel.VOLUME, tiers=(Tier(D(10), D(0)), Tier(None, D(0), D(0))))
NO_SHARE = metered(ChargeModel.PERCENTAGE, percent=D(0))


@pytest.mark.parametrize(
    ("price", "total"), [(SHARE, "50.00"), (ENTRY, "7.00"), (replace(SHARE, unit_amount=None), "50.00")]
)
def test_what_costs_something_by_other_than_its_unit_amount_is_billed(price: Price, total: str) -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", price))
    shop.used("calls", "2026-01-10", "1000")
    shop.until("2026-02-01 01:00")
    assert shop.bills == [f"2026-02-01 01:00: INV-1, {total}: Plan: calls {total}"]


def test_a_fee_of_zero_beside_usage_bills_the_usage_in_the_usages_own_rhythm() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", fee("0"), fee("0", YEAR), SHARE), cadence=YEAR)
    shop.used("calls", "2026-01-10", "1000")
    shop.until("2026-02-01 01:00")
    assert shop.bills == ["2026-02-01 01:00: INV-1, 50.00: Plan: calls 50.00"]


def test_usage_of_a_trial_that_is_billed_is_billed_whatever_its_unit_amount() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", SHARE, trial_usage=TrialUsage.BILLED), trial_days=40)
    shop.used("calls", "2026-01-10", "1000")
    shop.until("2026-02-12")
    assert shop.bills == ["2026-02-10 01:00: INV-1, 50.00: Plan: calls 50.00"]


@pytest.mark.parametrize("price", [fee("0"), seats("0"), calls("0"), NO_TIERS, NO_SHARE, fee("0", ONCE)])
def test_of_what_can_cost_nothing_no_billing_ever_comes(price: Price) -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", price))
    assert next_billing_point(shop.account) is None
    shop.until("2027-01-01")
    assert (shop.bills, shop.ledger()[-1]) == ([], "2027-01-01: s1 renewed, 2027-01-01 → 2027-02-01")


def test_what_somebody_pays_instead_is_what_counts() -> None:
    dear, free = sold("dear", fee("30")), sold("free", fee("0"))
    shop = Shop()
    shop.subscribe("2026-01-01", free, overrides=(replace(fee("20"), id="price_own"),))
    shop.until("2026-02-01 01:00")
    assert shop.bills == [
        "2026-01-01: INV-1, 20.00: Free: base 20.00",
        "2026-02-01 01:00: INV-2, 20.00: Free: base 20.00",
    ]
    shop = Shop()
    shop.subscribe("2026-01-01", dear, overrides=(replace(fee("0"), id="price_own"),))
    assert next_billing_point(shop.account) is None
    shop.until("2026-03-01 01:00")
    assert shop.bills == []


def test_to_something_free_and_back_again_gives_back_and_charges() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("dear", fee("31")))
    shop.change("2026-01-11", ChangePlan(sold("free", NO_TIERS)))
    shop.change("2026-01-21", ChangePlan(sold("share", SHARE)))
    shop.used("calls", "2026-01-25", "1000")
    shop.until("2026-02-01 01:00")
    assert shop.bills == [
        "2026-01-01: INV-1, 31.00: Dear: base 31.00",
        "2026-01-11: CN-1 of INV-1, 21.00: Dear: base, given back 21.00",
        "2026-02-01 01:00: INV-2, 50.00: Share: calls 50.00",
    ]


def test_a_minimum_spend_is_due_where_nothing_else_is_sold() -> None:
    for prices in ((), (fee("0"),), (fee("0", ONCE),)):
        shop = Shop()
        shop.subscribe("2026-01-01", sold("plan", *prices, minimum="10"))
        shop.until("2026-02-01 01:00")
        assert shop.bills == ["2026-02-01 01:00: INV-1, 10.00: Plan: up to the minimum spend 10.00"]


def test_a_one_time_fee_counts_towards_the_minimum_spend_of_its_period() -> None:
    shop = Shop()
    shop.subscribe("2026-01-01", sold("plan", fee("4", ONCE, "setup"), minimum="10"))
    shop.until("2026-03-01 01:00")
    assert shop.bills == [
        "2026-01-01: INV-1, 4.00: Plan: setup 4.00",
        "2026-02-01 01:00: INV-2, 6.00: Plan: up to the minimum spend 6.00",
        "2026-03-01 01:00: INV-3, 10.00: Plan: up to the minimum spend 10.00",
    ]


def test_a_minimum_spend_of_zero_asks_for_nothing() -> None:
    for least in (Money(D(0), "EUR"), Money(D(0), "USD")):
        version = sold("plan")
        shop = Shop()
        shop.subscribe("2026-01-01", replace(version, terms=replace(version.terms, minimum_spend=(least,))))
        assert next_billing_point(shop.account) is None
