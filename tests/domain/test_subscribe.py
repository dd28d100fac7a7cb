"""Subscribing: when it starts, in what rhythm its periods run, and what trial it has."""

import msgspec
from timeline import EXTRA, NEW_YORK, PARIS, PRO, STARTER, Timeline, flat, gives, on, plan

from domain import commands as c
from domain.catalog import ChargeModel, Price
from domain.errors import ErrorCode
from domain.lifecycle.trial import first_period
from domain.period import Cadence
from domain.subscription import ChangePlan, Subscription, SubscriptionStatus

TRIAL = plan("team", flat("20"), gives("calls", "100"), trial_days=14)


# ── start ──
def test_a_subscription_starts_at_once_and_renews_from_period_to_period() -> None:
    life = Timeline("2026-01-01")
    assert life.subscribe("2026-01-10 09:30", PRO, quantity=3) == [
        "2026-01-10 09:30: s1 created, 3 × pro by the month, to start 2026-01-10 09:30",
        "2026-01-10 09:30: s1 started, 2026-01-10 09:30 → 2026-02-10 09:30",
    ]
    assert life.sub.status is SubscriptionStatus.ACTIVE
    assert life.until("2026-03-11") == [
        "2026-02-10 09:30: s1 renewed, 2026-02-10 09:30 → 2026-03-10 09:30",
        "2026-03-10 09:30: s1 renewed, 2026-03-10 09:30 → 2026-04-10 09:30",
    ]


def test_a_subscription_bought_for_later_is_pending_and_starts_at_its_instant() -> None:
    life = Timeline("2026-01-01")
    assert life.subscribe("2026-01-01", PRO, start_at="2026-02-01") == [
        "2026-01-01: s1 created, 1 × pro by the month, to start 2026-02-01",
    ]
    assert life.sub.status is SubscriptionStatus.PENDING
    assert life.sub.period.end == on("2026-03-01")
    assert life.until("2026-01-31 23:59") == []
    assert life.until("2026-02-01") == ["2026-02-01: s1 started, 2026-02-01 → 2026-03-01"]
    assert life.sub.status is SubscriptionStatus.ACTIVE


def test_a_start_in_the_past_is_recorded_now_with_every_period_since() -> None:
    life = Timeline("2026-01-01")
    assert life.subscribe("2026-03-05", PRO, start_at="2026-01-15") == [
        "2026-03-05: s1 created, 1 × pro by the month, to start 2026-01-15",
        "2026-03-05: s1 started, 2026-01-15 → 2026-02-15",
        "2026-03-05: s1 renewed, 2026-02-15 → 2026-03-15",
    ]
    assert life.sub.plan_since == on("2026-01-15")


def test_a_start_or_an_anchor_may_not_lie_years_away() -> None:
    life = Timeline("2026-01-01")
    for start_at in ("2023-12-31", "2028-01-03"):
        with life.refuses(ErrorCode.INVALID) as no:
            life.subscribe("2026-01-01", PRO, start_at=start_at)
        assert no.value.field == ("start_at",)
    with life.refuses(ErrorCode.INVALID) as no:
        life.subscribe("2026-01-01", PRO, anchor="1970-01-01")
    assert no.value.field == ("anchor",)


# ── rhythm ──
def test_the_rhythm_is_by_the_month_unless_another_is_chosen() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    life.subscribe("2026-01-01", STARTER, cadence=Cadence.YEAR)
    assert [held.period.end for held in life.account.subscriptions] == [on("2026-02-01"), on("2027-01-01")]


def test_a_plan_not_sold_by_the_month_takes_its_shortest_rhythm() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("slow", flat("900", Cadence.YEAR), flat("250", Cadence.QUARTER)))
    assert life.sub.cadence is Cadence.QUARTER


def test_a_free_plan_runs_in_any_rhythm() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("free", gives("calls", "10")), cadence=Cadence.WEEK)
    assert life.sub.period.end == on("2026-01-08")


def test_a_rhythm_in_which_the_plan_is_not_sold_is_refused_with_those_in_which_it_is() -> None:
    life = Timeline("2026-01-01")
    for cadence, told in ((Cadence.WEEK, "pro is not sold by the week"), (Cadence.ONCE, "a subscription recurs")):
        with life.refuses(ErrorCode.INVALID) as no:
            life.subscribe("2026-01-01", PRO, cadence=cadence)
        assert no.value.message == f"{told}; choose MONTH, YEAR"
        assert no.value.field == ("cadence",)


def test_a_month_end_start_clamps_to_short_months_and_returns_in_the_customers_zone() -> None:
    life = Timeline("2026-01-01", zone=NEW_YORK)
    life.subscribe("2026-02-01 03:00", PRO)  # 31 January, 22:00 in New York
    assert life.until("2026-04-15") == [
        "2026-03-01 03:00: s1 renewed, 2026-03-01 03:00 → 2026-04-01 02:00",  # 28 February; 31 March, summer time
        "2026-04-01 02:00: s1 renewed, 2026-04-01 02:00 → 2026-05-01 02:00",
    ]


def test_a_billing_anchor_makes_a_short_first_period() -> None:
    life = Timeline("2026-01-01", zone=PARIS)
    assert life.subscribe("2026-01-20", PRO, anchor="2026-01-31 23:00")[-1:] == [
        "2026-01-20: s1 started, 2026-01-20 → 2026-01-31 23:00",  # midnight of 1 February in Paris
    ]
    assert life.until("2026-04-01") == [
        "2026-01-31 23:00: s1 renewed, 2026-01-31 23:00 → 2026-02-28 23:00",
        "2026-02-28 23:00: s1 renewed, 2026-02-28 23:00 → 2026-03-31 22:00",
        "2026-03-31 22:00: s1 renewed, 2026-03-31 22:00 → 2026-04-30 22:00",
    ]


def test_an_anchor_in_the_past_only_names_the_day() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-03-10", PRO, anchor="2025-08-31")
    assert life.until("2026-05-01") == [
        "2026-03-31: s1 renewed, 2026-03-31 → 2026-04-30",
        "2026-04-30: s1 renewed, 2026-04-30 → 2026-05-31",
    ]


def test_a_start_exactly_at_the_anchor_has_a_whole_first_period() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-02-01", PRO, anchor="2026-01-01")
    assert life.sub.period.end == on("2026-03-01")


def test_moving_house_does_not_bend_the_periods_of_a_running_subscription() -> None:
    life = Timeline("2026-01-01", zone=PARIS)
    life.subscribe("2026-01-31 23:30", PRO)  # 1 February in Paris, still 31 January in New York
    life.do("2026-02-02", c.UpdateCustomer(timezone=NEW_YORK))
    assert life.until("2026-03-01") == ["2026-02-28 23:30: s1 renewed, 2026-02-28 23:30 → 2026-03-31 22:30"]


# ── trial ──
def test_a_trial_is_the_first_period_and_the_paid_ones_begin_where_it_ends() -> None:
    life = Timeline("2026-01-01")
    assert life.subscribe("2026-01-10", TRIAL)[-1] == "2026-01-10: s1 started its trial, 2026-01-10 → 2026-01-24"
    assert life.sub.status is SubscriptionStatus.TRIALING
    assert life.until("2026-02-25") == [
        "2026-01-24: s1 trial ended, 2026-01-24 → 2026-02-24",
        "2026-02-24: s1 renewed, 2026-02-24 → 2026-03-24",
    ]
    assert life.sub.status is SubscriptionStatus.ACTIVE
    assert life.sub.trial_ends_at == on("2026-01-24")


def test_with_an_anchor_the_first_paid_period_is_what_the_trial_leaves_of_it() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TRIAL, anchor="2026-01-01")
    assert life.until("2026-02-01") == [
        "2026-01-24: s1 trial ended, 2026-01-24 → 2026-02-01",
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
    ]


def test_an_anchor_that_is_the_start_is_one_that_was_given() -> None:
    left_out, given = Timeline("2026-01-01"), Timeline("2026-01-01")
    left_out.subscribe("2026-01-10", TRIAL)
    given.subscribe("2026-01-10", TRIAL, anchor="2026-01-10")
    assert left_out.until("2026-01-24") == ["2026-01-24: s1 trial ended, 2026-01-24 → 2026-02-24"]
    assert given.until("2026-02-10") == [
        "2026-01-24: s1 trial ended, 2026-01-24 → 2026-02-10",
        "2026-02-10: s1 renewed, 2026-02-10 → 2026-03-10",
    ]


def test_an_anchor_given_for_a_start_in_the_future_holds_too() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", TRIAL, start_at="2026-02-01", anchor="2026-02-01")
    assert life.until("2026-03-01") == [
        "2026-02-01: s1 started its trial, 2026-02-01 → 2026-02-15",
        "2026-02-15: s1 trial ended, 2026-02-15 → 2026-03-01",
        "2026-03-01: s1 renewed, 2026-03-01 → 2026-04-01",
    ]


def test_what_was_sold_before_it_was_kept_whether_an_anchor_was_given_is_read_as_it_was_then() -> None:
    for anchor, paid_from in ((None, "2026-02-15"), ("2026-02-07", "2026-02-07")):
        life = Timeline("2026-01-01")
        given = {} if anchor is None else {"anchor": anchor}
        life.subscribe("2026-01-01", TRIAL, start_at="2026-02-01", **given)
        old = msgspec.json.decode(msgspec.json.encode(life.sub))
        old.pop("anchor_given", None)
        assert first_period(life.account, msgspec.convert(old, Subscription))[1] == on(paid_from)


def test_a_trial_lasts_whole_days_of_the_customer_across_a_clock_change() -> None:
    life = Timeline("2026-01-01", zone=PARIS)
    life.subscribe("2026-03-20 08:00", TRIAL)  # the clocks change on the 29th
    assert life.sub.trial_ends_at == on("2026-04-03 07:00")


def test_the_trial_of_a_subscription_bought_for_later_counts_from_its_start() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", TRIAL, start_at="2026-02-01")
    assert life.sub.period.end == on("2026-02-15")
    assert life.until("2026-02-01") == ["2026-02-01: s1 started its trial, 2026-02-01 → 2026-02-15"]


def test_a_trial_begun_in_the_past_may_be_over_already() -> None:
    life = Timeline("2026-01-01")
    assert life.subscribe("2026-03-01", TRIAL, start_at="2026-02-10")[1:] == [
        "2026-03-01: s1 started its trial, 2026-02-10 → 2026-02-24",
        "2026-03-01: s1 trial ended, 2026-02-24 → 2026-03-24",
    ]


def test_there_is_no_second_trial_of_a_plan() -> None:
    """Published case TR06: the trial counts from the first start of the plan."""
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TRIAL)
    life.cancel("2026-01-30", "NOW")
    assert life.subscribe("2026-02-01", TRIAL)[-1] == "2026-02-01: s2 started, 2026-02-01 → 2026-03-01"


def test_who_comes_back_during_the_trial_has_the_rest_of_it() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TRIAL)
    life.cancel("2026-01-12", "NOW")
    life.subscribe("2026-01-20", TRIAL)
    assert life.sub.trial_ends_at == on("2026-01-24")


def test_a_plan_that_was_moved_to_has_been_started_too() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", STARTER)
    life.change("2026-01-10", ChangePlan(TRIAL))
    life.cancel("2026-03-01", "NOW")
    life.subscribe("2026-03-02", TRIAL)
    assert life.sub.status is SubscriptionStatus.ACTIVE


def test_trial_days_given_for_one_subscription_count_from_its_own_start() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TRIAL, trial_days=3)
    assert life.sub.trial_ends_at == on("2026-01-13")
    life.cancel("2026-02-01", "NOW")
    life.subscribe("2026-02-01", TRIAL, trial_days=30)
    assert life.sub.trial_ends_at == on("2026-03-03")


def test_zero_trial_days_take_the_plans_trial_away() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-10", TRIAL, trial_days=0)
    assert life.sub.status is SubscriptionStatus.ACTIVE


def test_trial_days_stay_within_two_years() -> None:
    life = Timeline("2026-01-01")
    for days in (-1, 731):
        with life.refuses(ErrorCode.INVALID) as no:
            life.subscribe("2026-01-10", TRIAL, trial_days=days)
        assert no.value.field == ("trial_days",)


# ── what can be bought ──
def test_a_plan_without_a_price_in_the_customers_currency_is_refused() -> None:
    life = Timeline("2026-01-01", currency="EUR")
    with life.refuses(ErrorCode.CURRENCY_MISMATCH) as no:
        life.subscribe("2026-01-01", PRO)
    assert no.value.message == "plan pro has no price base in EUR"
    with life.refuses(ErrorCode.CURRENCY_MISMATCH) as no:
        life.subscribe("2026-01-01", plan("free", gives("calls", "10")), add_ons=(EXTRA,))
    assert no.value.field == ("add_ons", "0")


def test_a_plan_without_prices_is_free_in_every_currency() -> None:
    life = Timeline("2026-01-01", currency="EUR")
    life.subscribe("2026-01-01", plan("free", gives("calls", "10")))
    assert life.sub.status is SubscriptionStatus.ACTIVE


def test_a_quantity_is_at_least_one_and_at_most_a_million() -> None:
    life = Timeline("2026-01-01")
    for quantity in (0, -1, 1_000_001):
        with life.refuses(ErrorCode.INVALID) as no:
            life.subscribe("2026-01-01", PRO, quantity=quantity)
        assert no.value.field == ("quantity",)


def test_a_customer_holds_each_plan_once() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.subscribe("2026-01-02", plan("pro", flat("599"), version=2))
    assert no.value.message == "pro is already subscribed to (s1); change that instead"


def test_a_plan_that_another_subscription_is_planned_to_move_to_is_refused_with_the_name_of_that_change() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", STARTER)
    life.change("2026-01-02", ChangePlan(PRO), "PERIOD_END")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.subscribe("2026-01-03", PRO)
    assert no.value.conflicts == ("c1",)


def test_after_its_end_a_plan_can_be_subscribed_to_again() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    life.cancel("2026-01-10", "NOW")
    life.subscribe("2026-01-10", PRO)
    assert [held.status for held in life.account.subscriptions] == [
        SubscriptionStatus.CANCELED,
        SubscriptionStatus.ACTIVE,
    ]


def test_a_hundred_subscriptions_can_run_at_once() -> None:
    life = Timeline("2026-01-01")
    for n in range(100):
        life.subscribe("2026-01-01", plan(f"plan{n}"))
    with life.refuses(ErrorCode.LIMIT_REACHED):
        life.subscribe("2026-01-01", plan("one-more"))
    life.cancel("2026-01-01", "NOW")
    life.subscribe("2026-01-01", plan("one-more"))


# ── add-ons and prices of its own ──
def test_add_ons_are_there_once_each_from_the_start() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO, start_at="2026-02-01", add_ons=(EXTRA,))
    assert [(add_on.plan.plan_key, add_on.quantity, add_on.since) for add_on in life.sub.add_ons] == [
        ("extra", 1, on("2026-02-01"))
    ]


def test_an_add_on_named_twice_or_equal_to_the_plan_is_refused() -> None:
    life = Timeline("2026-01-01")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.subscribe("2026-01-01", PRO, add_ons=(EXTRA, EXTRA))
    assert no.value.field == ("add_ons", "1")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.subscribe("2026-01-01", PRO, add_ons=(PRO,))
    assert no.value.field == ("add_ons", "0")


def test_a_price_override_takes_the_place_of_the_price_of_the_same_key_currency_and_cadence() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO, overrides=(flat("399"), flat("3990", Cadence.YEAR)))
    assert [price.unit_amount for price in life.sub.overrides] == [399, 3990]
    for price in (flat("1", key="other"), flat("1", currency="EUR"), flat("1", Cadence.WEEK)):
        someone = Timeline("2026-01-01")
        with someone.refuses(ErrorCode.INVALID) as no:
            someone.subscribe("2026-01-01", PRO, overrides=(price,))
        assert no.value.field == ("overrides", "0", "key")


def test_a_price_override_follows_what_the_price_follows_and_stands_once() -> None:
    life = Timeline("2026-01-01")
    metered = Price("price_1", "base", ChargeModel.PER_UNIT, Cadence.MONTH, "USD", flat("1").unit_amount, "calls")
    with life.refuses(ErrorCode.INVALID) as no:
        life.subscribe("2026-01-01", PRO, overrides=(metered,))
    assert no.value.field == ("overrides", "0", "meter_key")
    with life.refuses(ErrorCode.INVALID) as no:
        life.subscribe("2026-01-01", PRO, overrides=(flat("1"), flat("2")))
    assert no.value.field == ("overrides", "1", "key")


def test_a_subscriber_stays_on_the_version_bought() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    life.until("2026-12-31")
    assert life.sub.plan == PRO
    assert life.sub.plan_since == on("2026-01-01")
