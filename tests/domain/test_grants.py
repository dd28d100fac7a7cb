"""Burning down: which source a use is taken from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from domain.grants import Pot, burn

NOW = datetime(2024, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HUNDRED = Decimal(100)


def pot(id: str, amount: int = 100, priority: int = 1, expires: timedelta | None = None, age: timedelta = DAY) -> Pot:
    return Pot(id, Decimal(amount), NOW - age, priority, None if expires is None else NOW + expires)


def test_the_lower_priority_number_burns_first() -> None:
    burned = burn([pot("second", priority=2), pot("first", priority=1)], Decimal(120), NOW)
    assert burned.left == {"first": 0, "second": 80}
    assert burned.overage == 0


def test_of_equal_priority_the_soonest_expiry_burns_first_and_never_comes_last() -> None:
    pots = [pot("never"), pot("late", expires=9 * DAY), pot("soon", expires=DAY)]
    assert burn(pots, Decimal(120), NOW).left == {"soon": 0, "late": 80, "never": 100}


def test_of_equal_expiry_the_older_burns_first() -> None:
    pots = [pot("young", age=DAY), pot("old", age=2 * DAY)]
    assert burn(pots, Decimal(120), NOW).left == {"old": 0, "young": 80}


def test_a_pot_counts_from_its_start_and_no_longer_at_its_expiry() -> None:
    begins_now, begun_later = pot("now", age=0 * DAY), pot("later", age=-DAY)
    ends_now, ends_later = pot("ended", expires=0 * DAY), pot("ending", expires=timedelta(microseconds=1))
    assert set(burn([begins_now, begun_later, ends_now, ends_later], Decimal(0), NOW).left) == {"now", "ending"}


def test_what_no_pot_covers_is_overage() -> None:
    assert burn([], Decimal(50), NOW).overage == 50
    assert burn([pot("one", 30), pot("two", 10)], Decimal(50), NOW).overage == 10


def test_a_use_below_zero_fills_no_pot() -> None:
    burned = burn([pot("one")], Decimal(-5), NOW)
    assert burned.left == {"one": 100}
    assert burned.overage == 0


def test_20_000_pots_burn_in_well_under_a_second() -> None:
    pots = [pot(f"{n}", expires=timedelta(minutes=20_000 - n)) for n in range(20_000)]
    begin = perf_counter()
    burned = burn(pots, Decimal(99), NOW)
    assert perf_counter() - begin < 1
    assert burned.left["19999"] == 1
    assert list(burned.left.values())[1:] == [HUNDRED] * 19_999


POTS = st.lists(
    st.builds(
        pot,
        st.uuids().map(str),
        st.integers(0, 1000),
        st.integers(0, 3),
        st.none() | st.sampled_from([-DAY, DAY, 2 * DAY]),
        st.sampled_from([-DAY, DAY, 2 * DAY]),
    ),
    max_size=20,
    unique_by=lambda one: one.id,
)


@given(POTS, st.integers(0, 10_000).map(Decimal), st.randoms())
def test_used_and_left_add_up_to_given_and_overage_in_any_order(pots: list[Pot], used: Decimal, dice: Random) -> None:
    burned = burn(pots, used, NOW)
    given_now = sum((one.amount for one in pots if one.active(NOW)), Decimal(0))
    assert used + sum(burned.left.values()) == given_now + burned.overage
    assert burned.overage == 0 or not any(burned.left.values())
    shuffled = list(pots)
    dice.shuffle(shuffled)
    assert burn(shuffled, used, NOW) == burned
