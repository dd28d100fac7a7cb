"""Where a customer stands with billing, in one word and one sentence."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from domain.account import Account
from domain.billing_status import BillingState, billing_status
from domain.catalog import PlanVersion, Terms
from domain.period import Cadence, Period
from domain.subscription import Cancel, EndReason, ScheduledChange, Subscription

NOON = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # already 1 April in Paris
DAY = timedelta(days=1)


def held(name: str = "Starter", **more: object) -> Subscription:
    plan = PlanVersion("version_1", "plan_1", name.lower(), name, 1, NOON, Terms())
    running = Subscription(
        id=f"subscription_{name}",
        plan=plan,
        cadence=Cadence.MONTH,
        quantity=1,
        zone="Europe/Paris",
        created_at=NOON,
        start_at=NOON,
        anchor=NOON,
        period=Period(NOON, NOON + 30 * DAY),
        plan_since=NOON,
        started=True,
    )
    return replace(running, **more)


def cancelled_at(at: datetime) -> tuple[ScheduledChange, ...]:
    return (ScheduledChange("change_1", "subscription_Starter", Cancel(), at, NOON),)


def status(*subscriptions: Subscription) -> tuple[BillingState, str | None]:
    found = billing_status(Account(subscriptions=subscriptions), NOON)
    return found.state, found.message


TRIAL = held("Trial", trialing=True, trial_ends_at=NOON + 7 * DAY)
PAUSED = held("Paused", paused_at=NOON)
PENDING = held("Later", started=False, start_at=NOON + DAY)
ENDED = held("Old", ended_at=NOON, end_reason=EndReason.CANCELED)


def test_without_a_subscription_there_is_nothing_to_say() -> None:
    assert status() == (BillingState.NONE, None)


def test_one_that_runs_is_current() -> None:
    assert status(held()) == (BillingState.CURRENT, None)


def test_the_best_of_several_counts() -> None:
    assert status(ENDED, PAUSED, TRIAL, held(), PENDING)[0] is BillingState.CURRENT
    assert status(ENDED, PAUSED, TRIAL, PENDING)[0] is BillingState.TRIALING
    assert status(ENDED, PAUSED, PENDING)[0] is BillingState.SUSPENDED
    assert status(ENDED, PENDING)[0] is BillingState.CANCELED
    assert status(PENDING)[0] is BillingState.NONE


def test_days_are_those_of_the_customer() -> None:
    assert status(TRIAL) == (BillingState.TRIALING, "The trial of Trial ends on 2026-04-08.")
    assert status(PENDING) == (BillingState.NONE, "Later begins on 2026-04-02.")
    assert status(ENDED) == (BillingState.CANCELED, "Old ended on 2026-04-01.")


def test_a_planned_end_is_told() -> None:
    assert status(held(scheduled=cancelled_at(NOON + DAY))) == (BillingState.CURRENT, "Starter ends on 2026-04-02.")
    ending = replace(TRIAL, scheduled=cancelled_at(NOON + 7 * DAY))
    told = "The trial of Trial ends on 2026-04-08, and the subscription with it."
    assert status(ending) == (BillingState.TRIALING, told)
    after = replace(TRIAL, scheduled=cancelled_at(NOON + 8 * DAY))
    assert status(after) == (BillingState.TRIALING, "The trial of Trial ends on 2026-04-08.")


def test_a_pause_tells_when_it_ends() -> None:
    assert status(PAUSED) == (BillingState.SUSPENDED, "Paused is paused.")
    resumes = replace(PAUSED, resumes_at=NOON + 3 * DAY)
    assert status(resumes) == (BillingState.SUSPENDED, "Paused is paused until 2026-04-04.")


def test_of_several_that_ended_the_last_is_told() -> None:
    earlier = held("Older", ended_at=NOON - DAY, end_reason=EndReason.CANCELED)
    assert status(ENDED, earlier) == (BillingState.CANCELED, "Old ended on 2026-04-01.")
