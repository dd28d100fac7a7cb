"""What falls due by itself: starts, ends of trials and periods, planned changes, expiries.

`catch_up` is the only place where time makes something happen. The worker records what it yields; the write path
records it before it decides; a read that is ahead of the worker folds it in memory (`present`). So no answer depends on
how late the worker is, and a long downtime yields every missed period once, in order.
"""

from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush

from msgspec import Struct

from domain import events as e
from domain.account import Account
from domain.errors import Refusal
from domain.evolve import evolve_account
from domain.lifecycle.transition import transition
from domain.lifecycle.trial import first_period
from domain.lifecycle.usage_calendar import after_trial, from_start
from domain.period import FOREVER
from domain.subscription import Cancel, ScheduledChange, Subscription, period_from

# At one instant: an end comes before all else, a planned change before the period that it changes.
_START, _CANCEL, _CHANGE, _RESUME, _TRIAL, _PERIOD, _EXPIRY = range(7)


class Due(Struct, frozen=True, order=True):
    """One thing that falls due. Ordered by instant, then by rank, then by id, so that every reader sees one order."""

    at: datetime
    rank: int
    id: str


def next_due(account: Account) -> datetime | None:
    return min((due.at for due, _ in _dues(account)), default=None)


def catch_up(account: Account, at: datetime) -> Iterator[tuple[datetime, e.AccountEvent, Account]]:
    """Every event that falls due up to and including `at`: (its own instant, the event, the account after it)."""
    # One entry for each subscription, its next; only its own events change it. So a thousand periods cost a thousand
    # steps, however much else the account holds.
    waiting = list(_dues(account))
    heapify(waiting)
    while waiting and waiting[0][0].at <= at:
        due, subscription_id = heappop(waiting)
        for event in _happens(account, due):
            account = evolve_account(account, event, due.at)
            yield due.at, event, account
        subscription = account.subscription(subscription_id)
        if subscription is not None and (following := _next(subscription)) is not None:
            heappush(waiting, (following, subscription_id))


def present(account: Account, at: datetime) -> Account:
    """The account as it stands at `at`, whether or not the worker has been here yet."""
    now = account
    for _, _, after in catch_up(account, at):
        now = after
    return now


def _dues(account: Account) -> Iterator[tuple[Due, str]]:
    """What each subscription and each grant waits for next, with the id of the subscription (of a grant: none)."""
    for subscription in account.subscriptions:
        if (due := _next(subscription)) is not None:
            yield due, subscription.id
    for grant in account.grants:
        if grant.ended_at is None and grant.expires_at is not None and grant.expires_at < FOREVER:
            yield Due(grant.expires_at, _EXPIRY, grant.id), ""


def _next(subscription: Subscription) -> Due | None:
    if subscription.ended_at is not None:
        return None
    if subscription.started:
        found = [Due(subscription.period.end, _TRIAL if subscription.trialing else _PERIOD, subscription.id)]
    else:
        found = [Due(subscription.start_at, _START, subscription.id)]
    if subscription.resumes_at is not None:
        found.append(Due(subscription.resumes_at, _RESUME, subscription.id))
    for planned in subscription.scheduled:
        found.append(Due(planned.effective_at, _CANCEL if isinstance(planned.change, Cancel) else _CHANGE, planned.id))
    return min((due for due in found if due.at < FOREVER), default=None)  # the end of the calendar never comes


def _happens(account: Account, due: Due) -> list[e.AccountEvent]:
    if due.rank == _EXPIRY:
        return [e.EntitlementExpired(due.id)]
    if due.rank in (_CANCEL, _CHANGE):
        planned = next(
            change for subscription in account.subscriptions for change in subscription.scheduled if change.id == due.id
        )
        return _planned(account, planned)
    subscription = account.subscription(due.id)
    assert subscription is not None
    if due.rank == _START:
        period, anchor, trial_ends_at = first_period(account, subscription)
        counting = from_start(account, subscription, due.at, trial=trial_ends_at is not None)
        return [e.SubscriptionStarted(subscription.id, period, anchor, trial_ends_at, *counting)]
    if due.rank == _RESUME:
        return [e.SubscriptionResumed(subscription.id)]
    period = period_from(subscription, due.at)
    if due.rank == _TRIAL:
        return [e.TrialEnded(subscription.id, period, *after_trial(account, subscription, due.at))]
    return [e.SubscriptionRenewed(subscription.id, period)]


def _planned(account: Account, planned: ScheduledChange) -> list[e.AccountEvent]:
    """Checked again now that it is due: what has become impossible is withdrawn, and the journal says why."""
    subscription = account.subscription(planned.subscription_id)
    assert subscription is not None
    try:
        happened = transition(account, subscription, planned.change, planned.effective_at)
    except Refusal as refusal:
        return [e.ChangeWithdrawn(subscription.id, planned.id, refusal.message)]
    return [e.ChangeApplied(subscription.id, planned.id), *happened]
