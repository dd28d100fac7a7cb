"""Cancelling: now, at the period's end or at a date; and calling it off."""

from timeline import EXTRA, PRO, STARTER, Timeline, flat, on, plan

from domain import commands as c
from domain.account import Account
from domain.errors import ErrorCode
from domain.lifecycle.due import next_due
from domain.subscription import AddAddOn, ChangePlan, ChangeQuantity, EndReason, SubscriptionStatus


def pro() -> Timeline:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    return life


def trial() -> Timeline:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("team", flat("20"), trial_days=14))
    return life


def test_at_the_periods_end_it_ends_instead_of_renewing() -> None:
    life = pro()
    assert life.cancel("2026-01-10") == ["2026-01-10: s1 c1 planned for 2026-02-01: cancel"]
    assert life.sub.status is SubscriptionStatus.ACTIVE
    assert life.sub.cancellation is not None
    assert life.until("2026-03-01") == ["2026-02-01: s1 c1 applied", "2026-02-01: s1 ended, CANCELED"]
    assert (life.sub.status, life.sub.ended_at) == (SubscriptionStatus.CANCELED, on("2026-02-01"))


def test_now_it_ends_at_once_and_nothing_falls_due_any_more() -> None:
    life = pro()
    assert life.cancel("2026-01-10", "NOW") == ["2026-01-10: s1 ended, CANCELED"]
    assert next_due(life.account) is None


def test_at_a_date_it_ends_in_the_middle_of_a_period() -> None:
    life = pro()
    life.cancel("2026-01-10", "2026-02-14")
    assert life.until("2026-03-01") == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-14: s1 c1 applied",
        "2026-02-14: s1 ended, CANCELED",
    ]


def test_at_the_instant_of_a_renewal_now_comes_after_it() -> None:
    life = pro()
    assert life.cancel("2026-02-01", "NOW") == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-01: s1 ended, CANCELED",
    ]


def test_in_the_instant_of_its_start_it_can_be_cancelled() -> None:
    life = pro()
    assert life.cancel("2026-01-01", "NOW") == ["2026-01-01: s1 ended, CANCELED"]


def test_now_withdraws_whatever_is_planned() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    life.change("2026-01-02", ChangeQuantity(4), "2026-05-01")
    life.cancel("2026-01-02", "2026-06-01")
    assert life.cancel("2026-01-10", "NOW") == [
        "2026-01-10: s1 c1 withdrawn: replaced: cancel",
        "2026-01-10: s1 c2 withdrawn: replaced: cancel",
        "2026-01-10: s1 c3 withdrawn: replaced: cancel",
        "2026-01-10: s1 ended, CANCELED",
    ]


def test_later_it_withdraws_what_comes_after_it_only_when_told_to() -> None:
    life = pro()
    life.change("2026-01-02", AddAddOn(EXTRA), "2026-01-20")
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.cancel("2026-01-10")
    assert no.value.conflicts == ("c2",)
    assert life.cancel("2026-01-10", replacing=True) == [
        "2026-01-10: s1 c2 withdrawn: replaced: cancel",
        "2026-01-10: s1 c3 planned for 2026-02-01: cancel",
    ]


def test_cancelling_twice_is_refused_with_the_name_of_the_first() -> None:
    life = pro()
    life.cancel("2026-01-10")
    for when in ("PERIOD_END", "2026-01-20", "2026-03-01"):
        with life.refuses(ErrorCode.CONFLICT) as no:
            life.cancel("2026-01-11", when)
        assert no.value.conflicts == ("c1",)


def test_a_planned_end_can_be_moved_when_told_to() -> None:
    life = pro()
    life.cancel("2026-01-10")
    life.cancel("2026-01-11", "2026-01-20", replacing=True)
    assert life.until("2026-03-01") == ["2026-01-20: s1 c2 applied", "2026-01-20: s1 ended, CANCELED"]


def test_what_has_ended_cannot_be_cancelled() -> None:
    life = pro()
    life.cancel("2026-01-10", "NOW")
    for when in ("NOW", "PERIOD_END"):
        with life.refuses(ErrorCode.CONFLICT) as no:
            life.cancel("2026-01-11", when)
        assert no.value.message == "subscription s1 has ended"


def test_before_its_start_it_ends_without_having_started() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO, start_at="2026-02-01")
    life.cancel("2026-01-10", "NOW")
    assert life.until("2026-03-01") == []
    assert life.sub.status is SubscriptionStatus.CANCELED
    assert not life.sub.started


def test_before_its_start_the_periods_end_is_that_of_the_first_period() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO, start_at="2026-02-01")
    life.cancel("2026-01-10")
    assert life.until("2026-04-01") == [
        "2026-02-01: s1 started, 2026-02-01 → 2026-03-01",
        "2026-03-01: s1 c1 applied",
        "2026-03-01: s1 ended, CANCELED",
    ]


# ── with a trial ──
def test_in_a_trial_the_periods_end_is_the_trials_end_and_nothing_is_ever_paid() -> None:
    life = trial()
    life.cancel("2026-01-02")
    assert life.until("2026-03-01") == ["2026-01-15: s1 c1 applied", "2026-01-15: s1 ended, TRIAL_ENDED"]
    assert life.sub.status is SubscriptionStatus.CANCELED


def test_in_a_trial_now_is_a_cancellation_like_any_other() -> None:
    life = trial()
    life.cancel("2026-01-02", "NOW")
    assert life.sub.end_reason is EndReason.CANCELED


# ── calling it off ──
def test_a_cancellation_called_off_leaves_the_subscription_as_it_was() -> None:
    life = pro()
    before = life.sub
    life.cancel("2026-01-10")
    assert life.do("2026-01-11", c.RevokeCancellation("s1")) == [
        "2026-01-11: s1 c1 withdrawn: cancellation revoked",
    ]
    assert life.sub == before
    assert life.until("2026-02-01") == ["2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01"]


def test_only_a_planned_cancellation_can_be_called_off() -> None:
    life = pro()
    life.change("2026-01-02", ChangeQuantity(4), "2026-01-15")
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.do("2026-01-10", c.RevokeCancellation("s1"))
    assert no.value.message == "no cancellation is planned"
    life.cancel("2026-01-10", "2026-01-20")
    life.do("2026-01-11", c.RevokeCancellation("s1"))
    with life.refuses(ErrorCode.CONFLICT):
        life.do("2026-01-12", c.RevokeCancellation("s1"))


def test_once_it_has_taken_effect_it_cannot_be_called_off() -> None:
    life = pro()
    life.cancel("2026-01-10")
    with life.refuses(ErrorCode.CONFLICT):
        life.do("2026-02-01", c.RevokeCancellation("s1"))
    with life.refuses(ErrorCode.NOT_FOUND):
        life.do("2026-02-01", c.RevokeCancellation("s9"))


def test_what_gave_way_to_a_cancellation_does_not_come_back_with_its_revocation() -> None:
    life = pro()
    life.change("2026-01-02", ChangePlan(STARTER), "PERIOD_END")
    life.cancel("2026-01-10", replacing=True)
    life.do("2026-01-11", c.RevokeCancellation("s1"))
    assert life.sub.scheduled == ()


def test_nobody_cancels_for_a_customer_who_is_not_there() -> None:
    life = Timeline()
    life.account, life.journal = Account(), []
    with life.refuses(ErrorCode.NOT_FOUND):
        life.cancel("2026-01-10")
