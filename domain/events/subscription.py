"""What the customer subscribes to, and what of it is planned."""

from datetime import datetime

from domain.catalog import PlanVersion
from domain.events.event import Event
from domain.period import Cadence, Period
from domain.subscription import AddOn, EndReason, ScheduledChange, Subscription


# `since`, where there is one: from when it is charged. A quote binds from the instant it was given, and support may
# date a change back; rights change when it is recorded. None: at once. `usage_anchor`, `usage_since`: how the
# subscription's use is counted from then on.
class SubscriptionCreated(Event, frozen=True, tag="subscription.created"):
    subscription: Subscription


class SubscriptionStarted(Event, frozen=True, tag="subscription.started"):
    subscription_id: str
    period: Period
    anchor: datetime
    trial_ends_at: datetime | None = None
    usage_anchor: datetime | None = None
    usage_since: datetime | None = None


class TrialEnded(Event, frozen=True, tag="subscription.trial_ended"):
    subscription_id: str
    period: Period
    usage_anchor: datetime | None = None
    usage_since: datetime | None = None


class SubscriptionRenewed(Event, frozen=True, tag="subscription.renewed"):
    subscription_id: str
    period: Period


class PlanChanged(Event, frozen=True, tag="subscription.plan_changed"):
    subscription_id: str
    plan: PlanVersion
    cadence: Cadence
    quantity: int
    anchor: datetime
    period: Period
    trial_ends_at: datetime | None = None
    since: datetime | None = None
    usage_anchor: datetime | None = None
    usage_since: datetime | None = None


class QuantityChanged(Event, frozen=True, tag="subscription.quantity_changed"):
    subscription_id: str
    quantity: int
    since: datetime | None = None


class AddOnAdded(Event, frozen=True, tag="subscription.add_on_added"):
    subscription_id: str
    add_on: AddOn
    since: datetime | None = None


class AddOnRemoved(Event, frozen=True, tag="subscription.add_on_removed"):
    subscription_id: str
    plan_key: str
    since: datetime | None = None


class SubscriptionPaused(Event, frozen=True, tag="subscription.paused"):
    subscription_id: str
    resumes_at: datetime | None = None


class SubscriptionResumed(Event, frozen=True, tag="subscription.resumed"):
    subscription_id: str


class SubscriptionEnded(Event, frozen=True, tag="subscription.ended"):
    subscription_id: str
    reason: EndReason
    since: datetime | None = None


class ChangeScheduled(Event, frozen=True, tag="subscription.change_scheduled"):
    scheduled: ScheduledChange


class ChangeWithdrawn(Event, frozen=True, tag="subscription.change_withdrawn"):
    """A planned change that will not happen: revoked, replaced, or impossible by the time it fell due (`why`)."""

    subscription_id: str
    change_id: str
    why: str


class ChangeApplied(Event, frozen=True, tag="subscription.change_applied"):
    """A planned change has fallen due; the events after it say what it did."""

    subscription_id: str
    change_id: str
