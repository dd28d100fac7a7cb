"""A subscription: who bought which frozen plan version, since when, in what rhythm, and what is planned for it."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from domain.catalog import PlanVersion, Price
from domain.period import Cadence, Period, period_at


class SubscriptionStatus(StrEnum):
    """CANCELED: ended by a cancellation. ENDED: ended otherwise, as when its customer was erased."""

    PENDING = "PENDING"
    TRIALING = "TRIALING"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    PAUSED = "PAUSED"
    CANCELED = "CANCELED"
    ENDED = "ENDED"


class EndReason(StrEnum):
    CANCELED = "CANCELED"
    TRIAL_ENDED = "TRIAL_ENDED"  # cancelled so that it ended with its trial
    ERASED = "ERASED"
    UNPAID = "UNPAID"  # dunning came to its end


class AddOn(Struct, frozen=True, omit_defaults=True):
    plan: PlanVersion
    quantity: int
    since: datetime


class ChangePlan(Struct, frozen=True, omit_defaults=True, tag="plan"):
    """Move to another plan version, or to another cadence of the same. None: keep what is."""

    plan: PlanVersion
    cadence: Cadence | None = None
    quantity: int | None = None


class ChangeQuantity(Struct, frozen=True, omit_defaults=True, tag="quantity"):
    quantity: int


class AddAddOn(Struct, frozen=True, omit_defaults=True, tag="add_on_added"):
    """Adds the plan as an add-on, or sets the quantity of one that is there."""

    plan: PlanVersion
    quantity: int = 1


class RemoveAddOn(Struct, frozen=True, omit_defaults=True, tag="add_on_removed"):
    plan_key: str


class Pause(Struct, frozen=True, omit_defaults=True, tag="pause"):
    """No rights while paused. None: until resumed."""

    resumes_at: datetime | None = None


class Resume(Struct, frozen=True, omit_defaults=True, tag="resume"):
    pass


class Cancel(Struct, frozen=True, omit_defaults=True, tag="cancel"):
    reason: str | None = None


Change = ChangePlan | ChangeQuantity | AddAddOn | RemoveAddOn | Pause | Resume | Cancel


class ScheduledChange(Struct, frozen=True, omit_defaults=True):
    id: str
    subscription_id: str
    change: Change
    effective_at: datetime
    created_at: datetime


class Subscription(Struct, frozen=True, omit_defaults=True):
    """`zone` is the customer's at the time of sale: a later move must not bend periods that are already running.

    `period` is the present billing period; during a trial it is the trial. Boundaries lie at `anchor` + n cadences. An
    anchor that was given stays where it is; any other moves to where a trial ends.

    Use is counted in periods of its own: another rhythm of billing moves `anchor`, not them. `usage_anchor` None: they
    lie at `anchor`, too; `usage_since` None: what was used since the start counts (decisions/0021).
    """

    id: str
    plan: PlanVersion
    cadence: Cadence
    quantity: int
    zone: str
    created_at: datetime
    start_at: datetime
    anchor: datetime
    period: Period
    plan_since: datetime
    started: bool = False
    trial_days: int | None = None
    trial_ends_at: datetime | None = None
    trialing: bool = False
    add_ons: tuple[AddOn, ...] = ()
    overrides: tuple[Price, ...] = ()
    scheduled: tuple[ScheduledChange, ...] = ()
    paused_at: datetime | None = None
    resumes_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    anchor_given: bool = False
    usage_anchor: datetime | None = None
    usage_since: datetime | None = None

    @property
    def counted_by(self) -> datetime:
        """The anchor of its usage periods."""
        return self.usage_anchor or self.anchor

    @property
    def counted_since(self) -> datetime:
        """From when on use counts against its limits and included units."""
        return self.usage_since or self.start_at

    @property
    def status(self) -> SubscriptionStatus:
        if self.ended_at is not None:
            canceled = self.end_reason in (EndReason.CANCELED, EndReason.TRIAL_ENDED)
            return SubscriptionStatus.CANCELED if canceled else SubscriptionStatus.ENDED
        if not self.started:
            return SubscriptionStatus.PENDING
        if self.paused_at is not None:
            return SubscriptionStatus.PAUSED
        return SubscriptionStatus.TRIALING if self.trialing else SubscriptionStatus.ACTIVE

    @property
    def gives_rights(self) -> bool:
        return self.started and self.ended_at is None and self.paused_at is None

    @property
    def cancellation(self) -> ScheduledChange | None:
        return next((planned for planned in self.scheduled if isinstance(planned.change, Cancel)), None)

    def without_scheduled(self, change_id: str) -> "Subscription":
        return replace(self, scheduled=tuple(planned for planned in self.scheduled if planned.id != change_id))


def period_from(subscription: Subscription, at: datetime) -> Period:
    """The billing period that begins at `at`: up to the next boundary, so a first one may be shorter than the rest."""
    tile = period_at(subscription.anchor, subscription.cadence, subscription.zone, at)
    return Period(at, tile.end)


def conflicts(planned: ScheduledChange, change: Change, effective_at: datetime) -> bool:
    """Whether two changes of one subscription cannot both be meant.

    They speak of the same thing (two moves to another plan, two quantities, the same add-on), whatever their instants,
    since each was chosen in view of what held before; or one would come at or after the end of the subscription.
    """
    if isinstance(planned.change, Cancel) and effective_at >= planned.effective_at:
        return True
    if isinstance(change, Cancel) and planned.effective_at >= effective_at:
        return True
    return bool(_subjects(planned.change) & _subjects(change))


def _subjects(change: Change) -> frozenset[str]:
    match change:
        case ChangePlan(quantity=None):
            return frozenset({"plan"})
        case ChangePlan():
            return frozenset({"plan", "quantity"})
        case ChangeQuantity():
            return frozenset({"quantity"})
        case AddAddOn(plan=plan):
            return frozenset({f"add-on {plan.plan_key}"})
        case RemoveAddOn(plan_key=key):
            return frozenset({f"add-on {key}"})
        case Pause() | Resume():
            return frozenset({"pause"})
        case Cancel():
            return frozenset({"end"})


def describe(change: Change) -> str:
    """One line a person can read in a list of planned changes."""
    match change:
        case ChangePlan(plan=plan, cadence=cadence, quantity=quantity):
            rhythm = f", billed by the {cadence.lower()}" if cadence else ""
            seats = f", quantity {quantity}" if quantity is not None else ""
            return f"change plan to {plan.plan_key} (version {plan.number}){rhythm}{seats}"
        case ChangeQuantity(quantity=quantity):
            return f"change quantity to {quantity}"
        case AddAddOn(plan=plan, quantity=quantity):
            return f"add {quantity} × {plan.plan_key}"
        case RemoveAddOn(plan_key=key):
            return f"remove {key}"
        case Pause():
            return "pause"
        case Resume():
            return "resume"
        case Cancel():
            return "cancel"
