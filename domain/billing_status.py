"""Where a customer stands with billing, in one word and one sentence for their own page."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from domain.account import Account
from domain.money import Money
from domain.overdue import day, overdue
from domain.period import local_date
from domain.subscription import Subscription, SubscriptionStatus


class BillingState(StrEnum):
    """PAST_DUE: something is overdue. SUSPENDED: dunning came to its end, or every subscription is paused."""

    NONE = "NONE"
    TRIALING = "TRIALING"
    CURRENT = "CURRENT"
    PAST_DUE = "PAST_DUE"
    SUSPENDED = "SUSPENDED"
    CANCELED = "CANCELED"


class BillingStatus(Struct, frozen=True):
    """`message`: what a person should know, with dates of their own calendar; None when all is simply well. `owed`: by
    currency, also what is not due yet. `grace_until`: while something is overdue, until when rights are (or were) kept
    all the same."""

    state: BillingState
    message: str | None
    owed: tuple[Money, ...] = ()
    next_payment_attempt_at: datetime | None = None
    grace_until: datetime | None = None


def billing_status(account: Account, at: datetime) -> BillingStatus:
    """Of the account present at `at`. Debts come before all else. Then the best of several subscriptions counts: one
    that runs, then one on trial, then one that is paused; without any, what is to begin and what has been."""
    owing = account.owing
    state, message = _of_subscriptions(account)
    late = owing.due_at is not None and owing.due_at <= at
    if late or owing.suspended_at is not None:
        state = BillingState.PAST_DUE if owing.suspended_at is None else BillingState.SUSPENDED
        message = _sentences([*_debts(account, at, late), *([message] if message else [])])
    return BillingStatus(
        state=state,
        message=message,
        owed=tuple(Money(amount, currency).rounded() for currency, amount in owing.amounts.items()),
        next_payment_attempt_at=owing.next_attempt_at,
        grace_until=owing.rights_until if late else None,
    )


def subscription_status(account: Account, subscription: Subscription, at: datetime) -> SubscriptionStatus:
    """Of one of the subscriptions of the account present at `at`. An invoice may charge for several, and a payment pays
    for all of them: so every active one is PAST_DUE while anything is overdue. A trial is not: it costs nothing."""
    due_at = account.owing.due_at
    late = due_at is not None and due_at <= at
    return (
        SubscriptionStatus.PAST_DUE
        if late and subscription.status is SubscriptionStatus.ACTIVE
        else subscription.status
    )


def _debts(account: Account, at: datetime, late: bool) -> Iterator[str]:
    """EUR 118.80 is overdue since 2026-03-01. The next payment is tried on 2026-03-05. Access continues until …"""
    owing = account.owing
    if late:
        yield f"{overdue(account, at)}."
    if owing.next_attempt_at is not None and owing.next_attempt_at > at:
        yield f"The next payment is tried on {day(account, owing.next_attempt_at)}."
    if owing.suspended_at is not None:
        yield f"Access is suspended since {day(account, owing.suspended_at)}{', until this is paid' if late else ''}."
    elif owing.rights_until is not None and any(subscription.gives_rights for subscription in account.subscriptions):
        until = day(account, owing.rights_until)
        yield f"Access continues until {until}." if at < owing.rights_until else f"Access ended on {until}."


def _of_subscriptions(account: Account) -> tuple[BillingState, str | None]:
    running = [
        subscription for subscription in account.subscriptions if subscription.started and subscription.ended_at is None
    ]
    active = [subscription for subscription in running if subscription.paused_at is None]
    paying = [subscription for subscription in active if not subscription.trialing]
    if paying:
        ends = (
            f"{subscription.plan.plan_name} ends on {_end(subscription)}."
            for subscription in paying
            if subscription.cancellation
        )
        return BillingState.CURRENT, _sentences(ends)
    if active:
        return BillingState.TRIALING, _sentences(_trial(subscription) for subscription in active)
    if running:
        return BillingState.SUSPENDED, _sentences(_pause(subscription) for subscription in running)
    pending = [subscription for subscription in account.subscriptions if subscription.ended_at is None]
    ended = [subscription for subscription in account.subscriptions if subscription.ended_at is not None]
    if pending:
        begins = (
            f"{subscription.plan.plan_name} begins on {_day(subscription.start_at, subscription)}."
            for subscription in pending
        )
        return BillingState.CANCELED if ended else BillingState.NONE, _sentences(begins)
    if ended:
        last = max(ended, key=lambda subscription: (subscription.ended_at, subscription.id))
        assert last.ended_at is not None
        return BillingState.CANCELED, f"{last.plan.plan_name} ended on {_day(last.ended_at, last)}."
    return BillingState.NONE, None


def _trial(subscription: Subscription) -> str:
    assert subscription.trial_ends_at is not None
    end = f"The trial of {subscription.plan.plan_name} ends on {_day(subscription.trial_ends_at, subscription)}"
    cancelled = (
        subscription.cancellation is not None and subscription.cancellation.effective_at <= subscription.trial_ends_at
    )
    return f"{end}, and the subscription with it." if cancelled else f"{end}."


def _pause(subscription: Subscription) -> str:
    if subscription.resumes_at is None:
        return f"{subscription.plan.plan_name} is paused."
    return f"{subscription.plan.plan_name} is paused until {_day(subscription.resumes_at, subscription)}."


def _end(subscription: Subscription) -> str:
    assert subscription.cancellation is not None
    return _day(subscription.cancellation.effective_at, subscription)


def _day(at: datetime, subscription: Subscription) -> str:
    return local_date(at, subscription.zone).isoformat()


def _sentences(sentences: Iterable[str]) -> str | None:
    return " ".join(sentences) or None
