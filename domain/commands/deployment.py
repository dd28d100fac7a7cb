"""What a deployment has: a catalog and the seller's settings, API keys, test clocks."""

from datetime import datetime

from msgspec import Struct

from domain.access import ApiKey, Scope
from domain.catalog import Feature, Meter, Terms
from domain.coupon import Coupon
from domain.seller import BillingSettings


# ── the catalog ───────────────────────────────────────────────────────────────────────────────────────────────────────
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
    settings: BillingSettings


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


# ── API keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class CreateKey(Struct, frozen=True):
    """`maker`: the scopes of whoever makes the key, which it cannot exceed."""

    key: ApiKey
    maker: frozenset[Scope]


class RevokeKey(Struct, frozen=True):
    pass


KeyCommand = CreateKey | RevokeKey


# ── test clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────
class CreateClock(Struct, frozen=True):
    id: str
    name: str
    now: datetime


class AdvanceClock(Struct, frozen=True):
    to: datetime


ClockCommand = CreateClock | AdvanceClock
