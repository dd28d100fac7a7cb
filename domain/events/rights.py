"""Who the customer is, and what they hold."""

from datetime import datetime

from msgspec import UNSET, UnsetType, field

from domain.account import Customer, Grant
from domain.catalog import PlanVersion
from domain.events.event import Event
from domain.period import Cadence, Period
from domain.subscription import AddOn, EndReason, ScheduledChange, Subscription


# ── who the customer is ───────────────────────────────────────────────────────────────────────────────────────────────
class CustomerCreated(Event, frozen=True, tag="customer.created"):
    customer: Customer


class CustomerUpdated(Event, frozen=True, tag="customer.updated"):
    """Only what changed. A None in `sealed` removes that field; so does None as the country."""

    sealed: dict[str, str | None] = field(default_factory=dict)
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET
    locale: str | None = None
    tax_id_country: str | UnsetType | None = UNSET
    tax_id_valid: bool | None = None


class CustomerErased(Event, frozen=True, tag="customer.erased"):
    """From here on nobody can read the customer's personal data: the key is destroyed in the same transaction."""


# ── subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────────────
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


# ── what is given beside the plans ────────────────────────────────────────────────────────────────────────────────────
class EntitlementGranted(Event, frozen=True, tag="entitlement.granted"):
    grant: Grant


class EntitlementRevoked(Event, frozen=True, tag="entitlement.revoked"):
    grant_id: str


class EntitlementExpired(Event, frozen=True, tag="entitlement.expired"):
    grant_id: str


RightsEvent = (
    CustomerCreated
    | CustomerUpdated
    | CustomerErased
    | SubscriptionCreated
    | SubscriptionStarted
    | TrialEnded
    | SubscriptionRenewed
    | PlanChanged
    | QuantityChanged
    | AddOnAdded
    | AddOnRemoved
    | SubscriptionPaused
    | SubscriptionResumed
    | SubscriptionEnded
    | ChangeScheduled
    | ChangeWithdrawn
    | ChangeApplied
    | EntitlementGranted
    | EntitlementRevoked
    | EntitlementExpired
)
"""Who they are and what they hold."""
