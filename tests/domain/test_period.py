"""How a customer's calendar works: anchors, month ends, clock changes, histories. Each test is one rule."""

from datetime import UTC, date, datetime, timedelta

import pytest

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
    midnight,
    nth,
    period_at,
)

PARIS = "Europe/Paris"
APIA = "Pacific/Apia"
MICROSECOND = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def boundaries(anchor: str, cadence: Cadence, zone: str, count: int) -> list[str]:
    return [nth(utc(anchor), cadence, zone, n).isoformat()[:16] for n in range(count)]


def test_an_anchor_on_the_31st_clamps_to_short_months_and_returns() -> None:
    assert boundaries("2023-01-31T09:00", Cadence.MONTH, "UTC", 5) == [
        "2023-01-31T09:00",
        "2023-02-28T09:00",
        "2023-03-31T09:00",
        "2023-04-30T09:00",
        "2023-05-31T09:00",
    ]


def test_quarters_clamp_and_return_too() -> None:
    assert boundaries("2023-11-30T00:00", Cadence.QUARTER, "UTC", 4) == [
        "2023-11-30T00:00",
        "2024-02-29T00:00",
        "2024-05-30T00:00",
        "2024-08-30T00:00",
    ]


def test_a_yearly_anchor_on_29_february_returns_in_the_next_leap_year() -> None:
    starts = [text[:10] for text in boundaries("2024-02-29T00:00", Cadence.YEAR, "UTC", 5)]
    assert starts == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_weeks_keep_their_weekday_and_days_follow_each_other() -> None:
    assert boundaries("2024-02-28T10:00", Cadence.WEEK, "UTC", 2) == ["2024-02-28T10:00", "2024-03-06T10:00"]
    assert boundaries("2024-02-28T10:00", Cadence.DAY, "UTC", 3) == [
        "2024-02-28T10:00",
        "2024-02-29T10:00",
        "2024-03-01T10:00",
    ]


def test_a_boundary_keeps_the_wall_time_of_its_zone_across_a_clock_change() -> None:
    # 10:00 in Paris is 09:00 UTC in winter and 08:00 UTC in summer.
    assert boundaries("2024-03-15T09:00", Cadence.MONTH, PARIS, 2) == ["2024-03-15T09:00", "2024-04-15T08:00"]


def test_the_day_of_the_month_is_the_customers_not_that_of_utc() -> None:
    # 31 January 23:30 in New York is 1 February in UTC: the anchor's day is the 31st.
    assert boundaries("2024-02-01T04:30", Cadence.MONTH, "America/New_York", 3) == [
        "2024-02-01T04:30",
        "2024-03-01T04:30",
        "2024-04-01T03:30",
    ]


def test_a_wall_time_that_the_clock_skips_moves_on_by_the_gap() -> None:
    # 02:30 on 31 March 2024 does not exist in Paris; 03:30 summer time does.
    assert boundaries("2024-03-30T01:30", Cadence.DAY, PARIS, 3) == [
        "2024-03-30T01:30",
        "2024-03-31T01:30",
        "2024-04-01T00:30",
    ]


def test_of_a_wall_time_that_comes_twice_the_first_is_meant() -> None:
    # 02:30 comes twice in Paris on 27 October 2024: at 00:30 and at 01:30 UTC.
    assert boundaries("2024-10-26T00:30", Cadence.DAY, PARIS, 3) == [
        "2024-10-26T00:30",
        "2024-10-27T00:30",
        "2024-10-28T01:30",
    ]


def test_an_anchor_in_the_second_pass_of_an_hour_stays_where_it_is() -> None:
    second = utc("2024-10-27T01:30:00")
    assert nth(second, Cadence.DAY, PARIS, 0) == second
    assert period_at(second, Cadence.DAY, PARIS, second) == Period(second, utc("2024-10-28T01:30:00"))


def test_lord_howe_shifts_by_half_an_hour() -> None:
    # 02:15 is skipped there on 6 October 2024; the clock goes from 02:00 to 02:30.
    assert boundaries("2024-10-04T15:45", Cadence.DAY, "Australia/Lord_Howe", 3) == [
        "2024-10-04T15:45",
        "2024-10-05T15:45",
        "2024-10-06T15:15",
    ]


def test_a_day_that_a_zone_never_had_is_no_period() -> None:
    # Samoa crossed the date line: after 29 December 2011 came the 31st.
    assert [local_date(nth(utc("2011-12-28T20:00"), Cadence.DAY, APIA, n), APIA).day for n in range(4)] == [
        28,
        29,
        31,
        1,
    ]
    start = utc("2012-01-02T20:00")
    assert local_date(nth(start, Cadence.DAY, APIA, -4), APIA) == date(2011, 12, 29)


def test_the_instant_of_a_boundary_belongs_to_the_new_period() -> None:
    anchor = utc("2024-01-31T09:00")
    boundary = utc("2024-02-29T09:00")
    assert period_at(anchor, Cadence.MONTH, "UTC", boundary).start == boundary
    assert period_at(anchor, Cadence.MONTH, "UTC", boundary - MICROSECOND) == Period(anchor, boundary)
    assert not Period(anchor, boundary).contains(boundary)
    assert Period(anchor, boundary).contains(boundary - MICROSECOND)


def test_periods_reach_back_before_the_anchor() -> None:
    anchor = utc("2024-03-31T00:00")
    assert period_at(anchor, Cadence.MONTH, "UTC", utc("2024-03-01T00:00")) == Period(utc("2024-02-29T00:00"), anchor)
    year_before = utc("2023-03-31T00:00")
    assert nth(anchor, Cadence.MONTH, "UTC", -12) == period_at(anchor, Cadence.MONTH, "UTC", year_before).start


def test_once_is_one_period_without_an_end() -> None:
    anchor = utc("2024-03-31T00:00")
    assert period_at(anchor, Cadence.ONCE, PARIS, utc("2950-01-01")) == Period(anchor, FOREVER)
    assert period_at(anchor, Cadence.ONCE, PARIS, anchor - MICROSECOND) == Period(BEGINNING, anchor)


def test_beyond_the_calendar_the_outermost_period_answers() -> None:
    anchor = utc("2024-03-31T00:00")
    last = period_at(anchor, Cadence.YEAR, "Asia/Tokyo", datetime.max.replace(tzinfo=UTC))
    first = period_at(anchor, Cadence.YEAR, "America/Lima", datetime.min.replace(tzinfo=UTC))
    assert (last.end, first.start) == (FOREVER, BEGINNING)
    assert nth(anchor, Cadence.DAY, PARIS, 10**30) == FOREVER


def test_a_trial_ends_at_the_same_wall_time_after_so_many_local_days() -> None:
    # Two weeks across the spring night: 14 local days are one hour short of 14 × 24 hours.
    start = utc("2024-03-20T09:00")
    assert add_days(start, 14, PARIS) == utc("2024-04-03T08:00")
    assert add_days(start, 14, "UTC") == utc("2024-04-03T09:00")
    assert add_days(start, 0, PARIS) == start


def test_the_local_date_is_the_one_on_the_customers_wall() -> None:
    at = utc("2024-02-29T23:30")
    assert local_date(at, PARIS) == date(2024, 3, 1)
    assert local_date(at, "America/New_York") == date(2024, 2, 29)


def test_a_local_day_begins_at_one_where_the_clock_skips_midnight() -> None:
    # Beirut's clocks go from 24:00 to 01:00.
    assert midnight(date(2024, 3, 31), "Asia/Beirut") == utc("2024-03-30T22:00")
    assert midnight(date(2024, 3, 31), PARIS) == utc("2024-03-30T23:00")


def test_days_of_a_period_are_local_days_not_stretches_of_24_hours() -> None:
    march = Period(midnight(date(2024, 3, 1), PARIS), midnight(date(2024, 4, 1), PARIS))
    assert len(list(buckets(march, Grain.DAY, PARIS))) == 31
    assert march.end - march.start == timedelta(days=31) - timedelta(hours=1)


@pytest.mark.parametrize("name", ["Europe/Paris", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+11"])
def test_iana_names_are_zones(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize("name", ["", "CEST", "europe/paris", "../etc/passwd", "localtime", "UTC+1", "Mars/Base"])
def test_other_names_are_not(name: str) -> None:
    assert not is_zone(name)


def test_calendar_buckets_are_the_customers_days_weeks_and_months() -> None:
    at = utc("2024-06-16T22:30")  # Monday the 17th, 00:30 in Paris
    assert bucket(at, Grain.HOUR, PARIS) == Period(utc("2024-06-16T22:00"), utc("2024-06-16T23:00"))
    assert bucket(at, Grain.DAY, PARIS) == Period(utc("2024-06-16T22:00"), utc("2024-06-17T22:00"))
    assert bucket(at, Grain.WEEK, PARIS) == Period(utc("2024-06-16T22:00"), utc("2024-06-23T22:00"))
    assert bucket(at, Grain.MONTH, PARIS) == Period(utc("2024-05-31T22:00"), utc("2024-06-30T22:00"))
    assert bucket(at, Grain.QUARTER, PARIS) == Period(utc("2024-03-31T22:00"), utc("2024-06-30T22:00"))
    assert bucket(at, Grain.YEAR, PARIS) == Period(utc("2023-12-31T23:00"), utc("2024-12-31T23:00"))


def test_days_with_a_clock_change_have_23_or_25_hours() -> None:
    assert len(list(buckets(bucket(utc("2024-03-31T12:00"), Grain.DAY, PARIS), Grain.HOUR, PARIS))) == 23
    assert len(list(buckets(bucket(utc("2024-10-27T12:00"), Grain.DAY, PARIS), Grain.HOUR, PARIS))) == 25


def test_a_history_is_clipped_to_its_period() -> None:
    period = Period(utc("2024-06-16T12:00"), utc("2024-06-18T06:00"))
    assert list(buckets(period, Grain.DAY, PARIS)) == [
        Period(utc("2024-06-16T12:00"), utc("2024-06-16T22:00")),
        Period(utc("2024-06-16T22:00"), utc("2024-06-17T22:00")),
        Period(utc("2024-06-17T22:00"), utc("2024-06-18T06:00")),
    ]


def test_an_empty_period_has_no_history() -> None:
    at = utc("2024-06-16T12:00")
    assert list(buckets(Period(at, at), Grain.DAY, PARIS)) == []
