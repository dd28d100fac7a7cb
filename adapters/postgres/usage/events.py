"""The events themselves, each known by (customer, source, id). What was recorded under an id is never changed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import asyncpg
from msgspec import Raw, Struct

from adapters.postgres.driver import Driver
from adapters.postgres.usage.rows import as_json
from domain.period import Period


class EventRow(Struct, frozen=True):
    """`source` is "" when the sender named none. `properties` is its JSON. `digest` tells what was sent from anything
    else that could have been."""

    customer_id: str
    source: str
    id: str
    type: str
    time: datetime
    digest: bytes
    value: Decimal | None
    properties: Raw | None

    @property
    def key(self) -> "Id":
        return self.customer_id, self.source, self.id


class Stored(NamedTuple):
    """An event as it counts: as the latest of its corrections says, if there are any."""

    type: str
    time: datetime
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


Id = tuple[str, str, str]
"""Customer, source and id: what an event is known by."""

Place = tuple[datetime, str, str, int]
"""Where a page of events ended: (time, source, id, revision)."""

_INPUT = """
    SELECT customer_id, source, id, type, time, decode(digest, 'base64') AS digest, value, properties, n
    FROM ROWS FROM (json_to_recordset($1::text::json) AS (customer_id text, source text, id text, type text,
        time timestamptz, digest text, value numeric, properties json)) WITH ORDINALITY
        AS i (customer_id, source, id, type, time, digest, value, properties, n)
"""
# One statement and one round trip. Whoever inserts an id first wins; a concurrent retry waits for it to commit.
_RECORD = f"""
    WITH input AS MATERIALIZED ({_INPUT}),
    fresh AS (
        INSERT INTO usage_ids SELECT customer_id, source, id, type, time, digest FROM input
        ON CONFLICT DO NOTHING RETURNING customer_id, source, id
    ),
    kept AS (
        INSERT INTO usage_events (customer_id, type, time, source, id, value, properties)
        SELECT customer_id, type, time, source, id, value, properties
        FROM input JOIN fresh USING (customer_id, source, id)
    )
    SELECT n::int FROM input LEFT JOIN fresh f USING (customer_id, source, id) WHERE f.id IS NULL
"""
_DIGESTS = """
    SELECT n::int, i.digest
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (customer_id, source, id, n)
    JOIN usage_ids i USING (customer_id, source, id)
"""
_FIND = """
    SELECT i.type, i.time, e.value, e.properties::text, e.revision, e.retracted
    FROM usage_ids i JOIN usage_events e ON e.customer_id = i.customer_id AND e.type = i.type AND e.time = i.time
        AND e.source = i.source AND coalesce(e.corrects, e.id) = i.id
    WHERE i.customer_id = $1 AND i.source = $2 AND i.id = $3
    ORDER BY e.revision DESC LIMIT 1
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
    known = await driver.fetch(_RECORD, as_json(rows))
    return sorted(row[0] - 1 for row in known)


async def digests(driver: Driver, ids: Sequence[Id]) -> dict[Id, bytes]:
    """The digests of what was recorded under the ids; unknown ones are left out."""
    if not ids:
        return {}
    return {ids[n - 1]: digest for n, digest in await driver.fetch(_DIGESTS, *zip(*ids, strict=True))}


async def find(driver: Driver, id: Id) -> Stored | None:
    """The event with this id. None: there is none, or it is older than the retention."""
    row = await driver.fetchrow(_FIND, *id)
    return None if row is None else Stored(*row)


async def correct(
    driver: Driver,
    id: Id,
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
        id[0],
        before.type,
        before.time,
        id[1],
        correction_id,
        value,
        properties,
        id[2],
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
