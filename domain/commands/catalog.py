"""What is sold, and by whom."""

from msgspec import Struct

from domain.catalog import Feature, Meter, Terms
from domain.coupon import Coupon
from domain.seller import Settings


class CreateFeature(Struct, frozen=True):
    feature: Feature


class CreateMeter(Struct, frozen=True):
    meter: Meter


class CreatePlan(Struct, frozen=True):
    plan_id: str
    version_id: str
    key: str
    name: str
    description: str | None
    terms: Terms


class PublishPlanVersion(Struct, frozen=True):
    plan_key: str
    version_id: str
    terms: Terms


class ArchivePlan(Struct, frozen=True):
    plan_key: str


class CreateCoupon(Struct, frozen=True):
    coupon: Coupon


class ArchiveCoupon(Struct, frozen=True):
    code: str


class ChangeSettings(Struct, frozen=True):
    settings: Settings


CatalogCommand = (
    CreateFeature
    | CreateMeter
    | CreatePlan
    | PublishPlanVersion
    | ArchivePlan
    | CreateCoupon
    | ArchiveCoupon
    | ChangeSettings
)
