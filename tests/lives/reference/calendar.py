"""Periods on the customer's calendar, counted from the anchor."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.period import Cadence

_MONTHS = {Cadence.MONTH: 1, Cadence.QUARTER: 3, Cadence.YEAR: 12}
_DAYS = {Cadence.DAY: 1, Cadence.WEEK: 7}


class Whole(NamedTuple):
    """A price's own period."""

    start: datetime
    end: datetime


def whole_at(anchor: datetime, cadence: Cadence, zone: str, at: datetime) -> Whole:
    """The period that holds `at`."""
    n = 0
    while boundary(anchor, cadence, zone, n) > at:
        n -= 1
    while boundary(anchor, cadence, zone, n + 1) <= at:
        n += 1
    return Whole(boundary(anchor, cadence, zone, n), boundary(anchor, cadence, zone, n + 1))


def boundary(anchor: datetime, cadence: Cadence, zone: str, n: int) -> datetime:
    """The same time on the clock, n periods later; a short month takes its last day."""
    if n == 0:
        return anchor
    wall = anchor.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if cadence in _DAYS:
        wall += timedelta(days=n * _DAYS[cadence])
    else:
        years, month = divmod(wall.year * 12 + wall.month - 1 + n * _MONTHS[cadence], 12)
        day = min(wall.day, monthrange(years, month + 1)[1])
        wall = wall.replace(year=years, month=month + 1, day=day)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day_of(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
