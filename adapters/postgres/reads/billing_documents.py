"""The documents that billed a line's key, and when each was recorded in real time: usage recorded by then is on that
document, usage recorded later is not."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, Text, bindparam, text

from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import read_connection
from adapters.postgres.tables import instant


class BilledKey(NamedTuple):
    """A customer's key (`Line.key`). `since`: no document with it was issued before that instant of the customer's
    time."""

    customer_id: str
    key: str
    since: datetime


class BillingDocument(NamedTuple):
    """A final invoice, or a credit note that follows from the rules, with a line of the key. `seq`: of its entry in the
    journal. `undone`: it was voided to be billed again, so nothing on it counts as billed."""

    seq: int
    document_id: str
    recorded_at: datetime
    undone: bool


# Each document is taken apart once, however many of its keys are asked for.
_BILLING_DOCUMENTS = text("""
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


async def by_keys(
    engine: Engine, keys: Collection[BilledKey], visible: frozenset[str] | None
) -> Mapping[BilledKey, list[BillingDocument]]:
    """The documents that billed each key, in the order they were issued."""
    found: dict[tuple[str, str], list[BillingDocument]] = {(key.customer_id, key.key): [] for key in keys}
    values = {
        "customers": [key.customer_id for key in keys],
        "since": [key.since for key in keys],
        "keys": sorted({key.key for key in keys}),
        "visible": None if visible is None else sorted(visible),
    }
    async with read_connection(engine) as connection:
        for row in await connection.execute(_BILLING_DOCUMENTS, values):
            if (row.stream_id, row.key) in found:
                found[row.stream_id, row.key].append(BillingDocument(row.seq, row.id, row.recorded_at, row.undone))
    return {key: found[key.customer_id, key.key] for key in keys}
