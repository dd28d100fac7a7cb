"""When a key of the books was billed, in real time: what was recorded by then is on that bill, what came later is
not."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, Text, bindparam, text

from adapters.postgres.connection import Engine
from adapters.postgres.reads.looking import looking
from adapters.postgres.tables import instant


class BilledKey(NamedTuple):
    """A customer's key (`Line.key`). `since`: no bill of it was issued before that instant of the customer's time."""

    customer_id: str
    key: str
    since: datetime


class Bill(NamedTuple):
    """A final invoice, or a credit note that follows from the rules, with a line of the key. `seq`: of its entry in the
    journal. `undone`: it was voided to be billed again, so nothing on it counts as billed."""

    seq: int
    document_id: str
    recorded_at: datetime
    undone: bool


# Each document is taken apart once, however many of its keys are asked for.
_BILLS = text("""
    WITH wanted AS (
        SELECT customer_id, min(since) AS since FROM unnest(:customers, :since) AS w (customer_id, since)
        WHERE :visible IS NULL OR customer_id = ANY(:visible) GROUP BY customer_id
    ),
    entries AS MATERIALIZED (
        SELECT j.stream_id, j.seq, j.recorded_at, j.type, coalesce(payload -> 'invoice', payload -> 'note') AS document,
            payload ->> 'invoice_id' AS voided
        FROM wanted w JOIN journal j ON j.stream_id = w.customer_id AND j.effective_at >= w.since
        WHERE j.type = 'invoice.finalized'
            OR (j.type = 'credit_note.issued' AND payload #>> '{note,automatic}' = 'true')
            OR (j.type = 'invoice.voided' AND payload ->> 'rebill' = 'true')
    )
    SELECT e.stream_id, e.seq, line ->> 'key' AS key, e.document ->> 'id' AS id, e.recorded_at,
        EXISTS (SELECT FROM entries v WHERE v.stream_id = e.stream_id AND v.voided = e.document ->> 'id') AS undone
    FROM entries e CROSS JOIN LATERAL json_array_elements(e.document -> 'lines') AS line
    WHERE e.type <> 'invoice.voided' AND line ->> 'key' = ANY(:keys)
    ORDER BY e.stream_id, e.seq
""").bindparams(
    bindparam("customers", type_=ARRAY(Text)),
    bindparam("since", type_=ARRAY(instant)),
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("visible", type_=ARRAY(Text)),
)


async def bills(
    engine: Engine, asked: Collection[BilledKey], visible: frozenset[str] | None
) -> Mapping[BilledKey, list[Bill]]:
    """The bills of each key, in order."""
    found: dict[tuple[str, str], list[Bill]] = {(one.customer_id, one.key): [] for one in asked}
    values = {
        "customers": [one.customer_id for one in asked],
        "since": [one.since for one in asked],
        "keys": sorted({one.key for one in asked}),
        "visible": None if visible is None else sorted(visible),
    }
    async with looking(engine) as connection:
        for row in await connection.execute(_BILLS, values):
            if (row.stream_id, row.key) in found:
                found[row.stream_id, row.key].append(Bill(row.seq, row.id, row.recorded_at, row.undone))
    return {one: found[one.customer_id, one.key] for one in asked}
