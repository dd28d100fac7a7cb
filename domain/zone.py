"""A customer's own clock: local dates and wall times in an IANA zone, and the instants they stand for."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

# The ends of the calendar: a day from Python's own, so that no zone's offset pushes an instant over them.
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
FOREVER = datetime(9999, 12, 30, tzinfo=UTC)

_DAY = timedelta(days=1)
_YEARS = range(1800, 2200)  # in which zones are known to have changed, or may yet


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone such as Europe/Paris. (Case matters; "localtime" is no place.)"""
    return name in _zones()


def local(at: datetime, zone: str) -> datetime:
    """The wall time, without a zone, that the customer's clock shows at the instant `at`."""
    assert at.tzinfo is not None, "an instant names its offset"
    return min(max(at, BEGINNING), FOREVER).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def local_date(at: datetime, zone: str) -> date:
    """The customer's date at the instant `at`."""
    return local(at, zone).date()


def instant(wall: datetime, zone: str) -> datetime:
    """The instant at which the customer's clock shows `wall`.

    A time that the clock skips moves on by the length of the gap (02:30 becomes 03:30 on the spring night);
    of a time that it shows twice, the first is meant. RFC 5545 and java.time choose the same.
    """
    assert wall.tzinfo is None, "a wall time belongs to no zone yet"
    try:
        at = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    except OverflowError:
        return BEGINNING if wall.year < 5000 else FOREVER
    return min(max(at, BEGINNING), FOREVER)


def midnight(day: date, zone: str) -> datetime:
    """The instant at which the customer's day begins (01:00 on the clock where a gap swallows midnight)."""
    return instant(datetime.combine(day, time.min), zone)


def days_later(day: date, n: int, zone: str) -> date:
    """The n-th day after `day` (before it: negative n), counting only days that happened in the zone."""
    target = day + n * _DAY
    skipped = _skipped_days(zone)
    for gone in skipped if n > 0 else reversed(skipped):
        if day < gone <= target:
            target += _DAY
        elif target <= gone < day:
            target -= _DAY
    return target


@cache
def _zones() -> frozenset[str]:
    # Debian lists the machine's own setting as "localtime"; "Factory" means that nobody has set one yet.
    return frozenset(available_timezones() - {"localtime", "Factory", "posixrules"})


@cache
def _skipped_days(zone: str) -> tuple[date, ...]:
    """Dates the zone never had, because it moved across the date line: Apia went from 29 to 31 December 2011.

    Its noon and the next are one instant. Only a year whose offset grew by most of a day can hold one.
    """
    place = ZoneInfo(zone)
    offsets = [datetime(year, 1, 1, tzinfo=place).utcoffset() or timedelta() for year in _YEARS]
    years = [
        year
        for year, (before, after) in zip(_YEARS, pairwise(offsets), strict=False)
        if after - before > timedelta(hours=20)
    ]
    days = [date(year, 1, 1) + n * _DAY for year in years for n in range(366)]
    noon = time(12)
    return tuple(
        day
        for day in days
        if instant(datetime.combine(day, noon), zone) == instant(datetime.combine(day + _DAY, noon), zone)
    )
