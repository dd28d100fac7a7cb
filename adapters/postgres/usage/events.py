"""The events themselves, each known by (customer, source, id). What was recorded under an id is never changed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import asyncpg

from adapters.postgres.driver import Driver
from domain.period import Period


class EventRow(NamedTuple):
    """`source` is "" when the sender named none. `properties` is JSON text. `dated`: the sender gave the time."""

    customer_id: str
    source: str
    id: str
    type: str
    time: datetime
    dated: bool
    value: Decimal | None
    properties: str | None


class Stored(NamedTuple):
    """What was recorded under an id. `value` and `properties` are of the latest correction, `original_…` of the event
    as it was first sent. Not `kept`: the event is older than the retention, and only its id is still known."""

    type: str
    time: datetime
    dated: bool
    kept: bool
    original_value: Decimal | None
    original_properties: str | None
    value: Decimal | None
    properties: str | None
    revision: int
    retracted: bool


class PageRow(NamedTuple):
    """An event or a correction as it was recorded."""

    time: datetime
    source: str
    id: str
    revision: int
    value: Decimal | None
    properties: str | None
    recorded_at: datetime
    corrects: str | None
    retracted: bool
    reason: str | None


Place = tuple[datetime, str, str, int]
"""Where a page of events ended: (time, source, id, revision)."""

_INPUT = """
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bool[], $7::numeric[],
        $8::json[]) WITH ORDINALITY AS i (customer_id, source, id, type, time, dated, value, properties, n)
"""
# One statement and one round trip. Whoever inserts an id first wins; a concurrent retry waits for it to commit.
_RECORD = f"""
    WITH input AS MATERIALIZED ({_INPUT}),
    fresh AS (
        INSERT INTO usage_ids SELECT customer_id, source, id, type, time, dated FROM input
        ON CONFLICT DO NOTHING RETURNING customer_id, source, id
    ),
    kept AS (
        INSERT INTO usage_events (customer_id, type, time, source, id, value, properties)
        SELECT customer_id, type, time, source, id, value, properties
        FROM input JOIN fresh USING (customer_id, source, id)
    )
    SELECT n::int FROM input LEFT JOIN fresh f USING (customer_id, source, id) WHERE f.id IS NULL
"""
_STORED = """
    SELECT customer_id, source, id, i.type, i.time, i.dated, e.id IS NOT NULL, e.value, e.properties::text,
        l.value, l.properties::text, l.revision, l.retracted
    FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (customer_id, source, id)
    JOIN usage_ids i USING (customer_id, source, id)
    LEFT JOIN usage_events e USING (customer_id, type, time, source, id)
    LEFT JOIN LATERAL (
        SELECT c.* FROM usage_events c
        WHERE c.customer_id = e.customer_id AND c.type = e.type AND c.time = e.time AND c.source = e.source
          AND coalesce(c.corrects, c.id) = e.id
        ORDER BY c.revision DESC LIMIT 1
    ) l ON true
    WHERE e.corrects IS NULL
"""
_CORRECT = """
    INSERT INTO usage_events
        (customer_id, type, time, source, id, value, properties, corrects, revision, retracted, reason)
    VALUES ($1, $2, $3, $4, $5, $6, $7::json, $8, $9, $10, $11)
    RETURNING recorded_at
"""
_PAGE = """
    SELECT time, source, id, revision, value, properties::text, recorded_at, corrects, retracted, reason
    FROM usage_events
    WHERE customer_id = $1 AND type = $2 AND time >= $3 AND time < $4
      AND time >= $5 AND (time, source, id, revision) > ($5, $6, $7, $8)
    ORDER BY time, source, id, revision LIMIT $9
"""


async def record(driver: Driver, rows: Sequence[EventRow]) -> list[int]:
    """Write the events whose ids are new and give the positions of the others, ascending. `rows` hold no id twice and
    come in order of (customer, source, id), which is the order that writers wait for each other in."""
    known = await driver.fetch(_RECORD, *zip(*rows, strict=True))
    return sorted(row[0] - 1 for row in known)


async def stored(driver: Driver, ids: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Stored]:
    """What was recorded under (customer, source, id); unknown ids are left out."""
    if not ids:
        return {}
    rows = await driver.fetch(_STORED, *zip(*ids, strict=True))
    return {tuple(row[:3]): Stored(*row[3:]) for row in rows}


async def correct(
    driver: Driver,
    customer_id: str,
    source: str,
    id: str,
    before: Stored,
    correction_id: str,
    value: Decimal | None,
    properties: str | None,
    retracted: bool,
    reason: str,
) -> datetime:
    """Record that the event reads as given from now on (or, retracted, does not count). Gives the instant."""
    recorded_at: datetime = await driver.fetchval(
        _CORRECT,
        customer_id,
        before.type,
        before.time,
        source,
        correction_id,
        value,
        properties,
        id,
        before.revision + 1,
        retracted,
        reason,
    )
    return recorded_at


async def page(
    driver: Driver, customer_id: str, type: str, period: Period, after: Place | None, limit: int
) -> list[PageRow]:
    """Events of the type in the period, corrections among them, by time and then by source, id and revision."""
    place = after or (period.start, "", "", -1)
    rows: list[asyncpg.Record] = await driver.fetch(_PAGE, customer_id, type, period.start, period.end, *place, limit)
    return [PageRow(*row) for row in rows]
