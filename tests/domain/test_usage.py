"""Usage: what each aggregation reads, and how hours are put together. Timelines of one customer and one meter."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.catalog import Aggregation, Meter
from domain.period import Period
from domain.usage import (
    HourRollup,
    Interleaved,
    Measured,
    Reading,
    Rejected,
    carry_over,
    joins,
    merge,
    percent,
    roll_up,
    total,
    value_of,
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def d(number: str | int) -> Decimal:
    return Decimal(number)


def readings(*rows: tuple[str, str | int]) -> list[Reading]:
    return [Reading(utc(time), d(value)) for time, value in rows]


MAY = Period(utc("2024-05-01"), utc("2024-06-01"))
NOON = utc("2024-05-01T12:00")

# Two hours of readings of a level: 10 at 09:30, 4 at 09:45, 6 at 11:00.
MORNING = readings(("2024-05-01T09:30", 10), ("2024-05-01T09:45", 4)), readings(("2024-05-01T11:00", 6))


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [
        (Aggregation.COUNT, "3"),
        (Aggregation.SUM, "20"),
        (Aggregation.MAX, "10"),
        (Aggregation.LATEST, "6"),
        # 2 from midnight to 09:30, 10 for a quarter of an hour, 4 for 1 1/4 hours, 6 for one: 19 + 2.5 + 5 + 6
        (Aggregation.TIME_WEIGHTED, "32.5"),
    ],
)
def test_a_meter_reads_its_period_from_hourly_roll_ups(aggregation: Aggregation, value: str) -> None:
    hours = [roll_up(aggregation, hour) for hour in MORNING]
    assert str(total(aggregation, hours, d(2), MAY, NOON)) == value


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [
        (Aggregation.COUNT, "0"),
        (Aggregation.SUM, "0"),
        (Aggregation.MAX, "0"),
        (Aggregation.UNIQUE, "0"),
        (Aggregation.LATEST, "2"),  # a level holds until another is read
        (Aggregation.TIME_WEIGHTED, "24"),
    ],
)
def test_without_readings_a_flow_is_zero_and_a_level_is_carried_in(aggregation: Aggregation, value: str) -> None:
    assert str(total(aggregation, [], d(2), MAY, NOON)) == value


def test_a_level_never_read_is_zero() -> None:
    assert total(Aggregation.LATEST, [], None, MAY, NOON) == 0
    assert total(Aggregation.TIME_WEIGHTED, [], None, MAY, NOON) == 0


def test_a_unique_meter_reads_the_number_of_different_texts() -> None:
    hours = [roll_up(Aggregation.UNIQUE, hour) for hour in MORNING]
    assert total(Aggregation.UNIQUE, hours, None, MAY, NOON, distinct=2) == 2


def test_time_weighting_ends_with_the_period() -> None:
    hours = [roll_up(Aggregation.TIME_WEIGHTED, readings(("2024-05-31T22:00", 5)))]
    assert total(Aggregation.TIME_WEIGHTED, hours, None, MAY, utc("2024-07-01")) == 10


def test_time_weighting_is_rounded_once_to_twelve_decimals() -> None:
    # 1 unit for one microsecond is 1/3,600,000,000 unit-hours; a third of a unit-hour has no end.
    until = MAY.start + timedelta(microseconds=1)
    assert total(Aggregation.TIME_WEIGHTED, [], d(1), MAY, until) == d("0.000000000278")
    assert total(Aggregation.TIME_WEIGHTED, [], d(1), MAY, utc("2024-05-01T00:20")) == d("0.333333333333")


def test_the_largest_numbers_stay_exact() -> None:
    huge = d("999999999999999999.999999999999")
    month = [roll_up(Aggregation.SUM, [Reading(NOON, huge)])] * 1000
    assert total(Aggregation.SUM, month, None, MAY, NOON) == d("999999999999999999999.999999999")
    level = roll_up(Aggregation.TIME_WEIGHTED, [Reading(MAY.start, huge)])
    assert total(Aggregation.TIME_WEIGHTED, [level], None, MAY, NOON) == d("11999999999999999999.999999999988")


def test_of_two_levels_at_one_microsecond_the_higher_holds() -> None:
    rows = readings(("2024-05-01T09:00", 7), ("2024-05-01T09:00", 3))
    for order in (rows, rows[::-1]):
        assert roll_up(Aggregation.LATEST, order).last_value == 7


def test_a_reading_at_the_very_instant_asked_for_counts() -> None:
    hours = [roll_up(Aggregation.SUM, readings(("2024-05-01T12:00", 5)))]
    assert total(Aggregation.SUM, hours, None, MAY, NOON) == 5


def test_roll_ups_outside_of_the_question_are_a_mistake_of_ours() -> None:
    late = [roll_up(Aggregation.SUM, readings(("2024-06-01T00:00", 5)))]
    with pytest.raises(AssertionError):
        total(Aggregation.SUM, late, None, MAY, utc("2024-07-01"))
    with pytest.raises(AssertionError):
        total(Aggregation.SUM, [roll_up(Aggregation.SUM, MORNING[1])], None, MAY, utc("2024-05-01T10:00"))


def test_a_roll_up_of_nothing_does_not_exist() -> None:
    with pytest.raises(AssertionError):
        roll_up(Aggregation.SUM, [])


def test_an_hour_holds_the_area_between_its_first_and_last_reading_in_unit_microseconds() -> None:
    assert roll_up(Aggregation.TIME_WEIGHTED, MORNING[0]) == HourRollup(
        count=2,
        sum=d(14),
        max=d(10),
        first_time=utc("2024-05-01T09:30"),
        last_time=utc("2024-05-01T09:45"),
        last_value=d(4),
        area=d(10 * 15 * 60 * 1_000_000),
    )


def test_later_readings_join_the_hour_they_fall_in() -> None:
    early, late = (roll_up(Aggregation.TIME_WEIGHTED, [reading]) for reading in MORNING[0])
    assert merge(Aggregation.TIME_WEIGHTED, early, late) == roll_up(Aggregation.TIME_WEIGHTED, MORNING[0])
    assert merge(Aggregation.TIME_WEIGHTED, late, early) == roll_up(Aggregation.TIME_WEIGHTED, MORNING[0])


def test_a_time_weighted_reading_between_two_others_needs_the_raw_events_again() -> None:
    hour = roll_up(Aggregation.TIME_WEIGHTED, MORNING[0])
    between = roll_up(Aggregation.TIME_WEIGHTED, readings(("2024-05-01T09:40", 1)))
    assert not joins(Aggregation.TIME_WEIGHTED, hour, between)
    with pytest.raises(Interleaved):
        merge(Aggregation.TIME_WEIGHTED, hour, between)
    with pytest.raises(Interleaved):
        total(Aggregation.TIME_WEIGHTED, [hour, between], None, MAY, NOON)
    assert joins(Aggregation.SUM, hour, between)


# ── what a meter reads off an event ──


def meter(aggregation: Aggregation, property: str | None = None) -> Meter:
    return Meter("meter_1", "m", aggregation, "event", property)


def test_a_count_reads_one_off_any_event() -> None:
    assert value_of(meter(Aggregation.COUNT), None, None) == Measured(d(1))
    assert value_of(meter(Aggregation.COUNT), "17", {"bytes": 3}) == Measured(d(1))


def test_a_sum_reads_its_property_or_else_the_value() -> None:
    assert value_of(meter(Aggregation.SUM, "bytes"), "1", {"bytes": "2.50"}) == Measured(d("2.5"))
    assert value_of(meter(Aggregation.SUM), Decimal("1"), {"bytes": 2}) == Measured(d(1))
    assert value_of(meter(Aggregation.SUM), -3, None) == Measured(d(-3))


def test_a_unique_meter_reads_a_text_or_a_whole_number() -> None:
    assert value_of(meter(Aggregation.UNIQUE, "user"), None, {"user": "ann"}) == Measured(d(1), "ann")
    assert value_of(meter(Aggregation.UNIQUE, "user"), None, {"user": 7}) == Measured(d(1), "7")


def test_an_event_without_the_figure_is_rejected_in_words() -> None:
    assert value_of(meter(Aggregation.SUM, "bytes"), "1", {}) == Rejected(
        "properties.bytes is missing: the meter m reads it"
    )
    assert value_of(meter(Aggregation.MAX), None, {"bytes": 1}) == Rejected("value is missing: the meter m reads it")


@pytest.mark.parametrize(
    "found",
    ["12", "-0.000000000001", "999999999999999999", 10**18 - 1, Decimal("1E+17"), Decimal("1.0000000000000000"), "007"],
)
def test_numbers_of_18_digits_before_and_12_after_the_point_are_read(found: object) -> None:
    assert isinstance(value_of(meter(Aggregation.LATEST), found, None), Measured)


@pytest.mark.parametrize(
    "found",
    [
        "",
        "1e3",
        "NaN",
        "Infinity",
        "+1",
        " 1",
        "1\n",
        "1,5",
        "٣",
        "0.0000000000001",
        "1000000000000000000",
        10**18,
        -(10**18),
        10**400,
        0.1,
        True,
        [],
        {},
        Decimal("NaN"),
        Decimal("-Infinity"),
        Decimal("1E-13"),
        Decimal("1E+18"),
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        Decimal("1." + "1" * 100),
    ],
)
def test_anything_else_is_not_a_number(found: object) -> None:
    assert isinstance(value_of(meter(Aggregation.SUM), found, None), Rejected)


@pytest.mark.parametrize("found", ["", "x" * 257, "a\0b", "\ud800", 1.0, False, None, ["a"], 10**18])
def test_a_text_that_cannot_be_stored_or_told_apart_is_rejected(found: object) -> None:
    assert isinstance(value_of(meter(Aggregation.UNIQUE, "user"), None, {"user": found}), Rejected)


def test_a_negative_zero_is_zero() -> None:
    assert (
        str(total(Aggregation.SUM, [roll_up(Aggregation.SUM, readings(("2024-05-01", "-0")))], None, MAY, NOON)) == "0"
    )
    measured = value_of(meter(Aggregation.SUM), "-0", None)
    assert isinstance(measured, Measured)
    assert str(measured.value) == "0"


# ── what rolls over, and how full a limit is ──


def carried(*used: Decimal) -> Decimal:
    """With 100 a period, of which at most 50 roll over."""
    return carry_over((d(100), d(50), amount) for amount in used)


def test_what_a_period_leaves_over_rolls_into_the_next_up_to_the_maximum() -> None:
    assert carried() == 0
    assert carried(d(10)) == 50
    assert carried(d(10), d(120)) == 30
    assert carried(d(10), d(150)) == 0


def test_overuse_is_not_carried_as_a_debt() -> None:
    assert carried(d(500), d(60)) == 40


def test_each_period_leaves_over_by_its_own_limit() -> None:
    """An unlimited one leaves as much as may roll over; one in which nothing was given lets through what came in."""
    assert carry_over([(d(100), d(50), d(100)), (d(1000), d(50), d(990))]) == 10
    assert carry_over([(None, d(50), d(7000))]) == 50
    assert carry_over([(d(100), d(50), d(70)), (d(0), None, d(0))]) == 30
    assert carry_over([(d(100), d(50), d(70)), (d(500), d(0), d(0))]) == 0


def test_percent_says_100_only_when_the_limit_is_reached() -> None:
    assert percent(d("99.9999"), d(100)) == d("99.99")
    assert percent(d(100), d(100)) == 100
    assert percent(d(150), d(100)) == 150
    assert percent(d(1), d(3)) == d("33.33")
    assert percent(d(0), d(0)) == 100
    assert percent(d(5), None) is None
