"""What meters read off the single events, corrections counted: for hours that have to be rolled up again and for the
pieces of hours at the edges of a period."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from adapters.postgres.driver import Driver
from domain.catalog import Meter
from domain.usage import HourRollup


class MeterSpan(NamedTuple):
    """The instants from `start` to before `stop` of one customer's meter; with `subscription_id` only the events that
    name it."""

    customer_id: str
    meter: Meter
    start: datetime
    stop: datetime
    subscription_id: str | None = None


WANTED = """
    unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
        $8::text[]) WITH ORDINALITY AS w (customer_id, meter_key, type, aggregation, property, start, stop, named, n)
"""
# The events of a span as they count: of an event and its corrections the last one, none if that retracts it.
EVENTS = """
    usage_events e ON e.customer_id = w.customer_id AND e.type = w.type AND e.time >= w.start AND e.time < w.stop
        AND (w.named IS NULL OR e.subscription_id = w.named) AND NOT e.retracted AND NOT EXISTS (
            SELECT FROM usage_events c
            WHERE c.corrects IS NOT NULL AND c.customer_id = e.customer_id AND c.type = e.type AND c.time = e.time
              AND c.source = e.source AND c.corrects = coalesce(e.corrects, e.id) AND c.revision > e.revision)
"""
READING = "usage_reading(w.aggregation, w.property, e.value, e.properties)"
# domain.usage.roll_up by hour. A level's area is the sum of each reading times the microseconds to the next one.
_BY_HOUR = f"""
    SELECT n::int, hour, count(*), sum(v), max(v), min(time), max(time), (array_agg(v ORDER BY time DESC, v DESC))[1],
        coalesce(sum(v * microseconds), 0)
    FROM (
        SELECT n, hour, time, v, CASE WHEN aggregation = 'TIME_WEIGHTED' THEN
            (extract(epoch FROM lead(time) OVER (PARTITION BY n, hour ORDER BY time, v) - time) * 1000000)::bigint
            END AS microseconds
        FROM (
            SELECT w.n, w.aggregation, date_trunc('hour', e.time, 'UTC') AS hour, e.time, {READING} AS v
            FROM {WANTED} JOIN {EVENTS}
        ) events WHERE v IS NOT NULL
    ) readings GROUP BY n, hour ORDER BY n, hour
"""
_NAMED = f"""
    SELECT DISTINCT w.n::int, e.subscription_id FROM {WANTED} JOIN {EVENTS} AND e.subscription_id IS NOT NULL
"""
_LEVEL_BEFORE = f"""
    SELECT w.n::int, coalesce(single.v, hours.v)
    FROM {WANTED}
    LEFT JOIN LATERAL (
        SELECT v FROM (SELECT e.time, {READING} AS v FROM (SELECT 1) one JOIN {EVENTS}) events
        WHERE v IS NOT NULL ORDER BY time DESC, v DESC LIMIT 1
    ) single ON true
    LEFT JOIN LATERAL (
        SELECT h.last_value AS v FROM usage_hours h
        WHERE h.customer_id = w.customer_id AND h.meter_key = w.meter_key AND h.hour < w.start
        ORDER BY h.hour DESC LIMIT 1
    ) hours ON single.v IS NULL
"""


def columns(spans: Sequence[MeterSpan]) -> list[list[object]]:
    """The spans as the arrays that WANTED takes."""
    rows = [
        (
            s.customer_id,
            s.meter.key,
            s.meter.event_type,
            s.meter.aggregation,
            s.meter.property,
            s.start,
            s.stop,
            s.subscription_id,
        )
        for s in spans
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def by_hour(driver: Driver, spans: Sequence[MeterSpan]) -> list[list[tuple[datetime, HourRollup]]]:
    """For each span the roll-ups of its readings by hour, in order. Hours without readings are left out."""
    found: list[list[tuple[datetime, HourRollup]]] = [[] for _ in spans]
    if spans:
        for n, hour, *figures in await driver.fetch(_BY_HOUR, *columns(spans)):
            found[n - 1].append((hour, HourRollup(*figures)))
    return found


async def by_subscription(driver: Driver, spans: Sequence[MeterSpan]) -> list[MeterSpan]:
    """Each span once for every subscription that events in it name."""
    rows = await driver.fetch(_NAMED, *columns(spans)) if spans else []
    return [spans[n - 1]._replace(subscription_id=subscription_id) for n, subscription_id in rows]


async def level_before(driver: Driver, spans: Sequence[MeterSpan]) -> list[Decimal | None]:
    """For each span the last level read in it, else the last one of the hours before it (it begins on an hour). None:
    there is none."""
    found: list[Decimal | None] = [None] * len(spans)
    if spans:
        for n, level in await driver.fetch(_LEVEL_BEFORE, *columns(spans)):
            found[n - 1] = level
    return found
