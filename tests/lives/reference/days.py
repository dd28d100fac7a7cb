"""Whose a day is, where days are counted: each local day has one owner among what runs in one slot, one after the
other. The day of a change belongs as the one that ends says: OLD, it keeps it; NEW, it leaves it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import NamedTuple

from domain.catalog import ProrationPolicy
from domain.policy import ChangeDay

from .calendar import Whole, day_of
from .runs import Run

DAY = timedelta(days=1)


class Days(NamedTuple):
    """From the first day up to the one after the last."""

    first: date
    after: date


def owned(segments: Sequence[Run]) -> dict[datetime, Days]:
    """By start of the run, for the charged runs of one slot in order of time."""
    found: dict[datetime, Days] = {}
    taken = date.min
    ended: datetime | None = None
    for run, after_it in zip_longest(segments, segments[1:]):
        begins = day_of(run.start, run.zone)
        first = taken if ended == run.start else max(begins, taken)
        after = max(first, day_of(run.end, run.zone) + (DAY if _keeps(run, after_it) else timedelta()))
        found[run.start] = Days(first, after)
        taken, ended = after, run.end
    return found


def _keeps(run: Run, following: Run | None) -> bool:
    """Not where a period of its own begins, as with another rhythm: that has all of its days."""
    if following is not None and following.start == run.end and following.anchor != run.anchor:
        return False
    counted = [price for price in run.plan.terms.prices if price.proration is ProrationPolicy.BY_DAY]
    return any(price.change_day is ChangeDay.OLD for price in counted)


def day_span(days: Days, run: Run, whole: Whole) -> tuple[int, int]:
    """Which of them lie in the period. Its own ends are no changes: what runs through them has all of its days."""
    start, end = day_of(whole.start, run.zone), day_of(whole.end, run.zone)
    first = start if run.start <= whole.start else min(max(days.first, start), end)
    after = end if run.end >= whole.end else min(days.after, end)
    return first.toordinal(), max(first, after).toordinal()
