"""What part of a period costs: shares by second and by day, none and full, and quantities that change on the way."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.catalog import ProrationPolicy
from domain.money import rounded
from domain.period import Cadence, Period, local_date, midnight, nth
from domain.policy import ChangeDay
from domain.pricing.minimum import true_up
from domain.pricing.proration import share

D = Decimal
BY_SECOND, BY_DAY, NONE, FULL = (
    ProrationPolicy.BY_SECOND,
    ProrationPolicy.BY_DAY,
    ProrationPolicy.NONE,
    ProrationPolicy.FULL,
)
NEW, OLD = ChangeDay.NEW, ChangeDay.OLD


def day(text: str, zone: str = "UTC") -> datetime:
    return midnight(date.fromisoformat(text), zone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


JUNE = Period(day("2024-06-01"), day("2024-07-01"))


def june(first: int, hour: int = 0) -> datetime:
    return datetime(2024, 6, first, hour, tzinfo=UTC)


# ── by second ──


def test_by_second_a_part_costs_its_time_to_the_microsecond() -> None:
    end = JUNE.start + timedelta(microseconds=1)
    assert share(BY_SECOND, Period(JUNE.start, end), JUNE, "UTC", NEW) == Fraction(1, 30 * 86400 * 10**6)
    assert share(BY_SECOND, Period(june(16), JUNE.end), JUNE, "UTC", NEW) == Fraction(1, 2)


def test_over_a_clock_change_both_sides_are_true_seconds_and_true_days() -> None:
    """Lago #1438, published case A15: a whole March with its 23-hour day is one whole period of 31 days."""
    paris = "Europe/Paris"
    march = Period(day("2024-03-01", paris), day("2024-04-01", paris))
    after = Period(day("2024-03-31", paris), march.end)
    for policy in (BY_SECOND, BY_DAY):
        assert share(policy, march, march, paris, NEW) == 1
    assert share(BY_SECOND, after, march, paris, NEW) == Fraction(23, 31 * 24 - 1)
    assert share(BY_DAY, after, march, paris, NEW) == Fraction(1, 31)


# ── by day ──


@pytest.mark.parametrize(("owner", "before", "after"), [(NEW, "17/30", "13/30"), (OLD, "18/30", "12/30")])
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_the_day_of_a_change_belongs_to_what_begins_or_to_what_ends_on_it(
    owner: ChangeDay, before: str, after: str, hour: int
) -> None:
    change = june(18, hour)
    assert share(BY_DAY, Period(JUNE.start, change), JUNE, "UTC", owner) == Fraction(before)
    assert share(BY_DAY, Period(change, JUNE.end), JUNE, "UTC", owner) == Fraction(after)


def test_days_are_those_of_the_customers_zone() -> None:
    tokyo = "Asia/Tokyo"
    whole = Period(day("2024-06-01", tokyo), day("2024-07-01", tokyo))
    change = at("2024-06-17T20:00:00")  # in Tokyo the 18th
    assert share(BY_DAY, Period(whole.start, change), whole, tokyo, NEW) == Fraction(17, 30)


def test_what_follows_nothing_has_the_day_it_begins_on_whoever_owns_the_day_of_a_change() -> None:
    joined = Period(june(10, 9), june(20, 9))
    assert share(BY_DAY, joined, JUNE, "UTC", OLD, begins=NEW) == Fraction(11, 30)
    assert share(BY_DAY, joined, JUNE, "UTC", OLD) == Fraction(10, 30), "had the 10th belonged to something before it"
    assert share(BY_DAY, joined, JUNE, "UTC", NEW) == Fraction(10, 30)


def test_a_day_that_plans_of_both_policies_touch_follows_the_one_that_ends_on_it() -> None:
    change = june(18, 12)
    old = share(BY_DAY, Period(JUNE.start, change), JUNE, "UTC", OLD)
    new = share(BY_DAY, Period(change, JUNE.end), JUNE, "UTC", NEW, begins=OLD)
    assert old + new == 1


def test_what_comes_and_goes_on_a_day_of_something_else_owns_nothing_not_less() -> None:
    assert share(BY_DAY, Period(june(18, 9), june(18, 15)), JUNE, "UTC", NEW, begins=OLD) == 0


@pytest.mark.parametrize("owner", ChangeDay)
def test_the_last_second_of_a_period_is_part_of_its_last_day(owner: ChangeDay) -> None:
    change = JUNE.end - timedelta(seconds=1)
    kept = share(BY_DAY, Period(JUNE.start, change), JUNE, "UTC", owner)
    assert kept == (1 if owner is OLD else Fraction(29, 30))


@pytest.mark.parametrize("owner", ChangeDay)
def test_a_period_that_begins_at_noon_owns_as_many_days_as_it_crosses_midnights(owner: ChangeDay) -> None:
    whole = Period(june(15, 12), datetime(2024, 7, 15, 12, tzinfo=UTC))
    late = datetime(2024, 7, 15, 9, tzinfo=UTC)
    assert share(BY_DAY, whole, whole, "UTC", owner) == 1
    assert share(BY_DAY, Period(whole.start, late), whole, "UTC", owner) == 1
    assert share(BY_DAY, Period(late, whole.end), whole, "UTC", owner) == 0


def test_of_changes_on_one_day_only_one_has_the_day() -> None:
    """Lago #1778: two upgrades on one day may not credit that day twice."""
    cuts = [JUNE.start, june(18, 9), june(18, 15), JUNE.end]
    parts = [Period(start, end) for start, end in pairwise(cuts)]
    assert [share(BY_DAY, part, JUNE, "UTC", NEW) * 30 for part in parts] == [17, 0, 13]
    assert [share(BY_DAY, part, JUNE, "UTC", OLD) * 30 for part in parts] == [18, 0, 12]


@pytest.mark.parametrize("owner", ChangeDay)
@pytest.mark.parametrize("policy", [BY_SECOND, BY_DAY])
def test_who_leaves_at_the_end_of_a_period_has_paid_for_exactly_that_period(
    policy: ProrationPolicy, owner: ChangeDay
) -> None:
    """Kill Bill #139: an account west of UTC was credited one day."""
    zone = "America/Los_Angeles"
    whole = Period(day("2024-06-01", zone), day("2024-07-01", zone))
    assert share(policy, whole, whole, zone, owner) == 1


def test_where_a_clock_change_swallows_the_only_midnight_the_day_goes_by_time() -> None:
    """Toronto went from 23:30 on 30 March 1919 to 00:30 on the 31st: days counted from 23:45 had one from 00:45."""
    whole = Period(at("1919-03-31T04:45:00"), at("1919-04-01T03:45:00"))
    half = Period(whole.start, whole.start + (whole.end - whole.start) / 2)
    assert local_date(whole.start, "America/Toronto") == local_date(whole.end, "America/Toronto")
    assert share(BY_DAY, half, whole, "America/Toronto", NEW) == Fraction(1, 2)


# ── none, full, and nothing ──


def test_none_charges_the_price_in_force_as_the_period_begins_and_full_any_part() -> None:
    early, late = Period(JUNE.start, june(2)), Period(june(2), JUNE.end)
    assert [share(NONE, part, JUNE, "UTC", NEW) for part in (early, late)] == [1, 0]
    assert [share(FULL, part, JUNE, "UTC", NEW) for part in (early, late)] == [1, 1]


@pytest.mark.parametrize("policy", ProrationPolicy)
@pytest.mark.parametrize("owner", ChangeDay)
def test_what_lasted_no_time_costs_nothing(policy: ProrationPolicy, owner: ChangeDay) -> None:
    """OpenMeter #4364: cancelled at the instant of the start."""
    for instant in (JUNE.start, june(10), JUNE.end):
        assert share(policy, Period(instant, instant), JUNE, "UTC", owner, begins=NEW) == 0


def test_a_minimum_is_measured_by_the_period_that_is_billed() -> None:
    """Lago #5187: the true-up of March was prorated by the 28 days of February."""
    march = Period(day("2023-03-01"), day("2023-04-01"))
    part = share(BY_DAY, Period(march.start, day("2023-03-15")), march, "UTC", NEW)
    assert true_up(D(1000), part, D(0), "EUR") == rounded(Fraction(14_000, 31), "EUR") == D("451.61")


# ── laws ──

INSTANTS = st.integers(0, 4_000_000_000_000_000).map(lambda us: day("1970-01-01") + timedelta(microseconds=us))
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]
)
RECURRING = st.sampled_from([cadence for cadence in Cadence if cadence is not Cadence.ONCE])


def tiles(whole: Period, cuts: Sequence[float]) -> list[Period]:
    inside = [whole.start + (whole.end - whole.start) * cut for cut in sorted(cuts)]
    return [Period(start, end) for start, end in pairwise([whole.start, *inside, whole.end])]


@given(
    anchor=INSTANTS,
    cadence=RECURRING,
    zone=ZONES,
    cuts=st.lists(st.floats(0, 1), max_size=6),
    owner=st.sampled_from(ChangeDay),
)
@example(  # the clocks of St. John's went back over midnight: the date returns for an hour
    anchor=at("2010-11-07T02:30:00"),
    cadence=Cadence.DAY,
    zone="America/St_Johns",
    cuts=[0.0005, 0.01, 0.03],
    owner=OLD,
)
def test_the_parts_of_a_period_add_up_to_it(
    anchor: datetime, cadence: Cadence, zone: str, cuts: list[float], owner: ChangeDay
) -> None:
    whole = Period(anchor, nth(anchor, cadence, zone, 1))
    parts = tiles(whole, cuts)
    for policy in (BY_SECOND, BY_DAY, NONE):
        shares = [share(policy, part, whole, zone, owner) for part in parts]
        assert sum(shares) == 1
        assert min(shares) >= 0


@given(
    anchor=INSTANTS,
    zone=ZONES,
    cuts=st.lists(st.floats(0, 1), min_size=2, max_size=2),
    policy=st.sampled_from(ProrationPolicy),
    owner=st.sampled_from(ChangeDay),
    begins=st.none() | st.sampled_from(ChangeDay),
)
def test_no_part_costs_less_than_nothing_or_more_than_the_whole(
    anchor: datetime,
    zone: str,
    cuts: list[float],
    policy: ProrationPolicy,
    owner: ChangeDay,
    begins: ChangeDay | None,
) -> None:
    whole = Period(anchor, nth(anchor, Cadence.MONTH, zone, 1))
    part = tiles(whole, cuts)[1]
    assert 0 <= share(policy, part, whole, zone, owner, begins=begins) <= 1
