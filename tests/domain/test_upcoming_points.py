"""The next invoice that can be expected: each time at which one may come, and none at which none can."""

import pytest
from billed_shop import EXTRA, FREE, METERED, ONCE, SILVER, YEAR, Shop, calls, fee, seats, sold
from msgspec.structs import replace
from timeline import D, on, written

from domain.billing.upcoming_points import upcoming_points
from domain.catalog import BillingMode
from domain.money import Money
from domain.policy import TrialUsage
from domain.subscription import AddAddOn, Cancel, ChangePlan, Pause, RemoveAddOn


def times(shop: Shop, at: str) -> list[str]:
    """When the next invoice may come, up to when it does for certain."""
    return [written(point.at) for _, point, _ in upcoming_points(shop.account, on(at))]


def subscribed(*plans: object, **terms: object) -> Shop:
    shop = Shop()
    for plan in plans:
        shop.subscribe("2026-01-01", plan, **terms)  # type: ignore[arg-type]
    return shop


def test_what_runs_is_billed_when_its_period_ends() -> None:
    assert times(subscribed(SILVER), "2026-01-10") == ["2026-02-01 01:00"]


@pytest.mark.parametrize(
    "plan", [FREE, sold("zero", fee("0")), sold("inside", seats("5", included=D(3))), sold("setup", fee("9", ONCE))]
)
def test_of_what_costs_nothing_any_more_no_invoice_is_expected(plan: object) -> None:
    assert times(subscribed(plan), "2026-01-10") == []


def test_a_minimum_spend_that_the_fees_reach_asks_for_no_invoice_of_its_own() -> None:
    reached, missed = (sold("least", fee("60", YEAR), minimum=least) for least in ("60", "61"))
    assert times(subscribed(reached, cadence=YEAR), "2026-01-10") == ["2027-01-01 01:00"]
    shop = subscribed(missed, cadence=YEAR)
    shop.cancel("2026-01-10")
    assert times(shop, "2026-01-10") == ["2027-01-01 01:00"]


def test_an_end_that_is_planned_leaves_what_is_owed_for_the_time_before_it() -> None:
    ends = {}
    for name, plan in {
        "advance": SILVER,
        "arrears": sold("arrears", fee("30"), billing=BillingMode.IN_ARREARS),
        "usage": METERED,
        "least": sold("least", fee("5"), minimum="10"),
    }.items():
        shop = subscribed(plan)
        shop.cancel("2026-01-10")
        ends[name] = times(shop, "2026-01-10")
    assert ends == {"advance": []} | {name: ["2026-02-01 01:00"] for name in ("arrears", "usage", "least")}


def test_another_subscription_goes_on_after_one_that_ends() -> None:
    shop = subscribed(sold("dear", fee("900", YEAR)), SILVER)
    assert times(shop, "2026-01-10") == ["2026-02-01 01:00"]
    shop.change("2026-01-10", Cancel(), "PERIOD_END", of="s2")
    assert times(shop, "2026-01-10") == ["2027-01-01 01:00"]


def test_what_waits_for_the_next_invoice_comes_with_the_next_there_is_room_for() -> None:
    shop = subscribed(SILVER)
    shop.cancel("2026-01-10")
    shop.item("2026-01-11", "training", "10")
    assert times(shop, "2026-01-11") == ["2026-02-01 01:00"]


def test_a_pause_for_good_expects_nothing_and_one_that_ends_does() -> None:
    for_good, for_a_while = subscribed(SILVER), subscribed(SILVER)
    for_good.change("2026-01-10", Pause())
    for_a_while.change("2026-01-10", Pause(on("2026-04-10")))
    assert times(for_good, "2026-01-11") == []
    assert times(for_a_while, "2026-01-11") == ["2026-04-10"]


def test_a_trial_that_ends_with_its_subscription_expects_nothing() -> None:
    shop = subscribed(SILVER, trial_days=10)
    assert times(shop, "2026-01-02") == ["2026-01-11"]
    shop.cancel("2026-01-02")
    assert times(shop, "2026-01-02") == []


def test_usage_of_a_trial_counts_where_it_is_billed() -> None:
    for policy, when in ((TrialUsage.FREE, []), (TrialUsage.BILLED, ["2026-01-11 01:00"])):
        shop = subscribed(sold("metered", fee("10"), calls("1"), trial_usage=policy), trial_days=10)
        shop.cancel("2026-01-02")
        assert times(shop, "2026-01-02") == when


def test_usage_is_expected_of_periods_that_have_begun_and_fees_of_those_to_come() -> None:
    shop = subscribed(sold("rare", fee("100", YEAR), calls("1")), cadence=YEAR)
    assert times(shop, "2026-01-10") == ["2026-02-01 01:00", "2027-01-01 01:00"]


def test_a_planned_move_to_something_free_is_the_end_of_it() -> None:
    shop = subscribed(SILVER)
    shop.change("2026-01-10", ChangePlan(FREE), "PERIOD_END")
    assert times(shop, "2026-01-10") == []
    shop = subscribed(FREE)
    shop.change("2026-01-10", ChangePlan(SILVER), "2026-03-15")
    assert times(shop, "2026-01-10") == ["2026-03-15"]


def test_what_is_only_given_back_is_no_invoice() -> None:
    shop = subscribed(replace(SILVER, terms=replace(SILVER.terms, minimum_spend=(Money(D(0), "EUR"),))))
    shop.change("2026-01-01", AddAddOn(EXTRA))
    shop.change("2026-01-10", RemoveAddOn("extra"), "2026-01-20")
    shop.cancel("2026-01-10", "2026-01-25")
    assert times(shop, "2026-01-10") == []


def test_nobody_is_told_of_what_lies_more_than_three_years_ahead() -> None:
    shop = subscribed(FREE)
    shop.change("2026-01-10", ChangePlan(SILVER), "2029-01-05")
    assert times(shop, "2026-01-10") == ["2029-01-05"]
    shop = subscribed(FREE)
    shop.change("2026-01-10", ChangePlan(SILVER), "2029-02-05")
    assert times(shop, "2026-01-10") == []
