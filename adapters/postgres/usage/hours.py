"""Roll-ups by the hour of UTC: what a meter read, kept so that a period need not be added up from single events."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import asyncpg
from msgspec import Struct

from adapters.postgres.driver import Driver
from adapters.postgres.usage.json_rows import as_json, figures
from adapters.postgres.usage.meters import CustomerMeter
from domain.usage import HourRollup


class MeterHour(NamedTuple):
    """What one meter of one customer read in the hour that begins at `hour`; `meter_key` is a `key_of`."""

    customer_id: str
    meter_key: str
    hour: datetime
    rollup: HourRollup


class _HourJson(Struct):
    customer_id: str
    meter_key: str
    hour: datetime
    count: int
    sum: Decimal
    max: Decimal
    first_time: datetime
    last_time: datetime
    last_value: Decimal
    area: Decimal


class HourRange(NamedTuple):
    """The hours of a meter from `start` to before `stop` (both on the hour). A read sums those from `whole_from` to
    before `whole_to` into one roll-up, and gives the hours at the two edges one by one; with `apart` it gives every
    hour by itself."""

    customer_id: str
    meter_key: str
    start: datetime
    stop: datetime
    whole_from: datetime
    whole_to: datetime
    apart: bool


_VALUES = """
    json_to_recordset($1::text::json) AS n (customer_id text, meter_key text, hour timestamptz, count bigint,
        sum numeric, max numeric, first_time timestamptz, last_time timestamptz, last_value numeric, area numeric)
"""
_INSERT = f"""
    INSERT INTO usage_hours AS h SELECT * FROM {_VALUES} ON CONFLICT (customer_id, meter_key, hour) DO UPDATE SET
"""
# domain.usage.merge, for all but TIME_WEIGHTED.
_ADD = f"""{_INSERT}
    count = h.count + excluded.count,
    sum = h.sum + excluded.sum,
    max = greatest(h.max, excluded.max),
    first_time = least(h.first_time, excluded.first_time),
    last_time = greatest(h.last_time, excluded.last_time),
    last_value = CASE WHEN (excluded.last_time, excluded.last_value) > (h.last_time, h.last_value)
        THEN excluded.last_value ELSE h.last_value END
"""
_PUT = f"""{_INSERT}
    count = excluded.count, sum = excluded.sum, max = excluded.max, first_time = excluded.first_time,
    last_time = excluded.last_time, last_value = excluded.last_value, area = excluded.area
"""
_REMOVE = """
    DELETE FROM usage_hours h
    USING unnest($1::text[], $2::text[], $3::timestamptz[]) AS n (customer_id, meter_key, hour)
    WHERE h.customer_id = n.customer_id AND h.meter_key = n.meter_key AND h.hour = n.hour
"""
_GET = """
    SELECT customer_id, meter_key, hour, h.count, h.sum, h.max, h.first_time, h.last_time, h.last_value, h.area
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS n (customer_id, meter_key, hour)
    JOIN usage_hours h USING (customer_id, meter_key, hour)
"""
_READ = """
    SELECT w.n::int, min(h.hour), sum(h.count)::bigint, sum(h.sum), max(h.max), min(h.first_time), max(h.last_time),
        (array_agg(h.last_value ORDER BY h.last_time DESC, h.last_value DESC))[1], sum(h.area)
    FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
        $7::bool[]) WITH ORDINALITY AS w (customer_id, meter_key, start, stop, whole_from, whole_to, apart, n)
    JOIN usage_hours h ON h.customer_id = w.customer_id AND h.meter_key = w.meter_key
        AND h.hour >= w.start AND h.hour < w.stop
    GROUP BY w.n, CASE WHEN w.apart OR h.hour < w.whole_from OR h.hour >= w.whole_to THEN h.hour END
"""


def key_of(meter_key: str, subscription_id: str | None) -> str:
    """The `usage_hours.meter_key` under which a meter's hours are kept: those of all its events, or those of the events
    that name a subscription."""
    return meter_key if subscription_id is None else f"{meter_key}/{subscription_id}"


async def add(driver: Driver, hours: Sequence[MeterHour]) -> None:
    """Merge roll-ups of new readings into what is there: of any meters but TIME_WEIGHTED ones."""
    if hours:
        await driver.execute(_ADD, _json(hours))


async def put(driver: Driver, hours: Sequence[MeterHour]) -> None:
    """Write roll-ups in the place of what is there."""
    if hours:
        await driver.execute(_PUT, _json(hours))


async def remove(driver: Driver, hours: Sequence[tuple[str, str, datetime]]) -> None:
    """Hours of (customer, meter) in which nothing is read any more."""
    if hours:
        await driver.execute(_REMOVE, *zip(*hours, strict=True))


async def get(
    driver: Driver, hours: Sequence[tuple[str, str, datetime]]
) -> dict[tuple[CustomerMeter, datetime], HourRollup]:
    """The roll-ups of single hours."""
    if not hours:
        return {}
    rows = await driver.fetch(_GET, *zip(*hours, strict=True))
    return {((row[0], row[1]), row[2]): HourRollup(*row[3:]) for row in rows}


async def read(driver: Driver, ranges: Sequence[HourRange]) -> list[list[tuple[datetime, HourRollup]]]:
    """For each range its roll-ups, each with the hour it begins with."""
    found: list[list[tuple[datetime, HourRollup]]] = [[] for _ in ranges]
    if ranges:
        rows: list[asyncpg.Record] = await driver.fetch(_READ, *zip(*ranges, strict=True))
        for n, hour, *figures in rows:
            found[n - 1].append((hour, HourRollup(*figures)))
    return found


def _json(hours: Sequence[MeterHour]) -> str:
    return as_json([_HourJson(hour.customer_id, hour.meter_key, hour.hour, *figures(hour.rollup)) for hour in hours])
