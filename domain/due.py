"""What falls due by itself: starts, ends of trials and periods, planned changes, expiries.

`catch_up` is the only place where time makes something happen. The worker records what it yields; the write path
records it before it decides; a read that is ahead of the worker folds it in memory (`present`). So no answer depends on
how late the worker is, and a long downtime yields every missed period once, in order.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from domain import events as e
from domain.account import Account
from domain.errors import Refusal
from domain.evolve import evolve_account
from domain.period import Period, add_days
from domain.subscription import (
    Cancel,
    ScheduledChange,
    Subscription,
    period_from,
)
from domain.transition import transition

# At one instant: an end comes before all else, a planned change before the period that it changes.
_START, _CANCEL, _CHANGE, _RESUME, _TRIAL, _PERIOD, _EXPIRY = range(7)


class Due(Struct, frozen=True, order=True):
    """One thing that falls due. Ordered by instant, then by rank, then by id, so that every reader sees one order."""

    at: datetime
    rank: int
    id: str


def dues(account: Account) -> Iterator[Due]:
    for held in account.subscriptions:
        if held.ended_at is not None:
            continue
        for planned in held.scheduled:
            yield Due(planned.effective_at, _CANCEL if isinstance(planned.change, Cancel) else _CHANGE, planned.id)
        if not held.started:
            yield Due(held.start_at, _START, held.id)
            continue
        if held.resumes_at is not None:
            yield Due(held.resumes_at, _RESUME, held.id)
        yield Due(held.period.end, _TRIAL if held.trialing else _PERIOD, held.id)
    for grant in account.grants:
        if grant.ended_at is None and grant.expires_at is not None:
            yield Due(grant.expires_at, _EXPIRY, grant.id)


def next_due(account: Account) -> datetime | None:
    return min((due.at for due in dues(account)), default=None)


def catch_up(account: Account, at: datetime) -> Iterator[tuple[datetime, e.AccountEvent, Account]]:
    """Every event that falls due up to and including `at`: (its own instant, the event, the account after it)."""
    while (due := min(dues(account), default=None)) is not None and due.at <= at:
        for event in _happens(account, due):
            account = evolve_account(account, event, due.at)
            yield due.at, event, account


def present(account: Account, at: datetime) -> Account:
    """The account as it stands at `at`, whether or not the worker has been here yet."""
    now = account
    for _, _, after in catch_up(account, at):
        now = after
    return now


def _happens(account: Account, due: Due) -> list[e.AccountEvent]:
    if due.rank == _EXPIRY:
        return [e.EntitlementExpired(due.id)]
    if due.rank in (_CANCEL, _CHANGE):
        planned = next(one for held in account.subscriptions for one in held.scheduled if one.id == due.id)
        return _planned(account, planned)
    held = account.subscription(due.id)
    assert held is not None
    if due.rank == _START:
        return [_start(account, held)]
    if due.rank == _RESUME:
        return [e.SubscriptionResumed(held.id)]
    period = period_from(held, due.at)
    return [e.TrialEnded(held.id, period) if due.rank == _TRIAL else e.SubscriptionRenewed(held.id, period)]


def _start(account: Account, held: Subscription) -> e.SubscriptionStarted:
    """A trial counts from the first start of that plan, so a second subscription gets no second trial
    (published case TR06); days given for this very subscription count from its own start."""
    if held.trial_days is not None:
        trial_ends_at = add_days(held.start_at, held.trial_days, held.zone)
    else:
        first = account.first_starts.get(held.plan.plan_key, held.start_at)
        trial_ends_at = add_days(first, held.plan.terms.trial_days, held.zone)
    if trial_ends_at <= held.start_at:
        return e.SubscriptionStarted(held.id, period_from(held, held.start_at), held.anchor)
    # Without an anchor of its own the first paid period begins where the trial ends.
    anchor = trial_ends_at if held.anchor == held.start_at else held.anchor
    return e.SubscriptionStarted(held.id, Period(held.start_at, trial_ends_at), anchor, trial_ends_at)


def _planned(account: Account, planned: ScheduledChange) -> list[e.AccountEvent]:
    """Checked again now that it is due: what has become impossible is withdrawn, and the journal says why."""
    held = account.subscription(planned.subscription_id)
    assert held is not None
    try:
        happened = transition(account, held, planned.change, planned.effective_at)
    except Refusal as refusal:
        return [e.ChangeWithdrawn(held.id, planned.id, refusal.message)]
    return [e.ChangeApplied(held.id, planned.id), *happened]
