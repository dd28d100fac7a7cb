"""Laws of usage: however events are ordered, split or timed, each counts once and the figures agree."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.catalog import Aggregation
from domain.period import Cadence, Grain, Period, bucket, buckets, period_at
from domain.usage import HourRollup, Reading, carry_over, joins, merge, roll_up, total

MICROSECOND = timedelta(microseconds=1)
START = datetime(2024, 3, 30, 12, tzinfo=UTC)
PERIOD = Period(START, START + timedelta(days=3))

# Few instants, so that equal and adjacent ones happen; microseconds, so that boundaries are met from both sides.
TIMES = st.one_of(
    st.integers(0, 72 * 4 - 1).map(lambda n: START + n * timedelta(minutes=15)),
    st.timedeltas(timedelta(0), timedelta(days=3) - MICROSECOND).map(lambda after: START + after),
)
VALUES = st.integers(-(10**30) + 1, 10**30 - 1).map(lambda n: Decimal(f"{n}E-12"))
READINGS = st.lists(st.builds(Reading, TIMES, VALUES), max_size=30)
AGGREGATIONS = st.sampled_from([aggregation for aggregation in Aggregation if aggregation is not Aggregation.UNIQUE])
ZONES = st.sampled_from(["UTC", "Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"])


def by_hour(aggregation: Aggregation, readings: list[Reading]) -> list[HourRollup]:
    hours: dict[datetime, list[Reading]] = {}
    for reading in readings:
        hours.setdefault(bucket(reading.time, Grain.HOUR, "UTC").start, []).append(reading)
    return [roll_up(aggregation, rows) for rows in hours.values()]


def plainly(aggregation: Aggregation, readings: list[Reading], before: Decimal, until: datetime) -> Fraction:
    """What the meter must read, said in the simplest way and in exact fractions."""
    rows = sorted((reading.time, Fraction(reading.value)) for reading in readings)
    levels = [value for _, value in rows]
    match aggregation:
        case Aggregation.COUNT:
            return Fraction(len(rows))
        case Aggregation.SUM:
            return sum(levels, Fraction(0))
        case Aggregation.MAX:
            return max(levels, default=Fraction(0))
        case Aggregation.LATEST:
            return [Fraction(before), *levels][-1]
        case _:
            steps = [(START, Fraction(before)), *rows, (until, Fraction(0))]
            areas = (level * ((end - begin) // MICROSECOND) for (begin, level), (end, _) in pairwise(steps))
            return sum(areas, Fraction(0)) / 3_600_000_000


@given(AGGREGATIONS, READINGS, VALUES)
def test_hours_put_together_read_the_same_as_the_raw_events(
    aggregation: Aggregation, readings: list[Reading], before: Decimal
) -> None:
    found = total(aggregation, by_hour(aggregation, readings), before, PERIOD, PERIOD.end)
    exact = plainly(aggregation, readings, before, PERIOD.end)
    if aggregation is Aggregation.TIME_WEIGHTED:
        assert abs(Fraction(found) - exact) <= Fraction(1, 2 * 10**12)
    else:
        assert Fraction(found) == exact


@given(AGGREGATIONS, st.lists(st.builds(Reading, TIMES, VALUES), min_size=1, max_size=20), st.randoms())
def test_the_order_of_events_does_not_matter(aggregation: Aggregation, readings: list[Reading], dice: Random) -> None:
    shuffled = list(readings)
    dice.shuffle(shuffled)
    assert roll_up(aggregation, shuffled) == roll_up(aggregation, readings)


@given(AGGREGATIONS, st.lists(st.builds(Reading, TIMES, VALUES), min_size=2, max_size=20), st.data())
def test_merging_the_parts_of_any_split_gives_the_whole(
    aggregation: Aggregation, readings: list[Reading], data: st.DataObject
) -> None:
    rows = readings
    if aggregation is Aggregation.TIME_WEIGHTED:
        rows = sorted(readings, key=lambda reading: (reading.time, reading.value))
    at = data.draw(st.integers(1, len(rows) - 1))
    a, b = roll_up(aggregation, rows[:at]), roll_up(aggregation, rows[at:])
    assume(joins(aggregation, a, b))
    assert merge(aggregation, a, b) == merge(aggregation, b, a) == roll_up(aggregation, rows)


@given(AGGREGATIONS, st.lists(st.builds(Reading, TIMES, VALUES), min_size=3, max_size=20, unique_by=lambda r: r.time))
def test_merging_is_associative(aggregation: Aggregation, readings: list[Reading]) -> None:
    parts = [roll_up(aggregation, [reading]) for reading in sorted(readings, key=lambda reading: reading.time)]
    forward = reduce(lambda a, b: merge(aggregation, a, b), parts)
    backward = reduce(lambda a, b: merge(aggregation, b, a), reversed(parts))
    assert forward == backward == roll_up(aggregation, readings)


@given(AGGREGATIONS, READINGS, VALUES)
def test_one_roll_up_of_the_period_so_far_reads_the_same_as_its_hours(
    aggregation: Aggregation, readings: list[Reading], before: Decimal
) -> None:
    assume(readings)
    whole = [roll_up(aggregation, readings)]
    assert total(aggregation, whole, before, PERIOD, PERIOD.end) == total(
        aggregation, by_hour(aggregation, readings), before, PERIOD, PERIOD.end
    )


@given(TIMES, st.sampled_from([cadence for cadence in Cadence if cadence is not Cadence.ONCE]), ZONES, READINGS)
def test_every_event_lies_in_one_period_so_periods_sum_to_the_whole(
    anchor: datetime, cadence: Cadence, zone: str, readings: list[Reading]
) -> None:
    periods = {period_at(anchor, cadence, zone, reading.time) for reading in readings}
    sums = [
        total(Aggregation.SUM, by_hour(Aggregation.SUM, within), None, period, period.end)
        for period in periods
        if (within := [reading for reading in readings if period.contains(reading.time)])
    ]
    assert sum(map(Fraction, sums), Fraction(0)) == sum((Fraction(reading.value) for reading in readings), Fraction(0))


@given(READINGS, VALUES, st.sampled_from([Grain.HOUR, Grain.DAY, Grain.WEEK]), ZONES)
def test_a_history_of_unit_hours_adds_up_to_its_period(
    readings: list[Reading], before: Decimal, grain: Grain, zone: str
) -> None:
    points = []
    level = before
    for tile in buckets(PERIOD, grain, zone):
        rows = by_hour(Aggregation.TIME_WEIGHTED, [reading for reading in readings if tile.contains(reading.time)])
        points.append(total(Aggregation.TIME_WEIGHTED, rows, level, tile, tile.end))
        level = total(Aggregation.LATEST, rows, level, tile, tile.end)
    whole = total(Aggregation.TIME_WEIGHTED, by_hour(Aggregation.TIME_WEIGHTED, readings), before, PERIOD, PERIOD.end)
    # Each point is rounded at its twelfth decimal, once.
    assert abs(sum(map(Fraction, points), Fraction(0)) - Fraction(whole)) <= Fraction(len(points) + 1, 2 * 10**12)


AMOUNTS = st.integers(0, 10**9).map(Decimal)


@given(AMOUNTS, AMOUNTS, st.lists(AMOUNTS, max_size=12), AMOUNTS)
def test_rollover_stays_within_its_bounds_and_shrinks_with_use(
    limit: Decimal, rollover: Decimal, used: list[Decimal], more: Decimal
) -> None:
    carried = carry_over((limit, rollover, amount) for amount in used)
    assert 0 <= carried <= rollover
    assert carry_over((limit, rollover, amount + more) for amount in used) <= carried
