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


def subscription_status(account: Account, held: Subscription, at: datetime) -> SubscriptionStatus:
    """Of one of the subscriptions of the account present at `at`. An invoice may charge for several, and a payment pays
    for all of them: so every active one is PAST_DUE while anything is overdue. A trial is not: it costs nothing."""
    due_at = account.owing.due_at
    late = due_at is not None and due_at <= at
    return SubscriptionStatus.PAST_DUE if late and held.status is SubscriptionStatus.ACTIVE else held.status


def _debts(account: Account, at: datetime, late: bool) -> Iterator[str]:
    """EUR 118.80 is overdue since 2026-03-01. The next payment is tried on 2026-03-05. Access continues until …"""
    owing = account.owing
    if late:
        yield f"{overdue(account, at)}."
    if owing.next_attempt_at is not None and owing.next_attempt_at > at:
        yield f"The next payment is tried on {day(account, owing.next_attempt_at)}."
    if owing.suspended_at is not None:
        yield f"Access is suspended since {day(account, owing.suspended_at)}{', until this is paid' if late else ''}."
    elif owing.rights_until is not None and any(held.gives_rights for held in account.subscriptions):
        until = day(account, owing.rights_until)
        yield f"Access continues until {until}." if at < owing.rights_until else f"Access ended on {until}."


def _of_subscriptions(account: Account) -> tuple[BillingState, str | None]:
    running = [held for held in account.subscriptions if held.started and held.ended_at is None]
    active = [held for held in running if held.paused_at is None]
    paying = [held for held in active if not held.trialing]
    if paying:
        ends = (f"{held.plan.plan_name} ends on {_end(held)}." for held in paying if held.cancellation)
        return BillingState.CURRENT, _sentences(ends)
    if active:
        return BillingState.TRIALING, _sentences(_trial(held) for held in active)
    if running:
        return BillingState.SUSPENDED, _sentences(_pause(held) for held in running)
    pending = [held for held in account.subscriptions if held.ended_at is None]
    ended = [held for held in account.subscriptions if held.ended_at is not None]
    if pending:
        begins = (f"{held.plan.plan_name} begins on {_day(held.start_at, held)}." for held in pending)
        return BillingState.CANCELED if ended else BillingState.NONE, _sentences(begins)
    if ended:
        last = max(ended, key=lambda held: (held.ended_at, held.id))
        assert last.ended_at is not None
        return BillingState.CANCELED, f"{last.plan.plan_name} ended on {_day(last.ended_at, last)}."
    return BillingState.NONE, None


def _trial(held: Subscription) -> str:
    assert held.trial_ends_at is not None
    end = f"The trial of {held.plan.plan_name} ends on {_day(held.trial_ends_at, held)}"
    cancelled = held.cancellation is not None and held.cancellation.effective_at <= held.trial_ends_at
    return f"{end}, and the subscription with it." if cancelled else f"{end}."


def _pause(held: Subscription) -> str:
    if held.resumes_at is None:
        return f"{held.plan.plan_name} is paused."
    return f"{held.plan.plan_name} is paused until {_day(held.resumes_at, held)}."


def _end(held: Subscription) -> str:
    assert held.cancellation is not None
    return _day(held.cancellation.effective_at, held)


def _day(at: datetime, held: Subscription) -> str:
    return local_date(at, held.zone).isoformat()


def _sentences(sentences: Iterable[str]) -> str | None:
    return " ".join(sentences) or None
