"""What a deployment has: a catalog and the seller's settings, API keys, test clocks."""

from datetime import datetime

from domain.access import ApiKey
from domain.catalog import Feature, Meter, Plan, PlanVersion
from domain.coupon import Coupon
from domain.events.event import Event
from domain.seller import BillingSettings


# ── the catalog ───────────────────────────────────────────────────────────────────────────────────────────────────────
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


class CouponCreated(Event, frozen=True, tag="coupon.created"):
    coupon: Coupon


class CouponArchived(Event, frozen=True, tag="coupon.archived"):
    code: str


class SettingsChanged(Event, frozen=True, tag="settings.changed"):
    """All of them, as they are from now on."""

    settings: BillingSettings


CatalogEvent = (
    FeatureCreated
    | MeterCreated
    | PlanCreated
    | PlanVersionPublished
    | PlanArchived
    | CouponCreated
    | CouponArchived
    | SettingsChanged
)


# ── API keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class KeyCreated(Event, frozen=True, tag="key.created"):
    key: ApiKey


class KeyRevoked(Event, frozen=True, tag="key.revoked"):
    pass


KeyEvent = KeyCreated | KeyRevoked


# ── test clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────
class ClockCreated(Event, frozen=True, tag="clock.created"):
    id: str
    name: str
    now: datetime


class ClockAdvanced(Event, frozen=True, tag="clock.advanced"):
    to: datetime


ClockEvent = ClockCreated | ClockAdvanced
