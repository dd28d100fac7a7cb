"""Cursors of live states: short, told apart, and exact about what was seen."""

import pytest

from service.live.cursors import CURSOR_CHARS_MAX, BadCursor
from service.live.sightings import (
    FEATURES_MAX,
    NUMBERED_MAX,
    Numbers,
    digest,
    feature_hash,
    state_cursor,
    state_seen,
    usage_cursor,
    usage_seen,
)

ID = "customer_01jd0000000000000000000000"


def test_a_usage_cursor_holds_what_was_seen_and_of_too_many_meters_those_shown_last() -> None:
    seen = {feature_hash(f"feature {n}"): digest(n) for n in range(FEATURES_MAX)}
    assert usage_seen(usage_cursor(ID, seen), ID) == seen
    more = {feature_hash("first"): digest("first"), **seen}
    assert usage_seen(usage_cursor(ID, more), ID) == seen
    assert len(usage_cursor(ID, more)) <= CURSOR_CHARS_MAX
    assert usage_seen(usage_cursor(ID, {}), ID) == {}


def test_a_cursor_of_another_customer_or_kind_is_refused() -> None:
    cursor = state_cursor("entitlements", ID, digest(1))
    assert state_seen(cursor, "entitlements", ID) == digest(1)
    for kind, owner in (("billingStatus", ID), ("entitlements", ID[:-1] + "1")):
        with pytest.raises(BadCursor):
            state_seen(cursor, kind, owner)
    with pytest.raises(BadCursor):
        usage_seen(cursor, ID)


def test_a_state_keeps_its_number_while_it_is_the_latest_and_a_new_one_is_numbered_higher() -> None:
    numbers = Numbers()
    first = numbers.number("a", b"1")
    assert numbers.number("a", b"1") == first
    second = numbers.number("a", b"2")
    assert second > first
    assert numbers.number("a", b"1") > second  # it came back: a change like any other
    assert numbers.number("b", b"1") > second


def test_numbers_are_kept_for_so_many_channels_and_a_forgotten_one_goes_on_higher() -> None:
    numbers = Numbers()
    first = numbers.number("a", b"1")
    last = max(numbers.number(n, b"1") for n in range(NUMBERED_MAX))
    assert numbers.number("a", b"1") > last > first
