"""Whose the local day of a change is, where fees are counted by days: every day has one owner in a subscription's slot
(its plan, or one of its add-ons).

The policy is that of what ends: OLD keeps the day, NEW leaves it to what follows. Of several that end on one day the
first that keeps it has it. A change that begins a period of its own, as another rhythm does, leaves it to that period.
Which price of the plan before says so: the one of the same key, else any that counts days; a plan that counts none
leaves the day."""

from collections.abc import Sequence

from domain.books.segment import BillingSegment
from domain.catalog import Price, ProrationPolicy
from domain.policy import ChangeDay
from domain.pricing.proration import day_of


def owner_of_first_day(segments: Sequence[BillingSegment], segment: BillingSegment, price: Price) -> ChangeDay:
    """OLD: the day on which the segment begins belongs to something before it."""
    day = day_of(segment.start, segment.zone)
    for before in segments:
        if (
            before is not segment
            and same_slot(before, segment)
            and before.end is not None
            and before.start < before.end <= segment.start
            and day_of(before.end, before.zone) == day
            and owner_of_last_day(segments, before, _counterpart(before, price)) is ChangeDay.OLD
        ):
            return ChangeDay.OLD
    return ChangeDay.NEW


def owner_of_last_day(segments: Sequence[BillingSegment], segment: BillingSegment, price: Price | None) -> ChangeDay:
    """OLD: the segment keeps the day on which it ends."""
    if price is None or any(
        same_slot(after, segment) and after.start == segment.end and after.anchor != segment.anchor
        for after in segments
    ):
        return ChangeDay.NEW
    return price.change_day


def same_slot(segment: BillingSegment, other: BillingSegment) -> bool:
    """Whether one of the segments can follow the other: both are of a subscription's plans, or of the same add-on. What
    follows a trial (`segment`) begins anew."""
    return (
        segment.subscription_id == other.subscription_id
        and not segment.trial
        and segment.add_on is other.add_on
        and (not segment.add_on or segment.plan_key == other.plan_key)
    )


def _counterpart(before: BillingSegment, price: Price) -> Price | None:
    by_day = [fee for fee in before.prices if fee.meter_key is None and fee.proration is ProrationPolicy.BY_DAY]
    same = [fee for fee in by_day if fee.key == price.key]
    return next((fee for fee in same or by_day if fee.change_day is ChangeDay.OLD), None)
