"""To subscribe, and to change that."""

from datetime import datetime

from msgspec import Struct

from domain.catalog import PlanVersion, Price
from domain.coupon import Coupon
from domain.period import Cadence
from domain.policy import ChangeTiming
from domain.subscription import Change


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
