"""Which planned changes a new one cannot stand beside. Refused with their names, or told to, they give way."""

from datetime import datetime

from domain.account import Account
from domain.errors import Refusal
from domain.events import PlanChanged
from domain.lifecycle.transition import transition
from domain.subscription import Change, ChangePlan, ScheduledChange, Subscription, conflicts


def conflicting_changes(
    account: Account, subscription: Subscription, change: Change, effective_at: datetime
) -> list[ScheduledChange]:
    """The planned changes that conflict with `change` of `subscription` at `effective_at`, also those of other
    subscriptions that would move to the same plan."""
    own = [
        planned
        for planned in subscription.scheduled
        if conflicts(planned, change, effective_at)
        or (
            planned.effective_at == subscription.period.end
            and _moves_period_end(account, subscription, change, effective_at)
        )
        or (
            effective_at == subscription.period.end
            and _moves_period_end(account, subscription, planned.change, planned.effective_at)
        )
    ]
    others = moves_to(account, change.plan.plan_id) if isinstance(change, ChangePlan) else []
    return own + [planned for planned in others if planned.subscription_id != subscription.id]


def moves_to(account: Account, plan_id: str) -> list[ScheduledChange]:
    """The planned changes of any subscription to this plan. (A customer holds each plan once.)"""
    return [
        planned
        for subscription in account.subscriptions
        for planned in subscription.scheduled
        if isinstance(planned.change, ChangePlan) and planned.change.plan.plan_id == plan_id
    ]


def _moves_period_end(account: Account, subscription: Subscription, change: Change, at: datetime) -> bool:
    """Whether the present period would end at another instant. What is planned for its end would then come in the
    middle of a period: cancelled "at the end of the month", after a move to a year paid in advance."""
    if not isinstance(change, ChangePlan) or at >= subscription.period.end:
        return False
    try:
        events = transition(account, subscription, change, at)
    except Refusal:
        return False
    return any(isinstance(event, PlanChanged) and event.period.end != subscription.period.end for event in events)
