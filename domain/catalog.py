"""What is sold: features, meters, plans. A plan's versions are frozen when published; subscribers stay until moved."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.coupon import Coupon
from domain.errors import ErrorCode, Refusal
from domain.money import Money
from domain.period import Cadence
from domain.policy import ChangeDay, ChangesBilled, ChangeTiming, Rounding, TrialUsage, ZeroUsage
from domain.seller import BillingSettings


class FeatureKind(StrEnum):
    """On or off; a limit on a meter; or a setting such as 5 seats or "eu"."""

    SWITCH = "SWITCH"
    METERED = "METERED"
    VALUE = "VALUE"


class Aggregation(StrEnum):
    """How a meter turns events into one figure. LATEST and TIME_WEIGHTED read a level; the others add up a flow."""

    COUNT = "COUNT"
    SUM = "SUM"
    MAX = "MAX"
    LATEST = "LATEST"
    UNIQUE = "UNIQUE"
    TIME_WEIGHTED = "TIME_WEIGHTED"


class BillingMode(StrEnum):
    IN_ADVANCE = "IN_ADVANCE"
    IN_ARREARS = "IN_ARREARS"
    PREPAID = "PREPAID"


class ChargeModel(StrEnum):
    FLAT = "FLAT"
    PER_UNIT = "PER_UNIT"
    PER_SEAT = "PER_SEAT"
    GRADUATED = "GRADUATED"
    VOLUME = "VOLUME"
    PACKAGE = "PACKAGE"
    PERCENTAGE = "PERCENTAGE"


class ProrationPolicy(StrEnum):
    BY_SECOND = "BY_SECOND"
    BY_DAY = "BY_DAY"
    NONE = "NONE"
    FULL = "FULL"


class Meter(Struct, frozen=True, omit_defaults=True):
    """Aggregates events of `event_type`; `property` names the figure inside the event (absent: the event's value)."""

    id: str
    key: str
    aggregation: Aggregation
    event_type: str
    property: str | None = None
    unit: str | None = None


class Feature(Struct, frozen=True, omit_defaults=True):
    id: str
    key: str
    name: str
    kind: FeatureKind
    unit: str | None = None
    meter_key: str | None = None


class Tier(Struct, frozen=True, omit_defaults=True):
    """`up_to` is inclusive; None: no end. `flat_amount` is due once the tier is entered."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal | None = None


class Price(Struct, frozen=True, omit_defaults=True):
    """Amounts are in `currency` per unit, per seat or per package; `percent` is of the metered value."""

    id: str
    key: str
    model: ChargeModel
    cadence: Cadence
    currency: str
    unit_amount: Decimal | None = None
    meter_key: str | None = None
    included: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    package_size: Decimal | None = None
    percent: Decimal | None = None
    proration: ProrationPolicy = ProrationPolicy.BY_SECOND
    tax_inclusive: bool = False
    tax_category: str = "standard"
    rounding: Rounding = Rounding.HALF_UP
    zero_usage: ZeroUsage = ZeroUsage.CHARGED
    change_day: ChangeDay = ChangeDay.NEW

    @property
    def fixed(self) -> bool:
        """Whether it recurs whatever is used."""
        return self.meter_key is None and self.cadence is not Cadence.ONCE


class PlanEntitlement(Struct, frozen=True, omit_defaults=True):
    """What the plan gives of one feature.

    SWITCH: `enabled`. METERED: `limit` (None: unlimited), `hard` (refuse at the limit), `resets` (None: never), at most
    `rollover` carried into the next period. VALUE: `value`.
    """

    feature: str
    enabled: bool | None = None
    limit: Decimal | None = None
    hard: bool | None = None
    resets: Cadence | None = None
    rollover: Decimal | None = None
    value: Any = None


class Terms(Struct, frozen=True, omit_defaults=True):
    """What a plan version promises and asks for, as its author wrote it.

    `upgrades` and `downgrades`: when a move away from this plan takes effect unless the caller says; `changes_billed`:
    when what a change costs is billed. A period's invoice stays a draft for `draft_hours`, for late usage and support.
    """

    billing: BillingMode = BillingMode.IN_ADVANCE
    trial_days: int = 0
    prices: tuple[Price, ...] = ()
    entitlements: tuple[PlanEntitlement, ...] = ()
    minimum_spend: tuple[Money, ...] = ()
    trial_usage: TrialUsage = TrialUsage.FREE
    upgrades: ChangeTiming = ChangeTiming.NOW
    downgrades: ChangeTiming = ChangeTiming.NOW
    changes_billed: ChangesBilled = ChangesBilled.AT_ONCE
    draft_hours: int = 1


class PlanVersion(Struct, frozen=True, omit_defaults=True):
    """Terms frozen with the features and meters they name, so that later edits of those cannot change what was sold."""

    id: str
    plan_id: str
    plan_key: str
    plan_name: str
    number: int
    published_at: datetime
    terms: Terms
    features: tuple[Feature, ...] = ()
    meters: tuple[Meter, ...] = ()

    def feature(self, key: str) -> Feature:
        return next(feature for feature in self.features if feature.key == key)

    def unsold_in(self, currency: str) -> str | None:
        """What of it has a price in other currencies and none in this one, so that a subscriber would have it for
        nothing. None: all is sold in it, as a plan without prices is in any."""
        sold = {price.key for price in self.terms.prices if price.currency == currency}
        for price in self.terms.prices:
            if price.key not in sold:
                return f"price {price.key}"
        least = [money.currency for money in self.terms.minimum_spend if money.amount]
        return "minimum spend" if least and currency not in least else None

    def cadences(self, currency: str) -> frozenset[Cadence]:
        """The rhythms a subscriber can choose from: those of the recurring prices that do not follow a meter."""
        return frozenset(price.cadence for price in self.terms.prices if price.currency == currency and price.fixed)


class Plan(Struct, frozen=True, omit_defaults=True):
    id: str
    key: str
    name: str
    description: str | None = None
    versions: tuple[PlanVersion, ...] = ()
    archived_at: datetime | None = None

    @property
    def current(self) -> PlanVersion:
        return self.versions[-1]


class Catalog(Struct, frozen=True, omit_defaults=True):
    """The catalog stream's state, in order of creation."""

    features: tuple[Feature, ...] = ()
    meters: tuple[Meter, ...] = ()
    plans: tuple[Plan, ...] = ()
    coupons: tuple[Coupon, ...] = ()
    settings: BillingSettings = BillingSettings()

    def feature(self, key: str) -> Feature | None:
        return next((feature for feature in self.features if feature.key == key), None)

    def meter(self, key: str) -> Meter | None:
        return next((meter for meter in self.meters if meter.key == key), None)

    def plan(self, key: str) -> Plan | None:
        return next((plan for plan in self.plans if plan.key == key), None)

    def coupon(self, code: str) -> Coupon | None:
        return next((coupon for coupon in self.coupons if coupon.code == code), None)

    def on_sale(self, key: str, *field: str) -> PlanVersion:
        """What a new subscriber of the plan gets. Raises Refusal."""
        plan = self.plan(key)
        if plan is None:
            raise Refusal(ErrorCode.NOT_FOUND, f"no plan has the key {key}", *field)
        if plan.archived_at is not None:
            raise Refusal(ErrorCode.CONFLICT, f"plan {key} is archived: nobody can move to it", *field)
        return plan.current

    def with_plan(self, changed: Plan) -> "Catalog":
        return replace(self, plans=tuple(changed if plan.id == changed.id else plan for plan in self.plans))
