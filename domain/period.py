"""Periods: half-open segments between boundaries that repeat on the customer's calendar.

Every boundary is counted from the original anchor, never from the one before, so a subscription begun on
31 January renews on 28 February and on 31 March again. Boundaries keep the anchor's wall time in the
customer's zone: across a clock change a day has 23 or 25 hours. They rise strictly with n, so each instant
lies in exactly one period.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache

from msgspec import Struct

from domain.zone import BEGINNING, FOREVER, days_later, instant, is_zone, local, local_date, midnight

__all__ = [
    "BEGINNING",
    "FOREVER",
    "Cadence",
    "Grain",
    "Period",
    "add_days",
    "bucket",
    "buckets",
    "counted_at",
    "is_zone",
    "local_date",
    "midnight",
    "nth",
    "period_at",
]


class Cadence(StrEnum):
    """How often something comes round. ONCE has a single boundary, the anchor."""

    ONCE = "ONCE"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Grain(StrEnum):
    """The buckets of a history. HOUR is an hour of UTC; the others are the customer's own, Monday first."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Period(Struct, frozen=True):
    """From `start` up to, but not including, `end`: two instants in UTC."""

    start: datetime
    end: datetime

    def contains(self, at: datetime) -> bool:
        return self.start <= at < self.end


_MONTHS = {Cadence.MONTH: 1, Cadence.QUARTER: 3, Cadence.YEAR: 12}
_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)


def nth(anchor: datetime, cadence: Cadence, zone: str, n: int) -> datetime:
    """The n-th boundary, counted from `anchor` (which is number 0; those before it have negative numbers).

    A month too short for the anchor's day takes its last one. Beyond the calendar lie BEGINNING and FOREVER.
    """
    if n == 0:
        return anchor.astimezone(UTC)  # as it stands, also in the second pass of an hour that repeats
    edge = FOREVER if n > 0 else BEGINNING
    if cadence is Cadence.ONCE:
        return edge
    wall = local(anchor, zone)
    try:
        return instant(datetime.combine(_stepped(wall.date(), cadence, zone, n), wall.time()), zone)
    except (OverflowError, ValueError):  # a year below 1 or above 9999
        return edge


@lru_cache(maxsize=4096)  # billing asks for the same periods again and again
def period_at(anchor: datetime, cadence: Cadence, zone: str, at: datetime) -> Period:
    """The one period that contains `at`, also before the anchor."""
    # The local dates give its number up to a step or two; the wall time and clock changes settle it.
    at = min(max(at, BEGINNING), FOREVER - _MICROSECOND)
    n = _steps(local_date(anchor, zone), local_date(at, zone), cadence)
    start = nth(anchor, cadence, zone, n)
    while start > at:
        n -= 1
        start = nth(anchor, cadence, zone, n)
    end = nth(anchor, cadence, zone, n + 1)
    while end <= at:
        n += 1
        start, end = end, nth(anchor, cadence, zone, n + 1)
    return Period(start, end)


def counted_at(anchor: datetime, since: datetime, cadence: Cadence, zone: str, at: datetime) -> Period:
    """The usage period that contains `at`: it begins no earlier than `since`, from when on use is counted at all."""
    tile = period_at(anchor, cadence, zone, at)
    return Period(min(max(tile.start, since), at), tile.end)


def add_days(at: datetime, days: int, zone: str) -> datetime:
    """The same wall time `days` local days later: when a trial of so many days ends."""
    return nth(at, Cadence.DAY, zone, days)


def bucket(at: datetime, by: Grain, zone: str) -> Period:
    """The calendar hour (of UTC), day, week, month … (of the customer) that contains `at`."""
    if by is Grain.HOUR:
        start = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Period(start, start + _HOUR)
    return period_at(_calendar(zone), Cadence(by.value), zone, at)


def buckets(period: Period, by: Grain, zone: str) -> Iterator[Period]:
    """The buckets that make up the period, in order, the first and the last clipped to it."""
    start = period.start
    while start < period.end:
        end = min(bucket(start, by, zone).end, period.end)
        yield Period(start, end)
        start = end


@cache
def _calendar(zone: str) -> datetime:
    # A Monday that begins a month, a quarter and a year: each calendar bucket is a period of this anchor.
    return midnight(date(2001, 1, 1), zone)


def _stepped(day: date, cadence: Cadence, zone: str, n: int) -> date:
    if cadence is Cadence.DAY:
        return days_later(day, n, zone)
    if cadence is Cadence.WEEK:
        return day + timedelta(weeks=n)
    years, month = divmod(day.year * 12 + day.month - 1 + n * _MONTHS[cadence], 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def _steps(anchor: date, day: date, cadence: Cadence) -> int:
    if cadence is Cadence.ONCE:
        return 0
    if cadence is Cadence.DAY:
        return (day - anchor).days
    if cadence is Cadence.WEEK:
        return (day - anchor).days // 7
    return ((day.year - anchor.year) * 12 + day.month - anchor.month) // _MONTHS[cadence]
