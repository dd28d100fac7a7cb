"""Moving to another plan, rhythm or quantity; and what is added to a plan."""

import pytest
from timeline import EXTRA, PARIS, PRO, STARTER, Timeline, flat, gives, on, plan

from domain.commands import ChangeSubscription
from domain.errors import ErrorCode
from domain.period import Cadence, nth
from domain.policy import ChangeTiming
from domain.subscription import AddAddOn, ChangePlan, ChangeQuantity, RemoveAddOn, SubscriptionStatus

YEAR = Cadence.YEAR
TEN_DAYS = plan("ten", flat("20"), gives("calls", "100"), trial_days=10)
THIRTEEN_DAYS = plan("thirteen", flat("30"), gives("calls", "100"), trial_days=13)
THREE_DAYS = plan("three", flat("30"), gives("calls", "100"), trial_days=3)


def starter(at: str = "2026-01-10", zone: str = "UTC") -> Timeline:
    life = Timeline("2026-01-01", zone)
    life.subscribe(at, STARTER, quantity=2)
    return life


# ── now ──
def test_a_change_now_keeps_the_rhythm_the_period_and_the_quantity() -> None:
    life = starter()
    assert life.change("2026-01-20", ChangePlan(PRO)) == [
        "2026-01-20: s1 on 2 × pro by the month, 2026-01-10 → 2026-02-10",
    ]
    assert life.sub.plan_since == on("2026-01-20")
    assert life.until("2026-02-10") == ["2026-02-10: s1 renewed, 2026-02-10 → 2026-03-10"]


def test_a_change_can_set_the_quantity_too() -> None:
    life = starter()
    assert life.change("2026-01-20", ChangePlan(PRO, quantity=7)) == [
        "2026-01-20: s1 on 7 × pro by the month, 2026-01-10 → 2026-02-10",
    ]


def test_another_rhythm_begins_a_period_of_its_own_at_once() -> None:
    life = starter()
    assert life.change("2026-01-20", ChangePlan(STARTER, YEAR)) == [
        "2026-01-20: s1 on 2 × starter by the year, 2026-01-20 → 2027-01-20",
    ]
    assert life.until("2027-01-20") == ["2027-01-20: s1 renewed, 2027-01-20 → 2028-01-20"]


def test_a_plan_not_sold_in_the_present_rhythm_brings_its_own() -> None:
    life = starter()
    assert life.change("2026-01-20", ChangePlan(plan("annual", flat("5000", YEAR)))) == [
        "2026-01-20: s1 on 2 × annual by the year, 2026-01-20 → 2027-01-20",
    ]


def test_a_subscriber_is_moved_to_a_new_version_of_the_same_plan_and_keeps_prices_of_his_own() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", STARTER, overrides=(flat("89"),))
    life.change("2026-01-20", ChangePlan(plan("starter", flat("109"), version=2)))
    assert (life.sub.plan.number, life.sub.overrides) == (2, (flat("89"),))


def test_another_plan_ends_the_prices_of_his_own() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", STARTER, overrides=(flat("89"),))
    life.change("2026-01-20", ChangePlan(PRO))
    assert life.sub.overrides == ()


def test_a_change_to_exactly_what_is_held_is_refused() -> None:
    life = starter()
    for same in (ChangePlan(STARTER), ChangePlan(STARTER, Cadence.MONTH, 2)):
        with life.refuses(ErrorCode.CONFLICT) as no:
            life.change("2026-01-20", same)
        assert no.value.message == "the subscription is already on exactly this plan"


def test_a_plan_in_another_currency_or_rhythm_is_refused() -> None:
    life = starter()
    with life.refuses(ErrorCode.CURRENCY_MISMATCH):
        life.change("2026-01-20", ChangePlan(plan("euro", flat("10", currency="EUR"))))
    with life.refuses(ErrorCode.INVALID) as no:
        life.change("2026-01-20", ChangePlan(PRO, Cadence.QUARTER))
    assert no.value.field == ("cadence",)


def test_a_plan_that_the_customer_holds_elsewhere_is_refused() -> None:
    life = starter()
    life.subscribe("2026-01-10", PRO)
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-20", ChangePlan(PRO))
    assert no.value.message == "pro is already subscribed to (s2)"


def test_a_plan_cannot_be_the_subscriptions_plan_and_its_add_on() -> None:
    life = starter()
    life.change("2026-01-11", AddAddOn(EXTRA))
    with life.refuses(ErrorCode.CONFLICT):
        life.change("2026-01-12", ChangePlan(EXTRA))
    with life.refuses(ErrorCode.CONFLICT):
        life.change("2026-01-12", AddAddOn(STARTER))


def test_an_ended_subscription_takes_no_change() -> None:
    life = starter()
    life.cancel("2026-01-12", "NOW")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-13", ChangePlan(PRO))
    assert no.value.message == "subscription s1 has ended"


# ── at the period's end, or at a date ──
def test_at_the_periods_end_the_change_comes_before_the_renewal() -> None:
    life = starter()
    assert life.change("2026-01-20", ChangePlan(PRO), "PERIOD_END") == [
        "2026-01-20: s1 c1 planned for 2026-02-10: change plan to pro (version 1)",
    ]
    assert life.sub.plan == STARTER
    assert life.until("2026-02-10") == [
        "2026-02-10: s1 c1 applied",
        "2026-02-10: s1 on 2 × pro by the month, 2026-01-10 → 2026-02-10",
        "2026-02-10: s1 renewed, 2026-02-10 → 2026-03-10",
    ]


def test_another_rhythm_at_the_periods_end_advances_the_period_once() -> None:
    """Polar 8454c2743c: a pending interval change advanced the cycle twice."""
    life = starter()
    life.change("2026-01-20", ChangePlan(STARTER, YEAR), "PERIOD_END")
    assert life.until("2026-03-01") == [
        "2026-02-10: s1 c1 applied",
        "2026-02-10: s1 on 2 × starter by the year, 2026-02-10 → 2027-02-10",
    ]


def test_a_change_at_a_date_takes_effect_at_that_instant() -> None:
    life = starter()
    life.change("2026-01-20", ChangePlan(PRO), "2026-02-20 12:00")
    assert life.until("2026-03-01") == [
        "2026-02-10: s1 renewed, 2026-02-10 → 2026-03-10",
        "2026-02-20 12:00: s1 c1 applied",
        "2026-02-20 12:00: s1 on 2 × pro by the month, 2026-02-10 → 2026-03-10",
    ]


def test_a_date_must_lie_in_the_future_and_within_ten_years() -> None:
    life = starter()
    for when in ("2026-01-19", "2026-01-20", "2036-01-22"):
        with life.refuses(ErrorCode.INVALID) as no:
            life.change("2026-01-20", ChangePlan(PRO), when)
        assert no.value.field == ("effective_at",)
    life.change("2026-01-20", ChangePlan(PRO), "2036-01-21")


def test_a_date_is_given_with_the_timing_that_takes_one_and_no_other() -> None:
    life = starter()
    for timing, effective_at in (
        (ChangeTiming.AT, None),
        (ChangeTiming.NOW, on("2026-02-20")),
        (ChangeTiming.PERIOD_END, on("2026-02-10")),
    ):
        with life.refuses(ErrorCode.INVALID) as no:
            life.do("2026-01-20", ChangeSubscription("s1", "c1", ChangePlan(PRO), timing, effective_at))
        assert no.value.field == ("effective_at",)


def test_a_planned_change_holds_the_terms_of_its_day_even_if_the_plan_is_changed_or_archived_before_it_is_due() -> None:
    life = starter()
    life.change("2026-01-20", ChangePlan(PRO), "PERIOD_END")
    life.until("2026-02-10")
    assert life.sub.plan == PRO


def test_a_planned_change_of_plan_keeps_the_quantity_of_the_day_it_takes_effect() -> None:
    life = starter()
    life.change("2026-01-20", ChangePlan(PRO), "PERIOD_END")
    life.change("2026-01-25", ChangeQuantity(9))
    life.until("2026-02-10")
    assert (life.sub.plan, life.sub.quantity) == (PRO, 9)


# ── before the start ──
def test_a_pending_subscription_changes_without_starting() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", STARTER, start_at="2026-02-01")
    assert life.change("2026-01-10", ChangePlan(PRO, YEAR)) == [
        "2026-01-10: s1 on 1 × pro by the year, 2026-02-01 → 2027-02-01",
    ]
    assert (life.sub.status, life.sub.plan_since) == (SubscriptionStatus.PENDING, on("2026-02-01"))
    assert life.until("2026-02-01") == ["2026-02-01: s1 started, 2026-02-01 → 2027-02-01"]


def test_a_pending_subscription_takes_the_trial_of_the_plan_it_was_changed_to() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", STARTER, start_at="2026-02-01")
    life.change("2026-01-10", ChangePlan(TEN_DAYS))
    assert life.sub.period.end == on("2026-02-11")
    assert life.until("2026-02-01") == ["2026-02-01: s1 started its trial, 2026-02-01 → 2026-02-11"]


# ── during a trial ──
def test_a_change_during_the_trial_goes_on_counting_for_the_length_of_the_new_plan() -> None:
    """Published case TR02."""
    life = Timeline("2024-03-01")
    life.subscribe("2024-03-05 12:12", TEN_DAYS)
    assert life.change("2024-03-10 12:12", ChangePlan(THIRTEEN_DAYS)) == [
        "2024-03-10 12:12: s1 on 1 × thirteen by the month, 2024-03-05 12:12 → 2024-03-18 12:12",
    ]
    assert life.until("2024-03-31") == ["2024-03-18 12:12: s1 trial ended, 2024-03-18 12:12 → 2024-04-18 12:12"]


def test_a_change_to_a_plan_whose_trial_would_be_over_ends_the_trial_and_is_paid_from_now() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TEN_DAYS)
    assert life.change("2026-01-15", ChangePlan(THREE_DAYS)) == [
        "2026-01-15: s1 on 1 × three by the month, 2026-01-15 → 2026-02-15",
    ]
    assert (life.sub.status, life.sub.trial_ends_at) == (SubscriptionStatus.ACTIVE, on("2026-01-15"))


def test_a_change_to_a_plan_without_a_trial_keeps_an_anchor_that_was_chosen() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TEN_DAYS, anchor="2026-01-01")
    life.change("2026-01-15", ChangePlan(PRO))
    assert life.sub.period.end == on("2026-02-01")


@pytest.mark.parametrize("anchor", ["2026-01-10", "2026-01-20", "2026-01-23"])
def test_an_anchor_that_was_given_stays_also_where_it_is_the_start_or_the_end_of_a_trial(anchor: str) -> None:
    for moved_to, ends in ((THIRTEEN_DAYS, "2026-01-23"), (THREE_DAYS, "2026-01-15"), (PRO, "2026-01-15")):
        life = Timeline("2026-01-01")
        life.subscribe("2026-01-10", TEN_DAYS, anchor=anchor)
        life.change("2026-01-15", ChangePlan(moved_to))
        life.until("2026-01-23")
        assert (life.sub.trial_ends_at, life.sub.anchor) == (on(ends), on(anchor))
        assert life.sub.period.end in {on(anchor), nth(on(anchor), Cadence.MONTH, "UTC", 1)}


def test_a_pending_subscription_keeps_the_anchor_it_was_given_whatever_it_changes_to() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", STARTER, start_at="2026-02-01", anchor="2026-02-01")
    life.change("2026-01-10", ChangePlan(TEN_DAYS))
    assert life.until("2026-02-11") == [
        "2026-02-01: s1 started its trial, 2026-02-01 → 2026-02-11",
        "2026-02-11: s1 trial ended, 2026-02-11 → 2026-03-01",
    ]


def test_days_given_for_this_subscription_hold_for_every_plan_it_moves_to() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TEN_DAYS, trial_days=20)
    life.change("2026-01-15", ChangePlan(PRO))
    assert (life.sub.status, life.sub.trial_ends_at) == (SubscriptionStatus.TRIALING, on("2026-01-30"))


def test_a_change_at_the_instant_the_trial_ends_prolongs_nothing() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TEN_DAYS)
    life.change("2026-01-12", ChangePlan(THIRTEEN_DAYS), "PERIOD_END")
    assert life.until("2026-01-31") == [
        "2026-01-20: s1 c1 applied",
        "2026-01-20: s1 on 1 × thirteen by the month, 2026-01-20 → 2026-02-20",
    ]
    assert life.sub.status is SubscriptionStatus.ACTIVE


def test_leaving_and_coming_back_during_a_trial_prolongs_nothing_either() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TEN_DAYS)
    life.cancel("2026-01-12", "NOW")
    life.subscribe("2026-01-15", TEN_DAYS)
    life.change("2026-01-16", ChangePlan(THIRTEEN_DAYS), of="s2")
    assert life.sub.trial_ends_at == on("2026-01-23")


def test_another_rhythm_chosen_during_the_trial_begins_after_it() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", plan("ten", flat("20"), flat("200", YEAR), trial_days=10))
    life.change("2026-01-12", ChangePlan(life.sub.plan, YEAR))
    assert life.until("2026-01-20") == ["2026-01-20: s1 trial ended, 2026-01-20 → 2027-01-20"]


def test_after_the_trial_a_change_leaves_standing_when_it_ended() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TEN_DAYS)
    life.change("2026-02-01", ChangePlan(THIRTEEN_DAYS))
    assert (life.sub.status, life.sub.trial_ends_at) == (SubscriptionStatus.ACTIVE, on("2026-01-20"))


# ── quantity ──
def test_a_quantity_changes_now_or_later() -> None:
    life = starter()
    assert life.change("2026-01-20", ChangeQuantity(5)) == ["2026-01-20: s1 quantity 5"]
    life.change("2026-01-21", ChangeQuantity(4), "PERIOD_END")
    assert life.until("2026-02-10") == [
        "2026-02-10: s1 c1 applied",
        "2026-02-10: s1 quantity 4",
        "2026-02-10: s1 renewed, 2026-02-10 → 2026-03-10",
    ]


def test_the_quantity_that_is_there_already_changes_nothing() -> None:
    assert starter().change("2026-01-20", ChangeQuantity(2)) == []


def test_no_quantity_falls_to_zero() -> None:
    life = starter()
    for change in (ChangeQuantity(0), ChangePlan(PRO, quantity=0), AddAddOn(EXTRA, 0)):
        with life.refuses(ErrorCode.INVALID) as no:
            life.change("2026-01-20", change)
        assert no.value.field == ("quantity",)


# ── add-ons ──
def test_an_add_on_is_added_set_to_another_quantity_and_removed() -> None:
    life = starter()
    assert life.change("2026-01-11", AddAddOn(EXTRA)) == ["2026-01-11: s1 with 1 × extra"]
    assert life.change("2026-01-12", AddAddOn(EXTRA, 4)) == ["2026-01-12: s1 with 4 × extra"]
    assert [(add_on.quantity, add_on.since) for add_on in life.sub.add_ons] == [(4, on("2026-01-12"))]
    assert life.change("2026-01-13", RemoveAddOn("extra")) == ["2026-01-13: s1 without extra"]
    assert life.sub.add_ons == ()


def test_an_add_on_that_is_there_in_this_quantity_changes_nothing() -> None:
    life = starter()
    life.change("2026-01-11", AddAddOn(EXTRA, 4))
    assert life.change("2026-01-12", AddAddOn(EXTRA, 4)) == []


def test_an_add_on_that_is_not_there_cannot_be_removed() -> None:
    life = starter()
    with life.refuses(ErrorCode.NOT_FOUND):
        life.change("2026-01-11", RemoveAddOn("extra"))


def test_an_add_on_of_a_pending_subscription_counts_from_its_start() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", STARTER, start_at="2026-02-01")
    life.change("2026-01-10", AddAddOn(EXTRA))
    assert life.sub.add_ons[0].since == on("2026-02-01")


def test_add_ons_stay_through_a_change_of_plan() -> None:
    life = starter()
    life.change("2026-01-11", AddAddOn(EXTRA, 4))
    life.change("2026-01-20", ChangePlan(PRO))
    assert [(add_on.plan, add_on.quantity) for add_on in life.sub.add_ons] == [(EXTRA, 4)]


def test_a_change_on_the_night_of_a_clock_change_keeps_wall_time() -> None:
    life = starter("2026-01-28 23:30", PARIS)  # half past midnight on the 29th in Paris
    life.change("2026-03-29 00:30", ChangePlan(STARTER, YEAR))  # 01:30; an hour later the clocks go forward
    assert life.sub.period.end == on("2027-03-28 23:30")
