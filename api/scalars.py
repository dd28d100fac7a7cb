"""The scalars of the schema: strict on the way in, canonical on the way out.

Strawberry's own are loose (Decimal takes NaN, Infinity and 1e400; DateTime takes naive and date-only values), so none
of them is used. Every parser raises ValueError with words for the client; graphql-core adds the place.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

INTEGER_DIGITS_MAX: Final = 18
FRACTION_DIGITS_MAX: Final = 12
CURSOR_CHARS_MAX: Final = 512
JSON_DEPTH_MAX: Final = 32

_decimal = re.compile(rf"-?[0-9]{{1,{INTEGER_DIGITS_MAX}}}(\.[0-9]{{1,{FRACTION_DIGITS_MAX}}})?")
_datetime = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_date = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_currency = re.compile(r"[A-Z]{3}")
_cursor = re.compile(r"[\x21-\x7e]+")
_INTEGER_MAX: Final = 10**INTEGER_DIGITS_MAX - 1


def parse_datetime(value: Any) -> datetime:
    """RFC 3339 with an offset → UTC. Digits beyond the microsecond are cut."""
    if not isinstance(value, str) or not _datetime.fullmatch(value):
        raise ValueError("a DateTime is RFC 3339 with an offset, such as 2026-03-01T09:30:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("this DateTime does not exist") from None


def write_datetime(value: Any) -> str:
    """UTC with Z; microseconds only if there are any."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("a DateTime is a datetime with a zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def parse_date(value: Any) -> date:
    """A calendar day, YYYY-MM-DD."""
    if not isinstance(value, str) or not _date.fullmatch(value):
        raise ValueError("a Date is YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("this Date does not exist") from None


def write_date(value: Any) -> str:
    """A calendar day, YYYY-MM-DD."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError("a Date is a date")
    return value.isoformat()


def parse_decimal(value: Any) -> Decimal:
    """A finite decimal from a string, or from an integer; a float has lost digits before we see it."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) <= _INTEGER_MAX:
            return Decimal(value)
    elif isinstance(value, str) and _decimal.fullmatch(value):
        return Decimal(value)
    raise ValueError(
        f'a Decimal is a string such as "12.50" or an integer, of at most {INTEGER_DIGITS_MAX} integer and '
        f"{FRACTION_DIGITS_MAX} fraction digits, without an exponent"
    )


def write_decimal(value: Any) -> str:
    """Plain digits, never an exponent; -0 is 0."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError("a Decimal is a decimal or an integer")
    number = Decimal(value)
    if not number.is_finite():
        raise TypeError("a Decimal is finite")
    return format(number if number else abs(number), "f")


def parse_currency(value: Any) -> str:
    """An ISO 4217 code: three capital letters. Whether it is one we bill in is for the domain to say."""
    if not isinstance(value, str) or not _currency.fullmatch(value):
        raise ValueError("a Currency is an ISO 4217 code such as EUR")
    return value


def parse_cursor(value: Any) -> str:
    """An opaque position, as it was given out."""
    if not isinstance(value, str) or len(value) > CURSOR_CHARS_MAX or not _cursor.fullmatch(value):
        raise ValueError("a Cursor is what the API gave out")
    return value


def parse_json(value: Any) -> Any:
    """Any value, but not a tower: what reads it later walks down by recursion."""
    level = [value]
    for _ in range(JSON_DEPTH_MAX):
        level = [
            inner
            for child in level
            if isinstance(child, dict | list)
            for inner in (child.values() if isinstance(child, dict) else child)
        ]
        if not level:
            return value
    raise ValueError(f"a JSON value is at most {JSON_DEPTH_MAX} levels deep")


def _same(value: Any) -> Any:
    return value


Currency = NewType("Currency", str)
JSON = NewType("JSON", object)
Cursor = NewType("Cursor", str)

# For StrawberryConfig(scalar_map=SCALARS). Fields are annotated with the Python type on the left.
SCALARS: Final[dict[object, ScalarDefinition]] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant: RFC 3339 with an offset on the way in, UTC with Z on the way out.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        parse_value=parse_datetime,
        serialize=write_datetime,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day, YYYY-MM-DD.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        parse_value=parse_date,
        serialize=write_date,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description=(
            "An exact decimal number: a string (or an integer) on the way in, a string on the way out. Never a float, "
            "NaN, Infinity or an exponent; at most 18 integer and 12 fraction digits."
        ),
        parse_value=parse_decimal,
        serialize=write_decimal,
    ),
    Currency: strawberry.scalar(
        name="Currency",
        description="A currency, by its ISO 4217 code such as EUR.",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        parse_value=parse_currency,
        serialize=str,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, at most 32 levels deep.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        parse_value=parse_json,
        serialize=_same,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="A position in the journal, as the API gave it out: opaque, at most 512 characters.",
        parse_value=parse_cursor,
        serialize=str,
    ),
}
