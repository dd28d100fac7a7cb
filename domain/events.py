"""The facts. Each is written once and never changed; each carries the terms it rests on.

An event's `type` is its tag. Fields may be added with a default; any other change of shape takes a new version and a
lift (`adapters.postgres.codec`).
"""

from datetime import datetime

from msgspec import Struct

from domain.access import ApiKey
from domain.account import Customer, Grant
from domain.catalog import Feature, Meter, Plan, PlanVersion
from domain.period import Cadence, Period
from domain.subscription import AddOn, EndReason, ScheduledChange, Subscription


class Event(Struct, frozen=True, omit_defaults=True, tag_field="type"):
    pass


# ── account ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class CustomerCreated(Event, tag="customer.created"):
    customer: Customer


class CustomerUpdated(Event, tag="customer.updated"):
    """Only what changed. A None in `sealed` removes that field."""

    sealed: dict[str, str | None] = {}
    currency: str | None = None
    timezone: str | None = None
    country: str | None = None


class CustomerErased(Event, tag="customer.erased"):
    """From here on nobody can read the customer's personal data: the key is destroyed in the same transaction."""


class SubscriptionCreated(Event, tag="subscription.created"):
    subscription: Subscription


class SubscriptionStarted(Event, tag="subscription.started"):
    subscription_id: str
    period: Period
    anchor: datetime
    trial_ends_at: datetime | None = None


class TrialEnded(Event, tag="subscription.trial_ended"):
    subscription_id: str
    period: Period


class SubscriptionRenewed(Event, tag="subscription.renewed"):
    subscription_id: str
    period: Period


class PlanChanged(Event, tag="subscription.plan_changed"):
    subscription_id: str
    plan: PlanVersion
    cadence: Cadence
    quantity: int
    anchor: datetime
    period: Period
    trial_ends_at: datetime | None = None


class QuantityChanged(Event, tag="subscription.quantity_changed"):
    subscription_id: str
    quantity: int


class AddOnAdded(Event, tag="subscription.add_on_added"):
    subscription_id: str
    add_on: AddOn


class AddOnRemoved(Event, tag="subscription.add_on_removed"):
    subscription_id: str
    plan_key: str


class SubscriptionPaused(Event, tag="subscription.paused"):
    subscription_id: str
    resumes_at: datetime | None = None


class SubscriptionResumed(Event, tag="subscription.resumed"):
    subscription_id: str


class SubscriptionEnded(Event, tag="subscription.ended"):
    subscription_id: str
    reason: EndReason


class ChangeScheduled(Event, tag="subscription.change_scheduled"):
    scheduled: ScheduledChange


class ChangeWithdrawn(Event, tag="subscription.change_withdrawn"):
    """A planned change that will not happen: revoked, replaced, or impossible by the time it fell due (`why`)."""

    subscription_id: str
    change_id: str
    why: str


class ChangeApplied(Event, tag="subscription.change_applied"):
    """A planned change has fallen due; the events after it say what it did."""

    subscription_id: str
    change_id: str


class EntitlementGranted(Event, tag="entitlement.granted"):
    grant: Grant


class EntitlementRevoked(Event, tag="entitlement.revoked"):
    grant_id: str


class EntitlementExpired(Event, tag="entitlement.expired"):
    grant_id: str


AccountEvent = (
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


# ── catalog ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class FeatureCreated(Event, tag="feature.created"):
    feature: Feature


class MeterCreated(Event, tag="meter.created"):
    meter: Meter


class PlanCreated(Event, tag="plan.created"):
    plan: Plan


class PlanVersionPublished(Event, tag="plan.version_published"):
    version: PlanVersion


class PlanArchived(Event, tag="plan.archived"):
    plan_id: str


CatalogEvent = FeatureCreated | MeterCreated | PlanCreated | PlanVersionPublished | PlanArchived


# ── clocks and keys ──────────────────────────────────────────────────────────────────────────────────────────────────
class ClockCreated(Event, tag="clock.created"):
    id: str
    name: str
    now: datetime


class ClockAdvanced(Event, tag="clock.advanced"):
    to: datetime


ClockEvent = ClockCreated | ClockAdvanced


class KeyCreated(Event, tag="key.created"):
    key: ApiKey


class KeyRevoked(Event, tag="key.revoked"):
    pass


KeyEvent = KeyCreated | KeyRevoked

AnyEvent = AccountEvent | CatalogEvent | ClockEvent | KeyEvent
