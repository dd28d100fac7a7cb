"""The rate limit: a budget of points per credential that refills steadily."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Role
from service.access.rate_limit import RateLimit, Remaining

ANA, BEN = "key_ana", "key_ben"


def test_points_are_spent_and_come_back_with_time() -> None:
    limit = RateLimit(100)
    assert limit.spend(ANA, 60, 0.0) == Remaining(100, 40, 0)
    assert limit.spend(ANA, 60, 0.0) == Remaining(100, 40, pytest.approx(0.2))
    assert limit.spend(ANA, 60, 0.2) == Remaining(100, 0, 0)
    assert limit.spend(ANA, 0, 60.0) == Remaining(100, 100, 0)


def test_a_refusal_takes_nothing() -> None:
    limit = RateLimit(100)
    limit.spend(ANA, 90, 0.0)
    for _ in range(10):
        refused = limit.spend(ANA, 20, 0.0)
        assert refused is not None
        assert not refused.allowed
    assert limit.spend(ANA, 10, 0.0) == Remaining(100, 0, 0)


def test_credentials_do_not_share() -> None:
    limit = RateLimit(100)
    limit.spend(ANA, 100, 0.0)
    assert limit.spend(BEN, 100, 0.0) == Remaining(100, 0, 0)


def test_a_cost_above_the_budget_is_allowed_from_full_and_paid_off_afterwards() -> None:
    limit = RateLimit(100)
    assert limit.spend(ANA, 300, 0.0) == Remaining(100, 0, 0)
    assert limit.spend(ANA, 1, 0.0) == Remaining(100, 0, pytest.approx(2.01))
    assert limit.spend(ANA, 300, 2.5) == Remaining(100, 50, pytest.approx(0.5))
    assert limit.spend(ANA, 300, 3.0) == Remaining(100, 0, 0)


def test_what_was_not_used_is_given_back_and_never_more_than_the_budget() -> None:
    limit = RateLimit(100)
    limit.spend(ANA, 80, 0.0)
    limit.give_back(ANA, 70)
    assert limit.spend(ANA, 90, 0.0) == Remaining(100, 0, 0)
    limit.give_back(ANA, 1_000)
    limit.give_back(BEN, 1_000)
    assert limit.spend(ANA, 100, 0.0) == Remaining(100, 0, 0)
    assert limit.spend(BEN, 100, 0.0) == Remaining(100, 0, 0)


def test_a_customer_has_a_tenth() -> None:
    assert RateLimit(100).spend(ANA, 1, 0.0, Role.CUSTOMER) == Remaining(10, 9, 0)
    assert RateLimit(1).spend(ANA, 1, 0.0, Role.CUSTOMER) == Remaining(1, 0, 0)


def test_zero_is_no_limit() -> None:
    assert RateLimit(0).spend(ANA, 10**9, 0.0) is None


def test_the_number_of_buckets_is_bounded_and_the_least_recent_is_forgotten() -> None:
    limit = RateLimit(100, buckets_max=2)
    for one in (ANA, BEN, ANA, "key_cy"):
        limit.spend(one, 10, 0.0)
    assert limit.spend(ANA, 10, 0.0) == Remaining(100, 70, 0)
    assert limit.spend(BEN, 10, 0.0) == Remaining(100, 90, 0)


@given(st.lists(st.tuples(st.integers(0, 250), st.floats(0, 2)), max_size=60))
def test_no_schedule_gets_more_than_the_rate_and_one_burst(asked: list[tuple[int, float]]) -> None:
    """The last request may owe up to its own cost; everything else was there when it was spent."""
    limit, now, spent = RateLimit(100), 0.0, 0
    for cost, wait in asked:
        now += wait
        left = limit.spend(ANA, cost, now)
        assert left is not None
        assert 0 <= left.remaining <= left.limit
        if left.allowed:
            assert spent <= 100 + 100 * now + 1e-6
            spent += cost


@given(st.integers(1, 500), st.lists(st.integers(1, 300), max_size=5))
def test_whoever_waits_as_told_is_served(cost: int, before: list[int]) -> None:
    limit = RateLimit(100)
    for one in before:
        limit.spend(ANA, one, 0.0)
    told = limit.spend(ANA, cost, 0.0)
    assert told is not None
    if not told.allowed:
        again = limit.spend(ANA, cost, told.retry_after + 1e-9)
        assert again is not None
        assert again.allowed
