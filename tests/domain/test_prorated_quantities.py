"""A recurring price of which the quantity changes on the way: seats that come and go in one period."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import ChargeModel, Price, ProrationPolicy
from domain.period import Cadence, Period, nth
from domain.policy import ChangeDay
from domain.pricing.proration import prorated
from domain.pricing.rate import Rated

D = Decimal
BY_SECOND, BY_DAY, NONE, FULL = (
    ProrationPolicy.BY_SECOND,
    ProrationPolicy.BY_DAY,
    ProrationPolicy.NONE,
    ProrationPolicy.FULL,
)
NEW, OLD = ChangeDay.NEW, ChangeDay.OLD


def june(first: int, hour: int = 0) -> datetime:
    return datetime(2024, 6, first, hour, tzinfo=UTC)


JUNE = Period(june(1), datetime(2024, 7, 1, tzinfo=UTC))


def seat(policy: ProrationPolicy, amount: str = "10", **terms: Any) -> Price:
    return Price(
        "price_1",
        "seats",
        ChargeModel.PER_SEAT,
        Cadence.MONTH,
        "EUR",
        D(amount),
        proration=policy,
        **terms,
    )


def lines(rated: Rated) -> list[str]:
    return [f"{step.quantity:f} × {step.rate:f} = {step.amount:f}, {step.label}" for step in rated.steps]


FIVE_THEN_EIGHT = [(Period(JUNE.start, june(16)), 5), (Period(june(16), JUNE.end), 8)]


@pytest.mark.parametrize(
    ("policy", "amount", "written"),
    [
        (
            BY_DAY,
            65,
            ["2.5 × 10 = 25, seats: 5 × 15/30 days", "4 × 10 = 40, seats: 8 × 15/30 days"],
        ),
        (
            BY_SECOND,
            65,
            [
                "2.5 × 10 = 25, seats: 5 × 1296000/2592000 s",
                "4 × 10 = 40, seats: 8 × 1296000/2592000 s",
            ],
        ),
        (NONE, 50, ["5 × 10 = 50, seats, as the period began"]),
        (FULL, 80, ["8 × 10 = 80, seats, the most in the period"]),
    ],
)
def test_each_quantity_costs_its_share(policy: ProrationPolicy, amount: int, written: list[str]) -> None:
    rated = prorated(seat(policy), FIVE_THEN_EIGHT, JUNE, "UTC")
    assert rated.exact == amount
    assert lines(rated) == written


@pytest.mark.parametrize("policy", ProrationPolicy)
def test_a_whole_period_reads_like_a_price_without_proration(policy: ProrationPolicy) -> None:
    assert lines(prorated(seat(policy), [(JUNE, 5)], JUNE, "UTC")) == ["5 × 10 = 50, seats"]


def test_what_does_not_end_is_shown_to_twelve_decimals_and_rounded_from_the_fraction() -> None:
    thirds = [(Period(JUNE.start, june(11)), 1), (Period(june(11), june(21)), 1), (Period(june(21), JUNE.end), 1)]
    rated = prorated(seat(BY_DAY, "0.005"), thirds, JUNE, "UTC")
    assert (
        lines(rated) == ["0.333333333333 × 0.005 = 0.001666666667, seats: 1 × 10/30 days, rounded to 12 decimals"] * 3
    )
    assert rated.exact == Fraction(1, 200)
    assert rated.amount == D("0.005")


def test_fractions_of_a_second_are_shown_too() -> None:
    part = Period(JUNE.start, JUNE.start + timedelta(seconds=1, microseconds=500_000))
    (step,) = prorated(seat(BY_SECOND), [(part, 1)], JUNE, "UTC").steps
    assert step.label == "seats: 1 × 1.5/2592000 s, rounded to 12 decimals"


def test_included_seats_come_off_each_quantity() -> None:
    rated = prorated(seat(BY_DAY, included=D(6)), FIVE_THEN_EIGHT, JUNE, "UTC")
    assert lines(rated) == [
        "2.5 × 0 = 0, included: 5 × 15/30 days",
        "0 × 10 = 0, seats: 0 × 15/30 days",
        "3 × 0 = 0, included: 6 × 15/30 days",
        "1 × 10 = 10, seats: 2 × 15/30 days",
    ]


def test_a_quantity_that_owns_no_day_leaves_no_step() -> None:
    cuts = [JUNE.start, june(18, 9), june(18, 15), JUNE.end]
    parts = [(Period(start, end), seats) for (start, end), seats in zip(pairwise(cuts), (5, 100, 8), strict=True)]
    assert lines(prorated(seat(BY_DAY, "30"), parts, JUNE, "UTC")) == [
        "2.833333333333 × 30 = 85, seats: 5 × 17/30 days, rounded to 12 decimals",
        "3.466666666667 × 30 = 104, seats: 8 × 13/30 days, rounded to 12 decimals",
    ]


def test_nothing_that_ran_costs_nothing() -> None:
    empty = Period(june(5), june(5))
    for policy in ProrationPolicy:
        assert prorated(seat(policy), [], JUNE, "UTC") == Rated(Fraction(0), ())
        assert prorated(seat(policy), [(empty, 9)], JUNE, "UTC") == Rated(Fraction(0), ())


def test_what_begins_in_mid_period_costs_nothing_until_the_next_one_under_none() -> None:
    assert prorated(seat(NONE), [(Period(june(2), JUNE.end), 5)], JUNE, "UTC").exact == 0


@pytest.mark.parametrize(("owner", "days"), [(NEW, 0), (OLD, 1)])
def test_a_seat_that_comes_and_goes_twice_in_a_day_costs_that_day_at_most_once(owner: ChangeDay, days: int) -> None:
    """Lago #4399, published case U04: each add and remove billed a day of its own."""
    stays = [(Period(june(10, 8), june(10, 9)), 1), (Period(june(10, 11), june(10, 12)), 1)]
    rated = prorated(seat(BY_DAY, "30"), stays, JUNE, "UTC", owners=[(NEW, owner), (owner, owner)])
    assert rated.exact == days


def test_after_a_gap_a_seat_begins_a_day_of_its_own() -> None:
    stays = [(Period(JUNE.start, june(5, 12)), 1), (Period(june(20, 12), JUNE.end), 1)]
    assert prorated(seat(BY_DAY, "30"), stays, JUNE, "UTC", owners=[(NEW, OLD), (NEW, OLD)]).exact == 5 + 11
    assert prorated(seat(BY_DAY, "30"), stays, JUNE, "UTC", owners=[(NEW, NEW), (NEW, NEW)]).exact == 4 + 11


def test_more_seats_and_fewer_again_is_the_difference_of_two_totals_not_a_price_of_its_own() -> None:
    """Polar #11556: a seat taken back gives what it cost for the time that is left."""
    up = prorated(seat(BY_SECOND), FIVE_THEN_EIGHT, JUNE, "UTC").exact
    back = [(Period(JUNE.start, june(16)), 5), (Period(june(16), june(23, 12)), 8), (Period(june(23, 12), JUNE.end), 5)]
    assert prorated(seat(BY_SECOND), back, JUNE, "UTC").exact == 50 + (up - 50) / 2


# ── law ──

INSTANTS = st.integers(0, 4_000_000_000_000_000).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"])


def tiles(whole: Period, cuts: Sequence[float]) -> list[Period]:
    inside = [whole.start + (whole.end - whole.start) * cut for cut in sorted(cuts)]
    return [Period(start, end) for start, end in pairwise([whole.start, *inside, whole.end])]


@given(
    anchor=INSTANTS,
    zone=ZONES,
    cuts=st.lists(st.floats(0, 1), max_size=5),
    policy=st.sampled_from([BY_SECOND, BY_DAY]),
    owner=st.sampled_from(ChangeDay),
    quantity=st.integers(0, 1000),
)
def test_a_quantity_that_does_not_change_costs_the_whole_period_however_it_is_cut(
    anchor: datetime, zone: str, cuts: list[float], policy: ProrationPolicy, owner: ChangeDay, quantity: int
) -> None:
    whole = Period(anchor, nth(anchor, Cadence.MONTH, zone, 1))
    of = seat(policy, change_day=owner)
    rated = prorated(of, [(part, quantity) for part in tiles(whole, cuts)], whole, zone)
    assert rated.exact == 10 * quantity
    shown = sum((Fraction(step.amount) for step in rated.steps), Fraction(0))
    assert abs(shown - rated.exact) <= len(rated.steps) * Fraction(1, 2 * 10**12)
