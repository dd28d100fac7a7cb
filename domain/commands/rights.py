"""The customer, what they subscribe to and change of it, and what is given beside the plans."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from domain.account import Customer, Grant
from domain.catalog import PlanVersion, Price
from domain.coupon import Coupon
from domain.period import Cadence
from domain.policy import ChangeTiming
from domain.subscription import Change


# ── who the customer is ───────────────────────────────────────────────────────────────────────────────────────────────
class CreateCustomer(Struct, frozen=True):
    customer: Customer


class UpdateCustomer(Struct, frozen=True):
    """What is left out stays. None removes: a field of `sealed`, the country."""

    sealed: dict[str, str | None] = {}
    currency: str | None = None
    timezone: str | None = None
    country: str | UnsetType | None = UNSET
    locale: str | None = None
    tax_id_country: str | UnsetType | None = UNSET
    tax_id_valid: bool | None = None


class EraseCustomer(Struct, frozen=True):
    pass


# ── subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────────────
class Subscribe(Struct, frozen=True):
    """`cadence`, `start_at`, `anchor` and `trial_days` left out take the plan's or the moment's. `coupon`: redeemed
    with it, under the id `redemption_id`."""

    subscription_id: str
    plan: PlanVersion
    quantity: int = 1
    cadence: Cadence | None = None
    start_at: datetime | None = None
    anchor: datetime | None = None
    trial_days: int | None = None
    overrides: tuple[Price, ...] = ()
    add_ons: tuple[PlanVersion, ...] = ()
    coupon: Coupon | None = None
    redemption_id: str | None = None


class ChangeSubscription(Struct, frozen=True):
    """Any change of a running subscription, now or later. `change_id` names it if it has to wait.

    `timing` None: what the plan says of such a change. `replace_scheduled`: withdraw the planned changes that conflict
    with this one instead of refusing it. `since`: from when it is charged, if that is not its own instant: a quote's.
    """

    subscription_id: str
    change_id: str
    change: Change
    timing: ChangeTiming | None = ChangeTiming.NOW
    effective_at: datetime | None = None
    replace_scheduled: bool = False
    since: datetime | None = None


class RevokeCancellation(Struct, frozen=True):
    subscription_id: str


class CancelScheduledChange(Struct, frozen=True):
    change_id: str


# ── what is given beside the plans ────────────────────────────────────────────────────────────────────────────────────
class GrantEntitlement(Struct, frozen=True):
    grant: Grant


class RevokeEntitlement(Struct, frozen=True):
    grant_id: str


# ── what falls due ────────────────────────────────────────────────────────────────────────────────────────────────────
class CatchUp(Struct, frozen=True):
    """Nothing of its own: what fell due is recorded before any command is decided. `until_charge`: only until a charge
    is asked for, whose answer may change what falls due after it."""

    until_charge: bool = False
