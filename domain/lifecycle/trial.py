"""Trials: a first segment that is not charged. It counts from the first start, so that nobody has a second one."""

from datetime import datetime

from domain.account import Account
from domain.catalog import PlanVersion
from domain.period import Period, add_days
from domain.subscription import Subscription, period_from


def trial_end(account: Account, subscription: Subscription, plan: PlanVersion) -> datetime:
    """When a trial of `subscription` on `plan` ends. An instant that is not after its start: there is no trial.

    The count begins at the first start of the plan, however often it was left and taken up again (published case TR06);
    moving to another plan during a trial goes on counting, for the length of the new plan (TR02). Days given for this
    very subscription count from its own start.
    """
    if subscription.trial_days is not None:
        return add_days(subscription.start_at, subscription.trial_days, subscription.zone)
    known = (account.first_starts.get(key) for key in (plan.plan_key, subscription.plan.plan_key))
    first = min((start for start in known if start is not None), default=subscription.start_at)
    return add_days(min(first, subscription.start_at), plan.terms.trial_days, subscription.zone)


def first_period(account: Account, subscription: Subscription) -> tuple[Period, datetime, datetime | None]:
    """What a subscription begins with: (its first period, its anchor from then on, the end of its trial).

    Without an anchor of its own the first paid period begins where the trial ends.
    """
    ends_at = trial_end(account, subscription, subscription.plan)
    if ends_at <= subscription.start_at:
        return period_from(subscription, subscription.start_at), subscription.anchor, None
    follows = not subscription.anchor_given and subscription.anchor == subscription.start_at
    anchor = ends_at if follows else subscription.anchor
    return Period(subscription.start_at, ends_at), anchor, ends_at
