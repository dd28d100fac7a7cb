"""The facts. Each is written once and never changed; each carries the terms it rests on.

An event's `type` is its tag. Fields may be added with a default; any other change of shape takes a new version and a
lift (`adapters.postgres.codec`).
"""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from domain.access import ApiKey
from domain.account import Customer, Grant
from domain.catalog import Feature, Meter, Plan, PlanVersion
from domain.period import Cadence, Period
from domain.subscription import AddOn, EndReason, ScheduledChange, Subscription


class Event(Struct, frozen=True, omit_defaults=True, tag_field="type"):
    pass


# ── account ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class CustomerCreated(Event, frozen=True, tag="customer.created"):
    customer: Customer


class CustomerUpdated(Event, frozen=True, tag="customer.updated"):
    """Only what changed. A None in `sealed` removes that field; so does None as the country."""

    sealed: dict[str, str | None] = {}
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET


class CustomerErased(Event, frozen=True, tag="customer.erased"):
    """From here on nobody can read the customer's personal data: the key is destroyed in the same transaction."""


class SubscriptionCreated(Event, frozen=True, tag="subscription.created"):
    subscription: Subscription


class SubscriptionStarted(Event, frozen=True, tag="subscription.started"):
    subscription_id: str
    period: Period
    anchor: datetime
    trial_ends_at: datetime | None = None


class TrialEnded(Event, frozen=True, tag="subscription.trial_ended"):
    subscription_id: str
    period: Period


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


class QuantityChanged(Event, frozen=True, tag="subscription.quantity_changed"):
    subscription_id: str
    quantity: int


class AddOnAdded(Event, frozen=True, tag="subscription.add_on_added"):
    subscription_id: str
    add_on: AddOn


class AddOnRemoved(Event, frozen=True, tag="subscription.add_on_removed"):
    subscription_id: str
    plan_key: str


class SubscriptionPaused(Event, frozen=True, tag="subscription.paused"):
    subscription_id: str
    resumes_at: datetime | None = None


class SubscriptionResumed(Event, frozen=True, tag="subscription.resumed"):
    subscription_id: str


class SubscriptionEnded(Event, frozen=True, tag="subscription.ended"):
    subscription_id: str
    reason: EndReason


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


class EntitlementGranted(Event, frozen=True, tag="entitlement.granted"):
    grant: Grant


class EntitlementRevoked(Event, frozen=True, tag="entitlement.revoked"):
    grant_id: str


class EntitlementExpired(Event, frozen=True, tag="entitlement.expired"):
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
class FeatureCreated(Event, frozen=True, tag="feature.created"):
    feature: Feature


class MeterCreated(Event, frozen=True, tag="meter.created"):
    meter: Meter


class PlanCreated(Event, frozen=True, tag="plan.created"):
    plan: Plan


class PlanVersionPublished(Event, frozen=True, tag="plan.version_published"):
    version: PlanVersion


class PlanArchived(Event, frozen=True, tag="plan.archived"):
    plan_id: str


CatalogEvent = FeatureCreated | MeterCreated | PlanCreated | PlanVersionPublished | PlanArchived


# ── clocks and keys ──────────────────────────────────────────────────────────────────────────────────────────────────
class ClockCreated(Event, frozen=True, tag="clock.created"):
    id: str
    name: str
    now: datetime


class ClockAdvanced(Event, frozen=True, tag="clock.advanced"):
    to: datetime


ClockEvent = ClockCreated | ClockAdvanced


class KeyCreated(Event, frozen=True, tag="key.created"):
    key: ApiKey


class KeyRevoked(Event, frozen=True, tag="key.revoked"):
    pass


KeyEvent = KeyCreated | KeyRevoked

AnyEvent = AccountEvent | CatalogEvent | ClockEvent | KeyEvent
