"""How a subscription's use is counted: in periods of an anchor, from an instant on. (decisions/0021)

A customer's use of a meter is one count. A subscription that begins beside one that counts the meter, or in the middle
of a usage period of one that has ended, goes on with that count: or leaving and coming back, or a second subscription
beside the first, would make an allowance begin anew that was used up. The end of a trial begins anew: what was tried
does not count against what is paid for.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from domain.account import Account
from domain.catalog import PlanVersion
from domain.period import Cadence, period_at
from domain.subscription import Subscription


class Counting(NamedTuple):
    """A subscription's `usage_anchor` and `usage_since`."""

    anchor: datetime | None = None
    since: datetime | None = None


def from_start(account: Account, subscription: Subscription, at: datetime, *, trial: bool) -> Counting:
    """Of a subscription that begins at `at`. What was paid for does not go on with the count of a trial."""
    others = [other for other in _sharing(account, subscription, at) if trial or not other.trialing]
    running = [other for other in others if _runs(other, at)]
    left = [other for other in others if not _runs(other, at) and _counts_until(other, subscription) > at]
    return _of([*running, *sorted(left, key=lambda other: other.ended_at or at, reverse=True)]) or Counting()


def taken_up(account: Account, subscription: Subscription, moved: Subscription, at: datetime) -> Counting | None:
    """Of a subscription that moves at `at` to a plan of whose meters it has counted none: as of one that begins then,
    or a plan without them in between would make an allowance begin anew. None: it goes on as it is."""
    if _meters(subscription) & _meters(moved):
        return None
    found = from_start(account, moved, at, trial=False)
    return None if found == Counting() else found


def after_trial(account: Account, subscription: Subscription, at: datetime) -> Counting:
    """Of a subscription whose trial ends at `at`. Beside one that is paid for there is no count of its own."""
    paid = [other for other in _sharing(account, subscription, at) if _runs(other, at) and not other.trialing]
    return _of(paid) or Counting(None, at)


def _of(others: Iterable[Subscription]) -> Counting | None:
    return next((Counting(other.counted_by, other.counted_since) for other in others), None)


def _sharing(account: Account, subscription: Subscription, at: datetime) -> list[Subscription]:
    """The others that had begun by then and count a meter that this one counts, too; the first begun first."""
    others = [
        other
        for other in account.subscriptions
        if other.id != subscription.id and other.started and other.start_at <= at
    ]
    return sorted(
        (other for other in others if _meters(other) & _meters(subscription)), key=lambda other: other.start_at
    )


def _runs(subscription: Subscription, at: datetime) -> bool:
    return subscription.ended_at is None or at < subscription.ended_at


def _counts_until(left: Subscription, subscription: Subscription) -> datetime:
    """When the last period in which the ended one counted a meter of the other is over."""
    assert left.ended_at is not None
    last = left.ended_at - datetime.resolution
    rhythms = {cadence for meter, cadence in _counted(left) if meter in _meters(subscription)}
    return max(
        (period_at(left.counted_by, rhythm, left.zone, last).end for rhythm in rhythms if rhythm is not Cadence.ONCE),
        default=left.ended_at,
    )


def _meters(subscription: Subscription) -> set[str]:
    return {meter for meter, _ in _counted(subscription)}


def _counted(subscription: Subscription) -> Iterator[tuple[str, Cadence]]:
    """The meters with the rhythms of the limits and prices that follow them. ONCE: over the customer's whole life."""
    for version in (subscription.plan, *(add_on.plan for add_on in subscription.add_ons)):
        yield from _by_version(version)


def _by_version(version: PlanVersion) -> Iterator[tuple[str, Cadence]]:
    for price in version.terms.prices:
        if price.meter_key is not None:
            yield price.meter_key, price.cadence
    for given in version.terms.entitlements:
        meter_key = version.feature(given.feature).meter_key
        if meter_key is not None:
            yield meter_key, given.resets or Cadence.ONCE
