"""What a meter read in a period: from the hours that lie in it, and from single events only where an hour is cut in two
by an edge of the period and has readings on both sides."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from msgspec.structs import replace

from adapters.postgres.driver import Driver
from adapters.postgres.usage import distinct, hours, meters, readings
from adapters.postgres.usage.hours import HourRange
from adapters.postgres.usage.meters import CustomerMeter, MeterRow
from adapters.postgres.usage.readings import MeterSpan
from domain.catalog import Aggregation, Meter
from domain.period import BEGINNING, Grain, Period, bucket
from domain.usage import ADDS_UP, HourRollup, merge, total

_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)
LEVELS = frozenset({Aggregation.LATEST, Aggregation.TIME_WEIGHTED})


class UsageQuery(NamedTuple):
    """What did the meter read for `period`, at the customer's instant `at`? With `as_of` only readings up to and
    including that instant count; without, all that are recorded, also those whose clock ran a little ahead of ours.
    With `subscription_id` only events that name it count; a meter that does not add up has none."""

    customer_id: str
    meter: Meter
    period: Period
    at: datetime
    as_of: datetime | None = None
    subscription_id: str | None = None


class PeriodSummary(NamedTuple):
    """What the figure of a period is computed from: roll-ups within it, the last level before it, the number of
    texts."""

    rollups: list[HourRollup]
    level_before: Decimal | None
    texts: int


_NOTHING = PeriodSummary([], None, 0)


async def used(driver: Driver, queries: Sequence[UsageQuery]) -> list[Decimal]:
    """One figure for each query. The number of statements does not grow with the number of queries. Writes nothing."""
    rows = await meters.read(driver, {(query.customer_id, query.meter.key) for query in queries})
    summaries: dict[int, PeriodSummary] = {}
    spans: dict[int, MeterSpan] = {}
    for n, query in enumerate(queries):
        row = rows.get((query.customer_id, query.meter.key))
        summary = _NOTHING if _names_without_effect(query) else _remembered(row, query) if row else None
        if summary is not None:
            summaries[n] = summary
        else:
            stop = query.period.end if query.as_of is None else min(query.period.end, query.as_of + _MICROSECOND)
            spans[n] = MeterSpan(
                query.customer_id, query.meter, min(query.period.start, stop), stop, query.subscription_id
            )
    complete = {key for key, row in rows.items() if row.complete}
    # The level at the end of a period is all that LATEST reads, and needs no look at the hours before.
    ends = {n: span for n, span in spans.items() if span.meter.aggregation is Aggregation.LATEST}
    levels = await _levels_before(driver, [span._replace(start=span.stop) for span in ends.values()], complete)
    summaries |= {n: PeriodSummary([], levels.get(position), 0) for position, n in enumerate(ends)}
    others = {n: span for n, span in spans.items() if n not in ends}
    summaries |= dict(zip(others, await summarize(driver, list(others.values()), complete), strict=True))
    return [figure(query, summaries[n]) for n, query in enumerate(queries)]


def figure(query: UsageQuery, summary: PeriodSummary) -> Decimal:
    """The figure of a period from its summary."""
    aggregation = query.meter.aggregation
    last = max((rollup.last_time for rollup in summary.rollups), default=query.at)
    until = query.as_of or max(query.at, last)
    if aggregation is Aggregation.TIME_WEIGHTED and until < query.period.start:
        return Decimal(0)
    return total(aggregation, summary.rollups, summary.level_before, query.period, until, distinct=summary.texts)


async def remember(driver: Driver, row: MeterRow, meter: Meter, period: Period) -> MeterRow:
    """The locked row with the roll-up of this period, added up if it remembers another. `meters.write` stores it."""
    if row.period == period:
        return row
    span = MeterSpan(row.customer_id, meter, period.start, period.end)
    (summary,) = await summarize(driver, [span], [row.key] if row.complete else [])
    ordered = sorted(summary.rollups, key=lambda rollup: rollup.first_time)
    rollup = reduce(lambda a, b: merge(meter.aggregation, a, b), ordered) if ordered else None
    return row._replace(period=period, rollup=rollup, level_before=summary.level_before, texts=summary.texts)


async def summarize(
    driver: Driver, spans: Sequence[MeterSpan], complete: Collection[CustomerMeter]
) -> list[PeriodSummary]:
    """What was read in each span. Meters whose hours are not `complete` are read from their events."""
    rollups: list[list[HourRollup]] = [[] for _ in spans]
    pieces: list[tuple[int, MeterSpan, HourRollup | None]] = []
    by_hours = [n for n, span in enumerate(spans) if _key(span) in complete]
    pieces += [(n, span, None) for n, span in enumerate(spans) if _key(span) not in complete]
    found = await hours.read(driver, [_hour_range(spans[n]) for n in by_hours])
    for n, rows in zip(by_hours, found, strict=True):
        span = spans[n]
        for hour, rollup in rows:
            if span.start <= rollup.first_time and rollup.last_time < span.stop:
                rollups[n].append(rollup)
            elif rollup.first_time < span.stop and span.start <= rollup.last_time:  # an edge cuts this hour
                piece = span._replace(start=max(hour, span.start), stop=min(hour + _HOUR, span.stop))
                pieces.append((n, piece, rollup))
    found = await readings.by_hour(driver, [piece for _, piece, _ in pieces])
    for (n, piece, hour_rollup), rows in zip(pieces, found, strict=True):
        rollups[n] += [rollup for _, rollup in rows]
        # If its last reading is not there, the hour's events are past retention. It counts where that reading lay.
        if not rows and hour_rollup is not None and piece.start <= hour_rollup.last_time < piece.stop:
            rollups[n].append(replace(hour_rollup, first_time=hour_rollup.last_time, area=Decimal(0)))
    levels = await _levels_before(driver, spans, complete)
    texts = await _texts(driver, spans, complete)
    return [PeriodSummary(rollups[n], levels.get(n), texts.get(n, 0)) for n in range(len(spans))]


async def _levels_before(
    driver: Driver, spans: Sequence[MeterSpan], complete: Collection[CustomerMeter]
) -> dict[int, Decimal]:
    """By the span's position: the last level read before it, if there is one."""
    wanted = {
        n: span._replace(start=_hour(span.start) if _key(span) in complete else BEGINNING, stop=span.start)
        for n, span in enumerate(spans)
        if span.meter.aggregation in LEVELS
    }
    levels = await readings.level_before(driver, list(wanted.values()))
    return {n: level for n, level in zip(wanted, levels, strict=True) if level is not None}


async def _texts(driver: Driver, spans: Sequence[MeterSpan], complete: Collection[CustomerMeter]) -> dict[int, int]:
    """By the span's position: how many different texts it has."""
    wanted = {n: span for n, span in enumerate(spans) if span.meter.aggregation is Aggregation.UNIQUE}
    # Within a single hour only the events can tell which of its texts lie between the two edges.
    by_hours = [n for n, span in wanted.items() if _key(span) in complete and _hour(span.start) + _HOUR <= span.stop]
    by_events = [n for n in wanted if n not in by_hours]
    counted = await distinct.count(driver, [wanted[n] for n in by_hours])
    counted += await distinct.count_events(driver, [wanted[n] for n in by_events])
    return dict(zip(by_hours + by_events, counted, strict=True))


def _names_without_effect(query: UsageQuery) -> bool:
    return query.subscription_id is not None and query.meter.aggregation not in ADDS_UP


def _remembered(row: MeterRow, query: UsageQuery) -> PeriodSummary | None:
    """The summary from the row, if the row is of the query's period and holds no reading later than its `as_of`."""
    if not row.complete or row.period != query.period or query.subscription_id is not None:
        return None
    if query.as_of is not None and row.rollup is not None and row.rollup.last_time > query.as_of:
        return None
    return PeriodSummary([row.rollup] if row.rollup else [], row.level_before, row.texts)


def _hour_range(span: MeterSpan) -> HourRange:
    first, last = _hour(span.start), _hour(span.stop)
    return HourRange(
        span.customer_id,
        hours.key_of(span.meter.key, span.subscription_id),
        first,
        span.stop,
        first if first == span.start else first + _HOUR,
        last,
        span.meter.aggregation is Aggregation.TIME_WEIGHTED,
    )


def _hour(at: datetime) -> datetime:
    return bucket(at, Grain.HOUR, "UTC").start


def _key(span: MeterSpan) -> CustomerMeter:
    return span.customer_id, span.meter.key
