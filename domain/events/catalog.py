"""What is sold, and by whom."""

from domain.catalog import Feature, Meter, Plan, PlanVersion
from domain.coupon import Coupon
from domain.events.event import Event
from domain.seller import Settings


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

    settings: Settings


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
