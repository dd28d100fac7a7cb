"""The events themselves, each known by (customer, source, id). What was recorded under an id is never changed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import asyncpg
import msgspec
from msgspec import Raw, Struct

from adapters.postgres.driver import Driver
from adapters.postgres.usage.json_rows import as_json
from domain.books.line import EventShare
from domain.period import Period


class EventRow(Struct, frozen=True, gc=False, omit_defaults=True):
    """`source` is "" when the sender named none. `properties` is its JSON. `digest` tells what was sent from anything
    else that could have been. `subscription_id`: which subscription it names, to be charged by it."""

    customer_id: str
    source: str
    id: str
    type: str
    time: datetime
    digest: bytes
    value: Decimal | None
    properties: Raw | None
    subscription_id: str | None = None

    @property
    def key(self) -> "EventId":
        return self.customer_id, self.source, self.id


class CurrentEvent(NamedTuple):
    """An event as it counts now: with the values of its latest correction, if it was ever corrected."""

    type: str
    time: datetime
    value: Decimal | None
    properties: str | None
    revision: int
    retracted: bool
    subscription_id: str | None


class EventPageRow(NamedTuple):
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
    subscription_id: str | None


EventId = tuple[str, str, str]
"""Customer, source and id: what an event is known by."""


class EventFilter(NamedTuple):
    """Which events are meant. `recorded_after` and (inclusive) `recorded_until` are in real time; None: whenever.
    `shares`: only events of which one of them speaks; None: all."""

    recorded_after: datetime | None = None
    recorded_until: datetime | None = None
    shares: Sequence[EventShare] | None = None


ALL = EventFilter()

EventPosition = tuple[datetime, str, str, int]
"""Time, source, id and revision of an event: where a page of events ended."""

_INPUT = """
    SELECT customer_id, source, id, type, time, decode(digest, 'base64') AS digest, value, properties,
        subscription_id, n
    FROM ROWS FROM (json_to_recordset($1::text::json) AS (customer_id text, source text, id text, type text,
        time timestamptz, digest text, value numeric, properties json, subscription_id text)) WITH ORDINALITY
        AS i (customer_id, source, id, type, time, digest, value, properties, subscription_id, n)
"""
# One statement and one round trip. Whoever sends the same id for the same meters waits for the rows' locks, so what the
# look finds is all there is; of two that send it for different ones at once the second fails and tries again. ON
# CONFLICT would do without that and take a fifth longer, for it inserts each id on trial first.
_RECORD = f"""
    WITH input AS ({_INPUT}),
    looked AS MATERIALIZED (
        SELECT input.*, (SELECT digest FROM usage_ids i WHERE i.customer_id = input.customer_id
            AND i.source = input.source AND i.id = input.id) AS known
        FROM input
    ),
    kept AS (
        INSERT INTO usage_ids SELECT customer_id, source, id, type, time, digest FROM looked WHERE known IS NULL
    ),
    written AS (
        INSERT INTO usage_events (customer_id, type, time, source, id, value, properties, subscription_id)
        SELECT customer_id, type, time, source, id, value, properties, subscription_id
        FROM looked WHERE known IS NULL
    )
    SELECT n::int, known FROM looked WHERE known IS NOT NULL
"""
_FIND = """
    SELECT i.type, i.time, e.value, e.properties::text, e.revision, e.retracted, e.subscription_id
    FROM usage_ids i JOIN usage_events e ON e.customer_id = i.customer_id AND e.type = i.type AND e.time = i.time
        AND e.source = i.source AND coalesce(e.corrects, e.id) = i.id
    WHERE i.customer_id = $1 AND i.source = $2 AND i.id = $3
    ORDER BY e.revision DESC LIMIT 1
"""
_CORRECT = """
    INSERT INTO usage_events
        (customer_id, type, time, source, id, value, properties, corrects, revision, retracted, reason, subscription_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7::json, $8, $9, $10, $11, $12)
    RETURNING recorded_at
"""
_PAGE = """
    SELECT time, source, id, revision, value, properties::text, recorded_at, corrects, retracted, reason,
        subscription_id
    FROM usage_events
    WHERE customer_id = $1 AND type = $2 AND time >= $3 AND time < $4
      AND time >= $5 AND (time, source, id, revision) > ($5, $6, $7, $8)
      AND ($10::timestamptz IS NULL OR recorded_at > $10) AND ($11::timestamptz IS NULL OR recorded_at <= $11)
      AND ($12::json IS NULL OR EXISTS (
        SELECT FROM json_to_recordset($12) AS share (since timestamptz, until timestamptz, naming text, but text[])
        WHERE time >= since AND time < until AND CASE WHEN naming IS NULL
            THEN subscription_id IS NULL OR subscription_id <> ALL (but) ELSE subscription_id = naming END))
    ORDER BY time, source, id, revision LIMIT $9
"""


async def record(driver: Driver, rows: Sequence[EventRow]) -> dict[int, bytes]:
    """Write the events whose ids are new. Gives the positions of the others, each with the digest of what was recorded
    under its id. `rows` hold no id twice. The rows of all their meters are locked.

    Raises asyncpg.UniqueViolationError if an id is being recorded for another meter at this moment: do it again.
    """
    return {n - 1: digest for n, digest in await driver.fetch(_RECORD, as_json(rows))}


async def find(driver: Driver, id: EventId) -> CurrentEvent | None:
    """The event with this id. None: there is none, or it is older than the retention."""
    row = await driver.fetchrow(_FIND, *id)
    return None if row is None else CurrentEvent(*row)


async def correct(
    driver: Driver,
    id: EventId,
    before: CurrentEvent,
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
        before.subscription_id,
    )
    return recorded_at


async def page(
    driver: Driver,
    customer_id: str,
    type: str,
    period: Period,
    after: EventPosition | None,
    limit: int,
    event_filter: EventFilter = ALL,
) -> list[EventPageRow]:
    """Events of the type in the period, corrections among them, by time and then by source, id and revision."""
    position = after or (period.start, "", "", -1)
    after_it, until, shares = event_filter
    rows: list[asyncpg.Record] = await driver.fetch(
        _PAGE, customer_id, type, period.start, period.end, *position, limit, after_it, until, _as_json(shares)
    )
    return [EventPageRow(*row) for row in rows]


def _as_json(shares: Sequence[EventShare] | None) -> str | None:
    if shares is None:
        return None
    rows = [
        {"since": share.period.start, "until": share.period.end, "naming": share.naming, "but": share.but}
        for share in shares
    ]
    return msgspec.json.encode(rows).decode()
