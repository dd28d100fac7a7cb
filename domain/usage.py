"""Usage: what a meter reads, from events to hours to the value of a period.

Raw events are rolled up by the hour. A roll-up holds all that any aggregation needs, exactly, so the value of a
period is put together from its whole hours, plus roll-ups of the raw events in the hours it cuts.

Which readings count for a period is decided by instants, to the microsecond, and nothing else; their order of
arrival changes nothing. Nothing is rounded on the way: a rounding belongs to the finished figure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise

from msgspec import Struct

from domain.catalog import Aggregation, Meter
from domain.exact import EXACT, ZERO, divided, exact_sum, plain
from domain.period import Period

FRACTION_DIGITS = 12
ADDS_UP = frozenset({Aggregation.SUM, Aggregation.COUNT})
"""Of these the figure of all events is the sum of the figures of any parts of them."""
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = Decimal(3_600_000_000)
_LARGEST = Decimal(10**18)
_TEXT_LENGTH_MAX = 256
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")


class Interleaved(ValueError):
    """Parts of a time-weighted meter overlap in time: only the raw events can tell their area. A mistake of ours."""


class Reading(Struct, frozen=True):
    """One event as its meter reads it. `text` is the value that a UNIQUE meter tells apart."""

    time: datetime
    value: Decimal
    text: str | None = None


class HourRollup(Struct, frozen=True):
    """All that the readings of an hour (or of a part of it, never none) say about any aggregation.

    `area` is the integral of the level from the first reading to the last, in unit-microseconds, so that it is exact;
    0 unless the meter is TIME_WEIGHTED. The different texts of a UNIQUE meter are kept apart from this row.
    """

    count: int
    sum: Decimal
    max: Decimal
    first_time: datetime
    last_time: datetime
    last_value: Decimal
    area: Decimal = ZERO


class Measured(Struct, frozen=True):
    """What a meter reads off an event."""

    value: Decimal
    text: str | None = None


class Rejected(Struct, frozen=True):
    """Why a meter cannot read an event, in words for its sender."""

    message: str


def value_of(meter: Meter, value: object, properties: Mapping[str, object] | None) -> Measured | Rejected:
    """What the meter reads off an event's `value` and `properties`.

    COUNT reads 1 off any event. UNIQUE reads the text (or whole number) in its property. The others read a decimal
    number off their property, or off the event's value if they name none. A float is refused: 0.1 is not a tenth.
    """
    if meter.aggregation is Aggregation.COUNT:
        return Measured(Decimal(1))
    where = "value" if meter.property is None else f"properties.{meter.property}"
    found = value if meter.property is None else (properties or {}).get(meter.property)
    if found is None:
        return Rejected(f"{where} is missing: the meter {meter.key} reads it")
    if meter.aggregation is Aggregation.UNIQUE:
        text = _text(found)
        if text is None:
            return Rejected(f"{where} must be a text of 1 to {_TEXT_LENGTH_MAX} characters, or a whole number")
        return Measured(Decimal(1), text)
    number = _number(found)
    if number is None:
        return Rejected(
            f"{where} must be a decimal number, as text or as a whole number, "
            f"with at most 18 digits before the point and {FRACTION_DIGITS} after it"
        )
    return Measured(number)


def roll_up(aggregation: Aggregation, readings: Iterable[Reading]) -> HourRollup:
    """Sum up one or more readings of one meter. Of two levels at the same microsecond the higher one holds."""
    rows = sorted(readings, key=lambda reading: (reading.time, reading.value))
    assert rows, "a roll-up holds at least one reading"
    timed = aggregation is Aggregation.TIME_WEIGHTED
    return HourRollup(
        count=len(rows),
        sum=exact_sum(row.value for row in rows),
        max=max(row.value for row in rows),
        first_time=rows[0].time,
        last_time=rows[-1].time,
        last_value=rows[-1].value,
        area=exact_sum(_area(a.value, a.time, b.time) for a, b in pairwise(rows)) if timed else ZERO,
    )


def joins(aggregation: Aggregation, a: HourRollup, b: HourRollup) -> bool:
    """Whether `merge` can put the two together. If not, roll up the raw events of both again."""
    return aggregation is not Aggregation.TIME_WEIGHTED or a.last_time < b.first_time or b.last_time < a.first_time


def merge(aggregation: Aggregation, a: HourRollup, b: HourRollup) -> HourRollup:
    """The roll-up of the readings of both, in either order.

    Parts of a TIME_WEIGHTED meter must lie one after the other: a level read between two others changes their area.
    """
    if not joins(aggregation, a, b):
        raise Interleaved(f"{a.first_time} to {a.last_time} overlaps {b.first_time} to {b.last_time}")
    if (b.last_time, b.last_value) < (a.last_time, a.last_value):
        a, b = b, a
    area = ZERO
    if aggregation is Aggregation.TIME_WEIGHTED:
        area = exact_sum((a.area, _area(a.last_value, a.last_time, b.first_time), b.area))
    return HourRollup(
        count=a.count + b.count,
        sum=EXACT.add(a.sum, b.sum),
        max=max(a.max, b.max),
        first_time=min(a.first_time, b.first_time),
        last_time=b.last_time,
        last_value=b.last_value,
        area=area,
    )


def total(
    aggregation: Aggregation,
    rollups: Sequence[HourRollup],
    level_before: Decimal | None,
    period: Period,
    until: datetime,
    *,
    distinct: int = 0,
) -> Decimal:
    """What the meter reads for `period` at the instant `until`.

    `rollups` hold the period's readings up to and including `until`, and no others. `level_before` is the last level
    read before the period (LATEST and TIME_WEIGHTED carry it in; None: none yet, so 0), `distinct` the number of
    different texts in it (UNIQUE). TIME_WEIGHTED is in unit-hours, rounded once, half up, to 12 decimals.
    """
    assert all(period.start <= row.first_time and row.last_time < period.end for row in rollups)
    assert all(row.last_time <= until for row in rollups)
    match aggregation:
        case Aggregation.COUNT:
            return Decimal(sum(row.count for row in rollups))
        case Aggregation.SUM:
            return plain(exact_sum(row.sum for row in rollups))
        case Aggregation.MAX:
            return plain(max((row.max for row in rollups), default=ZERO))
        case Aggregation.UNIQUE:
            return Decimal(distinct)
        case Aggregation.LATEST:
            last = max(rollups, key=lambda row: (row.last_time, row.last_value), default=None)
            return plain(last.last_value if last else level_before or ZERO)
        case Aggregation.TIME_WEIGHTED:
            return _unit_hours(rollups, level_before or ZERO, period.start, min(until, period.end))


def carry_over(earlier: Iterable[tuple[Decimal | None, Decimal | None, Decimal]]) -> Decimal:
    """What rolls into the present period, given (limit, rollover, used) of each complete period before it, oldest
    first. A limit of None is unlimited; a rollover of None lets all through.

    A period leaves over what it had (its limit and what rolled into it) less what it used, never less than nothing and
    never more than `rollover`. 100 a month with at most 50 rolling over: 10 used leaves 50, then 120 used leaves 30.
    """
    carried = ZERO
    with localcontext(EXACT):
        for limit, rollover, used in earlier:
            if limit is None:
                carried = rollover or ZERO
            else:
                left = max(ZERO, limit + carried - used)
                carried = left if rollover is None else min(rollover, left)
    return carried


def percent(used: Decimal, limit: Decimal | None) -> Decimal | None:
    """How much of the limit is used, in percent, cut to 2 decimals: 100 means reached. A limit of 0 always is.
    None: unlimited."""
    if limit is None:
        return None
    if limit <= 0:
        return Decimal(100)
    return divided(EXACT.multiply(used, Decimal(100)), limit, 2, ROUND_DOWN)


def _unit_hours(rollups: Sequence[HourRollup], level: Decimal, start: datetime, end: datetime) -> Decimal:
    area = ZERO
    clock = start
    for row in sorted(rollups, key=lambda row: row.first_time):
        if row.first_time < clock or (row.first_time == clock and clock != start):
            raise Interleaved(f"a roll-up begins at {row.first_time}, within the one that ends at {clock}")
        area = exact_sum((area, _area(level, clock, row.first_time), row.area))
        clock, level = row.last_time, row.last_value
    area = EXACT.add(area, _area(level, clock, max(clock, end)))
    return divided(area, _MICROSECONDS_PER_HOUR, FRACTION_DIGITS, ROUND_HALF_UP)


def _area(level: Decimal, start: datetime, end: datetime) -> Decimal:
    return EXACT.multiply(level, Decimal((end - start) // _MICROSECOND))


def _number(found: object) -> Decimal | None:
    if isinstance(found, str):
        return (Decimal(found) or ZERO) if _DECIMAL.fullmatch(found) else None  # "-0" is 0
    if isinstance(found, int) and not isinstance(found, bool):
        return Decimal(found) if abs(found) < _LARGEST else None
    if isinstance(found, Decimal) and found.is_finite() and len(found.as_tuple().digits) <= 64:
        number = plain(found) if found.adjusted() < 18 else _LARGEST
        exponent = number.as_tuple().exponent
        return number if abs(number) < _LARGEST and int(exponent) >= -FRACTION_DIGITS else None
    return None


def _text(found: object) -> str | None:
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found) if abs(found) < _LARGEST else None
    if not isinstance(found, str) or not 0 < len(found) <= _TEXT_LENGTH_MAX or "\0" in found:
        return None
    # A half of a surrogate pair cannot be stored: it is no character.
    return None if any("\ud800" <= sign <= "\udfff" for sign in found) else found
