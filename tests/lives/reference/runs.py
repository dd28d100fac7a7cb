"""What ran when: each plan and each add-on of a subscription, while its terms did not change. Told from the facts about
rights in the journal, which say nothing of money."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from domain import events as e
from domain.catalog import PlanVersion
from domain.period import Cadence


class Slot(NamedTuple):
    """Where something runs: the subscription's own plan, or an add-on of it."""

    subscription: str
    add_on: str | None


FAR = datetime(9990, 1, 1, tzinfo=UTC)
"""The end of what still runs."""


class Run(NamedTuple):
    """`plan` at these terms, from `start` up to `end`, which is later."""

    slot: Slot
    plan: PlanVersion
    quantity: int
    cadence: Cadence
    anchor: datetime
    zone: str
    trial: bool
    start: datetime
    end: datetime
    counted_by: datetime
    """Where the periods lie in which use is counted."""
    counted_since: datetime
    begun: datetime
    """When its subscription began, of those the one with this `number`."""
    number: int

    @property
    def ended(self) -> bool:
        return self.end < FAR


@dataclass
class _Held:
    plan: PlanVersion
    quantity: int
    cadence: Cadence
    anchor: datetime
    zone: str
    begun: datetime
    number: int
    counted_by: datetime | None = None
    counted_since: datetime | None = None
    add_ons: dict[str, tuple[PlanVersion, int]] = field(default_factory=dict)
    trial: bool = False
    runs: bool = False
    over: bool = False
    open: dict[Slot, Run] = field(default_factory=dict)


def runs(journal: Iterable[tuple[datetime, Any]], until: datetime = FAR) -> list[Run]:
    """By slot, then in order of time: what had begun by then. What ended later still ran."""
    held: dict[str, _Held] = {}
    found: list[Run] = []
    suspended = False
    for at, event in journal:
        id = getattr(event, "subscription_id", None)
        if isinstance(event, e.SubscriptionCreated):
            sold = event.subscription
            add_ons = {added.plan.plan_key: (added.plan, added.quantity) for added in sold.add_ons}
            held[sold.id] = _Held(
                sold.plan,
                sold.quantity,
                sold.cadence,
                sold.anchor,
                sold.zone,
                sold.start_at,
                len(held),
                add_ons=add_ons,
            )
        elif isinstance(event, e.BillingSuspended | e.BillingRestored):
            suspended = isinstance(event, e.BillingSuspended)
            for id, subscription in held.items():
                _cut(found, id, subscription, at, suspended)
        elif id in held and _told(held[id], event):
            _cut(found, id, held[id], _since(event, at), suspended)
    for id, subscription in held.items():
        _cut(found, id, subscription, FAR, True)
    begun = (run._replace(end=FAR) if run.end > until else run for run in found if run.start <= until)
    return sorted(begun, key=lambda run: (run.slot.subscription, run.slot.add_on or "", run.start))


def _since(event: Any, at: datetime) -> datetime:
    """From when it is charged: a start that was recorded late, from its own instant."""
    if isinstance(event, e.SubscriptionStarted | e.TrialEnded):
        return event.period.start
    return getattr(event, "since", None) or at


def _told(subscription: _Held, event: Any) -> bool:
    """Whether the event changes what runs."""
    if isinstance(event, e.SubscriptionStarted | e.TrialEnded | e.PlanChanged):
        subscription.counted_by, subscription.counted_since = event.usage_anchor, event.usage_since
    match event:
        case e.SubscriptionStarted():
            subscription.runs, subscription.anchor, subscription.trial = (
                True,
                event.anchor,
                event.trial_ends_at is not None,
            )
        case e.TrialEnded():
            subscription.trial = False
        case e.PlanChanged():
            subscription.plan, subscription.quantity, subscription.cadence = event.plan, event.quantity, event.cadence
            if subscription.trial:
                subscription.trial = event.trial_ends_at is not None and event.period.end == event.trial_ends_at
            subscription.anchor = event.anchor
        case e.QuantityChanged():
            subscription.quantity = event.quantity
        case e.AddOnAdded():
            subscription.add_ons[event.add_on.plan.plan_key] = (event.add_on.plan, event.add_on.quantity)
        case e.AddOnRemoved():
            del subscription.add_ons[event.plan_key]
        case e.SubscriptionPaused():
            subscription.runs = False
        case e.SubscriptionResumed():
            subscription.runs = True
        case e.SubscriptionEnded():
            subscription.runs, subscription.over = False, True
        case _:
            return False
    return True


def _cut(found: list[Run], id: str, subscription: _Held, at: datetime, suspended: bool) -> None:
    """From `at` on it runs as `subscription` says now."""
    now: dict[Slot, Run] = {}
    if subscription.runs and not subscription.over and not suspended:
        sold = {None: (subscription.plan, subscription.quantity), **subscription.add_ons}
        for key, (plan, quantity) in sold.items():
            slot = Slot(id, key)
            now[slot] = Run(
                slot,
                plan,
                quantity,
                subscription.cadence,
                subscription.anchor,
                subscription.zone,
                subscription.trial,
                at,
                at,
                subscription.counted_by or subscription.anchor,
                subscription.counted_since or subscription.begun,
                subscription.begun,
                subscription.number,
            )
    for slot, before in subscription.open.items():
        if slot in now and before._replace(start=at, end=at) == now[slot]:
            now[slot] = before
        elif before.start < at:
            found.append(before._replace(end=at))
    subscription.open = now
