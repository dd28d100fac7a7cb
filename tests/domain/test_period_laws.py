"""Laws of the calendar, for every zone there is: periods tile the timeline, from any anchor, at any cadence."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import available_timezones

from hypothesis import example, given
from hypothesis import strategies as st

from domain.period import (
    BEGINNING,
    FOREVER,
    Cadence,
    Grain,
    Period,
    add_days,
    bucket,
    buckets,
    is_zone,
    local_date,
    nth,
    period_at,
)

ZONES = st.one_of(
    st.sampled_from(
        [
            "UTC",
            "Europe/Paris",
            "America/New_York",
            "Australia/Lord_Howe",  # shifts by half an hour
            "Pacific/Apia",  # had no 30 December 2011
            "America/Juneau",  # Kill Bill #445: an endless loop at the end of summer time
            "America/St_Johns",  # its clocks went back from 00:01 to 23:01 the day before
            "Asia/Beirut",  # has no midnight on one day a year
            "Pacific/Kwajalein",
            "Africa/Casablanca",
        ]
    ),
    st.sampled_from(sorted(zone for zone in available_timezones() if is_zone(zone))),
)
CADENCES = st.sampled_from(Cadence)
RECURRING = st.sampled_from([cadence for cadence in Cadence if cadence is not Cadence.ONCE])
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants naive bounds
MICROSECOND = timedelta(microseconds=1)

APIA_GAP = datetime(2011, 12, 30, 10, tzinfo=UTC)
JUNEAU_AUTUMN = datetime(2015, 11, 1, 9, 30, tzinfo=UTC)


@given(anchor=INSTANTS, cadence=CADENCES, zone=ZONES, at=INSTANTS)
@example(anchor=APIA_GAP, cadence=Cadence.DAY, zone="Pacific/Apia", at=APIA_GAP)
@example(anchor=JUNEAU_AUTUMN, cadence=Cadence.DAY, zone="America/Juneau", at=JUNEAU_AUTUMN)
def test_every_instant_lies_in_exactly_one_period(anchor: datetime, cadence: Cadence, zone: str, at: datetime) -> None:
    here = period_at(anchor, cadence, zone, at)
    assert here.contains(at)
    for edge, other_end in ((here.start - MICROSECOND, "end"), (here.end, "start")):
        if BEGINNING <= edge < FOREVER:
            beside = period_at(anchor, cadence, zone, edge)
            assert not beside.contains(at)
            assert getattr(beside, other_end) == getattr(here, "start" if other_end == "end" else "end")


@given(anchor=INSTANTS, cadence=RECURRING, zone=ZONES, first=st.integers(-40, 40))
@example(anchor=APIA_GAP - timedelta(days=3), cadence=Cadence.DAY, zone="Pacific/Apia", first=0)
def test_boundaries_rise_strictly(anchor: datetime, cadence: Cadence, zone: str, first: int) -> None:
    row = [nth(anchor, cadence, zone, n) for n in range(first, first + 12)]
    assert all(a < b for a, b in pairwise(row))


@given(zone=ZONES, hour=st.integers(0, 23))
@example(zone="Asia/Manila", hour=0)
def test_daily_boundaries_rise_strictly_over_every_date_line_crossing(zone: str, hour: int) -> None:
    for year in (1844, 1867, 1993, 1994, 2011):
        anchor = datetime(year, 1, 1, hour, tzinfo=UTC)
        row = [nth(anchor, Cadence.DAY, zone, n) for n in range(370)]
        assert all(a < b for a, b in pairwise(row)), (zone, year)


@given(anchor=INSTANTS, cadence=RECURRING, zone=ZONES, at=INSTANTS)
def test_periods_join_without_a_gap_when_walked_from_end_to_start(
    anchor: datetime, cadence: Cadence, zone: str, at: datetime
) -> None:
    here = period_at(anchor, cadence, zone, at)
    for _ in range(6):
        following = period_at(anchor, cadence, zone, here.end)
        assert following.start == here.end
        assert period_at(anchor, cadence, zone, following.start - MICROSECOND) == here
        here = following


@given(
    year=st.integers(1990, 2060),
    month=st.integers(1, 12),
    day=st.integers(28, 31),
    hour=st.integers(0, 23),
    cadence=st.sampled_from([Cadence.MONTH, Cadence.QUARTER, Cadence.YEAR]),
    zone=ZONES,
)
def test_anchors_at_the_end_of_a_month_return_to_it_for_36_months(
    year: int, month: int, day: int, hour: int, cadence: Cadence, zone: str
) -> None:
    anchor = datetime(year, month, min(day, 28), hour, 30, tzinfo=UTC) + timedelta(days=max(0, day - 28))
    wanted = local_date(anchor, zone).day
    for n in range(37):
        at = nth(anchor, cadence, zone, n)
        shown = local_date(at, zone)
        last = (shown.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        # A gap (such as a skipped midnight, or Samoa's skipped day) may push the boundary to the next date.
        assert shown.day in (min(wanted, last.day), min(wanted, last.day) + 1, 1)
        assert n == 0 or period_at(anchor, cadence, zone, at).start == at


@given(anchor=INSTANTS, cadence=CADENCES, zone=ZONES)
def test_the_search_ends_also_at_the_edges_of_the_calendar(anchor: datetime, cadence: Cadence, zone: str) -> None:
    for at in (BEGINNING, FOREVER - MICROSECOND):
        assert period_at(anchor, cadence, zone, at).contains(at)


@given(anchor=INSTANTS, cadence=RECURRING, zone=ZONES, n=st.integers(-200, 200))
def test_every_boundary_begins_a_period_and_ends_one(anchor: datetime, cadence: Cadence, zone: str, n: int) -> None:
    boundary = nth(anchor, cadence, zone, n)
    following = Period(boundary, nth(anchor, cadence, zone, n + 1))
    before = Period(nth(anchor, cadence, zone, n - 1), boundary)
    assert period_at(anchor, cadence, zone, boundary) == following
    assert period_at(anchor, cadence, zone, boundary - MICROSECOND) == before


@given(at=INSTANTS, days=st.integers(0, 400), zone=ZONES)
def test_a_later_day_is_later(at: datetime, days: int, zone: str) -> None:
    assert add_days(at, days, zone) < add_days(at, days + 1, zone)


@given(start=INSTANTS, length=st.timedeltas(timedelta(0), timedelta(days=40)), zone=ZONES)
def test_a_history_tiles_its_period_exactly(start: datetime, length: timedelta, zone: str) -> None:
    period = Period(start, start + length)
    for grain in Grain:
        tiles = list(islice(buckets(period, grain, zone), 1000))
        if length:
            assert tiles[0].start == period.start
            assert tiles[-1].end == period.end
        assert all(a.end == b.start for a, b in pairwise(tiles))
        assert all(tile.start < tile.end for tile in tiles)
        assert sum((tile.end - tile.start for tile in tiles), timedelta(0)) == length


@given(at=INSTANTS, grain=st.sampled_from(Grain), zone=ZONES)
def test_every_instant_has_one_bucket(at: datetime, grain: Grain, zone: str) -> None:
    here = bucket(at, grain, zone)
    assert here.contains(at)
    assert bucket(here.start, grain, zone) == here
    assert bucket(here.end - MICROSECOND, grain, zone) == here
    assert bucket(here.end, grain, zone).start == here.end


@given(at=INSTANTS, zone=ZONES)
def test_a_calendar_month_has_as_many_days_as_its_days_that_happened(at: datetime, zone: str) -> None:
    month = bucket(at, Grain.MONTH, zone)
    days = len(list(buckets(month, Grain.DAY, zone)))
    # Samoa's December of 2011 crossed 31 dates in 30 days.
    dates = (local_date(month.end, zone) - local_date(month.start, zone)).days
    assert days in (dates, dates - 1)
