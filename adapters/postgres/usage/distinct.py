"""The different texts that UNIQUE meters read, by hour, each with its first and last instant in the hour."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from adapters.postgres.driver import Driver
from adapters.postgres.usage.readings import EVENTS, WANTED, MeterSpan, columns
from domain.period import Period


class DistinctText(NamedTuple):
    """A text that a UNIQUE meter read in an hour, and the first and last instant it did."""

    customer_id: str
    meter_key: str
    value: str
    hour: datetime
    first_time: datetime
    last_time: datetime


_ADD = """
    INSERT INTO usage_distinct AS d
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
    ON CONFLICT (customer_id, meter_key, value, hour) DO UPDATE SET
        first_time = least(d.first_time, excluded.first_time), last_time = greatest(d.last_time, excluded.last_time)
"""
_CLEAR = f"""
    DELETE FROM usage_distinct d USING {WANTED}
    WHERE d.customer_id = w.customer_id AND d.meter_key = w.meter_key AND d.hour >= w.start AND d.hour < w.stop
"""
_REBUILD = f"""
    INSERT INTO usage_distinct
    SELECT customer_id, meter_key, value, hour, min(time), max(time)
    FROM (
        SELECT w.customer_id, w.meter_key, usage_text(w.property, e.properties) AS value,
            date_trunc('hour', e.time, 'UTC') AS hour, e.time
        FROM {WANTED} JOIN {EVENTS}
    ) texts WHERE value IS NOT NULL GROUP BY customer_id, meter_key, value, hour
"""
_IN_PERIOD = """
    d.customer_id = w.customer_id AND d.meter_key = w.meter_key
    AND d.hour >= date_trunc('hour', w.start, 'UTC') AND d.hour < w.stop
    AND d.last_time >= w.start AND d.first_time < w.stop
"""
_COUNT = f"""
    SELECT w.n::int, count(DISTINCT d.value)
    FROM {WANTED} JOIN usage_distinct d ON {_IN_PERIOD} GROUP BY w.n
"""
_COUNT_EVENTS = f"""
    SELECT w.n::int, count(DISTINCT usage_text(w.property, e.properties)) FROM {WANTED} JOIN {EVENTS} GROUP BY w.n
"""
_KNOWN = f"""
    SELECT w.customer_id, w.meter_key, count(*)
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
        AS w (customer_id, meter_key, value, start, stop)
    WHERE EXISTS (SELECT FROM usage_distinct d WHERE d.value = w.value AND {_IN_PERIOD})
    GROUP BY w.customer_id, w.meter_key
"""


async def add(driver: Driver, texts: Sequence[DistinctText]) -> None:
    if texts:
        await driver.execute(_ADD, *zip(*texts, strict=True))


async def rebuild(driver: Driver, spans: Sequence[MeterSpan]) -> None:
    """Read whole hours again from the events."""
    if spans:
        await driver.execute(_CLEAR, *columns(spans))
        await driver.execute(_REBUILD, *columns(spans))


async def known(driver: Driver, texts: Sequence[tuple[str, str, str, Period]]) -> dict[tuple[str, str], int]:
    """How many of the texts, given as (customer, meter, text, period), were seen in their period before."""
    if not texts:
        return {}
    rows = [(customer_id, key, text, period.start, period.end) for customer_id, key, text, period in texts]
    return {(row[0], row[1]): row[2] for row in await driver.fetch(_KNOWN, *zip(*rows, strict=True))}


async def count(driver: Driver, spans: Sequence[MeterSpan]) -> list[int]:
    """How many different texts each span has, by the hours."""
    return await _counted(driver, _COUNT, spans)


async def count_events(driver: Driver, spans: Sequence[MeterSpan]) -> list[int]:
    """The same from single events: for a span within an hour, or a meter whose hours are not complete."""
    return await _counted(driver, _COUNT_EVENTS, spans)


async def _counted(driver: Driver, query: str, spans: Sequence[MeterSpan]) -> list[int]:
    found = [0] * len(spans)
    if spans:
        for n, texts in await driver.fetch(query, *columns(spans)):
            found[n - 1] = texts
    return found
