"""Where a customer stands with billing, in one word and one sentence for their own page."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from domain.account import Account
from domain.period import local_date
from domain.subscription import Subscription


class BillingState(StrEnum):
    """PAST_DUE: only once there are invoices to be overdue."""

    NONE = "NONE"
    TRIALING = "TRIALING"
    CURRENT = "CURRENT"
    PAST_DUE = "PAST_DUE"
    SUSPENDED = "SUSPENDED"
    CANCELED = "CANCELED"


class BillingStatus(Struct, frozen=True):
    """`message`: what a person should know, with dates of their own calendar; None when all is simply well."""

    state: BillingState
    message: str | None


def billing_status(account: Account) -> BillingStatus:
    """Of the account present at the instant of the question. The best of several subscriptions counts: one that runs,
    then one on trial, then one that is paused; without any, what is to begin and what has been."""
    running = [held for held in account.subscriptions if held.started and held.ended_at is None]
    active = [held for held in running if held.paused_at is None]
    paying = [held for held in active if not held.trialing]
    if paying:
        ends = _sentences(f"{held.plan.plan_name} ends on {_end(held)}." for held in paying if held.cancellation)
        return BillingStatus(BillingState.CURRENT, ends)
    if active:
        return BillingStatus(BillingState.TRIALING, _sentences(_trial(held) for held in active))
    if running:
        return BillingStatus(BillingState.SUSPENDED, _sentences(_pause(held) for held in running))
    pending = [held for held in account.subscriptions if held.ended_at is None]
    ended = [held for held in account.subscriptions if held.ended_at is not None]
    if pending:
        begins = (f"{held.plan.plan_name} begins on {_day(held.start_at, held)}." for held in pending)
        return BillingStatus(BillingState.CANCELED if ended else BillingState.NONE, _sentences(begins))
    if ended:
        last = max(ended, key=lambda held: (held.ended_at, held.id))
        assert last.ended_at is not None
        return BillingStatus(BillingState.CANCELED, f"{last.plan.plan_name} ended on {_day(last.ended_at, last)}.")
    return BillingStatus(BillingState.NONE, None)


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
