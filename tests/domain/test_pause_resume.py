"""A pause: no rights while it lasts. Periods go on, so that a subscription returns to the rhythm it had."""

from decimal import Decimal

from timeline import CATALOG, PRO, Timeline, flat, gives, on, plan

from domain.errors import ErrorCode
from domain.rights.account_rights import entitlement
from domain.rights.gate import DecisionReason, FeatureUsage, decide_use
from domain.subscription import Cancel, ChangePlan, Pause, Resume, SubscriptionStatus


def pro() -> Timeline:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", PRO)
    return life


def test_a_paused_subscription_gives_no_rights_until_it_is_resumed() -> None:
    life = pro()
    assert life.change("2026-01-10", Pause()) == ["2026-01-10: s1 paused"]
    assert life.sub.status is SubscriptionStatus.PAUSED
    assert entitlement(life.account, "calls", on("2026-01-10")) is None
    assert life.change("2026-01-20", Resume()) == ["2026-01-20: s1 resumed"]
    assert life.sub.status is SubscriptionStatus.ACTIVE
    assert entitlement(life.account, "calls", on("2026-01-20")) is not None


def test_the_gate_says_that_it_is_the_pause() -> None:
    life = pro()
    life.change("2026-01-10", Pause())
    decision = decide_use(life.account, CATALOG, "calls", Decimal(1), FeatureUsage(), on("2026-01-10"))
    assert (decision.reason, decision.trace) == (DecisionReason.SUSPENDED, ("the subscription is paused",))


def test_a_pause_can_end_by_itself() -> None:
    life = pro()
    assert life.change("2026-01-10", Pause(on("2026-01-20"))) == ["2026-01-10: s1 paused until 2026-01-20"]
    assert life.until("2026-01-31") == ["2026-01-20: s1 resumed"]


def test_periods_go_on_during_a_pause() -> None:
    life = pro()
    life.change("2026-01-10", Pause(on("2026-02-10")))
    assert life.until("2026-02-15") == [
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
        "2026-02-10: s1 resumed",
    ]


def test_a_pause_that_ends_with_the_period_resumes_before_the_renewal() -> None:
    life = pro()
    life.change("2026-01-10", Pause(on("2026-02-01")))
    assert life.until("2026-02-01") == [
        "2026-02-01: s1 resumed",
        "2026-02-01: s1 renewed, 2026-02-01 → 2026-03-01",
    ]


def test_a_trial_goes_on_during_a_pause() -> None:
    life = Timeline("2026-01-01")
    life.subscribe("2026-01-01", plan("team", flat("20"), gives("calls", "5"), trial_days=14))
    life.change("2026-01-10", Pause())
    assert life.until("2026-01-16") == ["2026-01-15: s1 trial ended, 2026-01-15 → 2026-02-15"]
    assert life.sub.status is SubscriptionStatus.PAUSED
    life.change("2026-01-20", Resume())
    assert life.sub.status is SubscriptionStatus.ACTIVE


def test_resuming_by_hand_calls_the_planned_end_of_the_pause_off() -> None:
    life = pro()
    life.change("2026-01-10", Pause(on("2026-01-20")))
    life.change("2026-01-12", Resume())
    assert life.until("2026-01-31") == []


def test_a_pause_and_its_end_can_be_planned() -> None:
    life = pro()
    life.change("2026-01-05", Pause(on("2026-01-20")), "2026-01-10")
    assert life.until("2026-01-31") == [
        "2026-01-10: s1 c1 applied",
        "2026-01-10: s1 paused until 2026-01-20",
        "2026-01-20: s1 resumed",
    ]


def test_the_end_of_an_open_pause_can_be_planned() -> None:
    life = pro()
    life.change("2026-01-10", Pause())
    life.change("2026-01-11", Resume(), "2026-01-15")
    assert life.until("2026-01-31") == ["2026-01-15: s1 c1 applied", "2026-01-15: s1 resumed"]


def test_a_pause_that_ends_by_itself_cannot_be_planned_to_end_later() -> None:
    life = pro()
    life.change("2026-01-10", Pause(on("2026-01-15")))
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-11", Resume(), "2026-01-16")
    assert no.value.message == "it resumes by itself at 2026-01-15T00:00:00+00:00"


def test_a_pause_ends_after_it_begins() -> None:
    life = pro()
    for resumes_at in ("2026-01-09", "2026-01-10"):
        with life.refuses(ErrorCode.INVALID) as no:
            life.change("2026-01-05", Pause(on(resumes_at)), "2026-01-10")
        assert no.value.field == ("resumes_at",)


def test_only_what_runs_can_be_paused_and_only_what_is_paused_can_be_resumed() -> None:
    life = pro()
    with life.refuses(ErrorCode.CONFLICT) as no:
        life.change("2026-01-10", Resume())
    assert no.value.message == "it is ACTIVE, not paused"
    life.change("2026-01-10", Pause())
    with life.refuses(ErrorCode.CONFLICT):
        life.change("2026-01-11", Pause())
    life.subscribe("2026-01-10", plan("later"), start_at="2026-02-01")
    with life.refuses(ErrorCode.CONFLICT):
        life.change("2026-01-11", Pause(), of="s2")


def test_a_paused_subscription_can_change_its_plan_and_stays_paused() -> None:
    life = pro()
    life.change("2026-01-10", Pause())
    life.change("2026-01-11", ChangePlan(plan("other", flat("1"))))
    assert life.sub.status is SubscriptionStatus.PAUSED


def test_a_paused_subscription_can_be_cancelled_and_then_never_resumes() -> None:
    life = pro()
    life.change("2026-01-10", Pause(on("2026-01-20")))
    life.change("2026-01-11", Cancel())
    assert life.until("2026-12-31") == []
    assert life.sub.status is SubscriptionStatus.CANCELED
