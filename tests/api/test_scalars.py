"""Scalars take only what they can keep exactly, and write it in one form."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import scalars


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01t09:30:00z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:00+02:00", datetime(2026, 3, 1, 7, 30, tzinfo=UTC)),
        ("2026-03-01T00:30:00.25-05:30", datetime(2026, 3, 1, 6, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-03-01T09:30:00.123456789Z", datetime(2026, 3, 1, 9, 30, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_has_an_offset(text: str, instant: datetime) -> None:
    assert scalars.parse_datetime(text) == instant
    assert scalars.parse_datetime(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("parse", "refused"),
    [
        (
            scalars.parse_datetime,
            [
                "2026-03-01T09:30:00", "2026-03-01", "2026-03-01 09:30:00Z", "2026-02-30T00:00:00Z", "", "now", 0, None,
                True, "2026-03-01T09:30Z", "20260301T093000Z", "2026-03-01T25:00:00Z", "2026-03-01T09:30:00+0200",
                "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "٢٠٢٦-03-01T09:30:00Z", 1767225600.5,
                "2026-03-01T09:30:00Z\n", "2026-03-01T09:30:60Z",
            ],
        ),
        (scalars.parse_date, ["2026-02-29", "20260301", "2026-03-01T00:00:00Z", "2026-W01-1", 20260301, None, ""]),
        (
            scalars.parse_decimal,
            [
                1.5, "1e5", "1E-5", "NaN", "Infinity", "-Infinity", "sNaN", "", " 1", "1 ", "1_000", "+1", ".5", "5.",
                "0x10", True, False, None, [], {}, "1" * 19, 10**18, -(10**18), "0." + "1" * 13, "١", "1\n", "--1",
            ],
        ),
        (scalars.parse_currency, ["eur", "EURO", "EU", "", 978, None, "E1R", "EUR\n"]),
        (scalars.parse_cursor, ["", "a" * 513, "with space", "\x00", "ü", 7, None]),
    ],
)  # fmt: skip
def test_what_is_not_exactly_the_scalar_is_refused(parse: Callable[[Any], Any], refused: list[Any]) -> None:
    for value in refused:
        with pytest.raises(ValueError, match=r"\w"):
            parse(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00Z"),
        (datetime(2026, 3, 1, 1, 0, 0, 5, tzinfo=timezone(timedelta(hours=1))), "2026-03-01T00:00:00.000005Z"),
    ],
)
def test_an_instant_is_written_in_utc(value: datetime, text: str) -> None:
    assert scalars.write_datetime(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+5"), "100000"),
        (Decimal("0.000000000001"), "0.000000000001"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("1.50"), "1.50"),
        (7, "7"),
    ],
)
def test_a_decimal_is_written_without_an_exponent(value: Decimal, text: str) -> None:
    assert scalars.write_decimal(value) == text


@pytest.mark.parametrize(
    ("write", "value"),
    [
        (scalars.write_datetime, datetime(2026, 3, 1)),  # noqa: DTZ001 - the naive one is what is refused
        (scalars.write_datetime, "2026-03-01"),
        (scalars.write_date, datetime(2026, 3, 1, tzinfo=UTC)),
        (scalars.write_decimal, Decimal("NaN")),
        (scalars.write_decimal, 1.5),
        (scalars.write_decimal, True),
    ],
)
def test_our_own_mistakes_are_not_written(write: Callable[[Any], str], value: Any) -> None:
    with pytest.raises(TypeError):
        write(value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_survive(instant: datetime) -> None:
    assert scalars.parse_datetime(scalars.write_datetime(instant)) == instant


@given(st.dates())
def test_dates_survive(day: date) -> None:
    assert scalars.parse_date(scalars.write_date(day)) == day


@given(st.decimals(min_value=-(10**18) + 1, max_value=10**18 - 1, places=12))
def test_decimals_survive(number: Decimal) -> None:
    assert scalars.parse_decimal(scalars.write_decimal(number)) == number
