"""When a change counts: the plan's own word on when it takes effect, and changes that are charged from an earlier
instant than the one at which they are recorded."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from msgspec.structs import replace

from domain import events as e
from domain.account import Account
from domain.catalog import PlanVersion, Price
from domain.errors import NotChargeable
from domain.evolve.segments import applicable_prices
from domain.period import Cadence, period_at
from domain.policy import ChangeTiming
from domain.pricing.fixed_fees import in_a_year
from domain.subscription import AddAddOn, Change, ChangePlan, ChangeQuantity, RemoveAddOn, Subscription

_Dated = e.PlanChanged | e.QuantityChanged | e.AddOnAdded | e.AddOnRemoved | e.SubscriptionEnded


def usual_timing(subscription: Subscription, change: Change, currency: str) -> ChangeTiming:
    """What the plan that is left says of a move to more, or to less. Other changes take effect at once."""
    terms = subscription.plan.terms
    match change:
        case ChangePlan(plan=plan, cadence=cadence, quantity=quantity):
            after = _a_year(plan, quantity or subscription.quantity, cadence or subscription.cadence, currency)
            less = after < _a_year(
                subscription.plan, subscription.quantity, subscription.cadence, currency, subscription.overrides
            )
        case ChangeQuantity(quantity=quantity):
            less = quantity < subscription.quantity
        case AddAddOn():
            less = False
        case RemoveAddOn():
            less = True
        case _:
            return ChangeTiming.NOW
    return terms.downgrades if less else terms.upgrades


def check_since(account: Account, subscription: Subscription, since: datetime, at: datetime) -> None:
    """A change may be charged from an earlier instant, but not from before the last change of what it changes. Raises
    Refusal."""
    if since > at:
        raise NotChargeable("must not lie in the future", "since")
    running = [
        segment
        for segment in account.books.segments
        if segment.subscription_id == subscription.id and segment.end is None
    ]
    last = max((segment.start for segment in running), default=subscription.start_at)
    if since < last:
        raise NotChargeable(f"the subscription changed at {last.isoformat()}, after that instant", "since")
    closed = account.books.closed_until
    if closed is not None and since < closed:
        raise NotChargeable(f"what lies before {closed.isoformat()} is closed", "since")


def dated_back(
    subscription: Subscription, events: Sequence[e.AccountEvent], since: datetime, at: datetime
) -> list[e.AccountEvent]:
    """The same events, charged from that instant. A rhythm that would begin with the change begins then, too: or the
    time in between would be charged as the end of a period before it."""
    return [_dated(subscription, event, since, at) if isinstance(event, _Dated) else event for event in events]


def _dated(subscription: Subscription, event: _Dated, since: datetime, at: datetime) -> _Dated:
    if isinstance(event, e.PlanChanged) and event.anchor == at != subscription.anchor:
        period = period_at(since, event.cadence, subscription.zone, since)
        event = replace(event, anchor=since, period=period)
    if isinstance(event, e.PlanChanged) and event.usage_since == at:  # the end of a trial
        event = replace(event, usage_since=since)
    return replace(event, since=since)


def _a_year(
    plan: PlanVersion, quantity: int, cadence: Cadence, currency: str, overrides: Sequence[Price] = ()
) -> Fraction:
    """What its fixed fees come to in a year."""
    recurring, _ = applicable_prices(plan, overrides, currency, cadence)
    return in_a_year(recurring, quantity)
