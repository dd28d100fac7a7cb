"""Which planned changes a new one cannot stand beside. Refused with their names, or told to, they give way."""

from datetime import datetime

from domain.account import Account
from domain.errors import Refusal
from domain.events import PlanChanged
from domain.lifecycle.transition import transition
from domain.subscription import Change, ChangePlan, ScheduledChange, Subscription, conflicts


def conflicting_changes(
    account: Account, held: Subscription, change: Change, effective_at: datetime
) -> list[ScheduledChange]:
    """The planned changes that conflict with `change` of `held` at `effective_at`, also those of other subscriptions
    that would move to the same plan."""
    own = [
        planned
        for planned in held.scheduled
        if conflicts(planned, change, effective_at)
        or (planned.effective_at == held.period.end and _moves_period_end(account, held, change, effective_at))
        or (effective_at == held.period.end and _moves_period_end(account, held, planned.change, planned.effective_at))
    ]
    others = moves_to(account, change.plan.plan_id) if isinstance(change, ChangePlan) else []
    return own + [planned for planned in others if planned.subscription_id != held.id]


def moves_to(account: Account, plan_id: str) -> list[ScheduledChange]:
    """The planned changes of any subscription to this plan. (A customer holds each plan once.)"""
    return [
        planned
        for held in account.subscriptions
        for planned in held.scheduled
        if isinstance(planned.change, ChangePlan) and planned.change.plan.plan_id == plan_id
    ]


def _moves_period_end(account: Account, held: Subscription, change: Change, at: datetime) -> bool:
    """Whether the present period would end at another instant. What is planned for its end would then come in the
    middle of a period: cancelled "at the end of the month", after a move to a year paid in advance."""
    if not isinstance(change, ChangePlan) or at >= held.period.end:
        return False
    try:
        events = transition(account, held, change, at)
    except Refusal:
        return False
    return any(isinstance(event, PlanChanged) and event.period.end != held.period.end for event in events)
