"""What can be asked for. A command carries what `decide` needs besides the state: ids, frozen terms, sealed data."""

from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from domain.access import ApiKey, Scope
from domain.account import Customer, Grant
from domain.catalog import Feature, Meter, PlanVersion, Price, Terms
from domain.period import Cadence
from domain.subscription import Change


class ChangeTiming(StrEnum):
    NOW = "NOW"
    PERIOD_END = "PERIOD_END"
    AT = "AT"


# ── account ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class CreateCustomer(Struct, frozen=True):
    customer: Customer


class UpdateCustomer(Struct, frozen=True):
    """What is left out stays. None removes: a field of `sealed`, the country."""

    sealed: dict[str, str | None] = {}
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET


class EraseCustomer(Struct, frozen=True):
    pass


class Subscribe(Struct, frozen=True):
    """`cadence`, `start_at`, `anchor` and `trial_days` left out take the plan's or the moment's."""

    subscription_id: str
    plan: PlanVersion
    quantity: int = 1
    cadence: Cadence | None = None
    start_at: datetime | None = None
    anchor: datetime | None = None
    trial_days: int | None = None
    overrides: tuple[Price, ...] = ()
    add_ons: tuple[PlanVersion, ...] = ()


class ChangeSubscription(Struct, frozen=True):
    """Any change of a running subscription, now or later. `change_id` names it if it has to wait.

    `replace_scheduled`: withdraw the planned changes that conflict with this one instead of refusing it.
    """

    subscription_id: str
    change_id: str
    change: Change
    timing: ChangeTiming = ChangeTiming.NOW
    effective_at: datetime | None = None
    replace_scheduled: bool = False


class RevokeCancellation(Struct, frozen=True):
    subscription_id: str


class CancelScheduledChange(Struct, frozen=True):
    change_id: str


class GrantEntitlement(Struct, frozen=True):
    grant: Grant


class RevokeEntitlement(Struct, frozen=True):
    grant_id: str


class CatchUp(Struct, frozen=True):
    """Nothing of its own: what fell due is recorded before any command is decided."""


AccountCommand = (
    CreateCustomer
    | UpdateCustomer
    | EraseCustomer
    | Subscribe
    | ChangeSubscription
    | RevokeCancellation
    | CancelScheduledChange
    | GrantEntitlement
    | RevokeEntitlement
    | CatchUp
)


# ── catalog ──────────────────────────────────────────────────────────────────────────────────────────────────────────
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


CatalogCommand = CreateFeature | CreateMeter | CreatePlan | PublishPlanVersion | ArchivePlan


# ── clocks and keys ──────────────────────────────────────────────────────────────────────────────────────────────────
class CreateClock(Struct, frozen=True):
    id: str
    name: str
    now: datetime


class AdvanceClock(Struct, frozen=True):
    to: datetime


ClockCommand = CreateClock | AdvanceClock


class CreateKey(Struct, frozen=True):
    """`maker`: the scopes of whoever makes the key, which it cannot exceed."""

    key: ApiKey
    maker: frozenset[Scope]


class RevokeKey(Struct, frozen=True):
    pass


KeyCommand = CreateKey | RevokeKey
