"""Look-ups of the usage path: customers by our ids and by the hashes of the caller's own, with the tenant condition in
the SQL; their accounts; the catalog. All run on a connection that the caller holds already: whoever asks the pool for a
second one while holding the first may wait for ever.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from adapters.postgres.driver import Driver


class DirectoryEntry(NamedTuple):
    """A customer that was found. `now` is the time of their test clock; None: they live in real time. `external_hash`
    is the hash they were found by; None: they were found by our id."""

    customer_id: str
    external_hash: bytes | None
    erased: bool
    now: datetime | None


_VISIBLE = "($3::text[] IS NULL OR c.customer_id = ANY($3))"
_FIND = f"""
    SELECT c.customer_id, NULL::bytea, c.erased_at IS NOT NULL, (clock.state ->> 'now')::timestamptz
    FROM customers c LEFT JOIN streams clock ON clock.id = c.clock_id
    WHERE c.customer_id = ANY($1::text[]) AND {_VISIBLE}
    UNION ALL
    SELECT c.customer_id, v.external_hash, c.erased_at IS NOT NULL, (clock.state ->> 'now')::timestamptz
    FROM vault v JOIN customers c USING (customer_id) LEFT JOIN streams clock ON clock.id = c.clock_id
    WHERE v.external_hash = ANY($2::bytea[]) AND {_VISIBLE}
"""


async def find(
    driver: Driver, ids: Collection[str], external_hashes: Collection[bytes], visible: frozenset[str] | None
) -> list[DirectoryEntry]:
    """The customers with one of the ids or hashes, those the caller may not see left out (`visible` None: all seen)."""
    seen = None if visible is None else list(visible)
    return [DirectoryEntry(*row) for row in await driver.fetch(_FIND, list(ids), list(external_hashes), seen)]


async def subscription_owners(driver: Driver, ids: Collection[str]) -> dict[str, str]:
    """Id of a subscription → the customer it belongs to, for those that exist."""
    rows = await driver.fetch("SELECT id, customer_id FROM holdings WHERE id = ANY($1::text[])", list(ids))
    return {row["id"]: row["customer_id"] for row in rows}


async def account_state(driver: Driver, customer_id: str) -> str:
    """The folded state of a customer's stream, as text."""
    state: str = await driver.fetchval("SELECT state::text FROM streams WHERE id = $1", customer_id)
    return state


async def newer_catalog(driver: Driver, seq: int) -> tuple[int, str] | None:
    """The number of the catalog's last entry and its folded state, unless that is entry `seq`, which is known."""
    row = await driver.fetchrow("SELECT seq, state::text FROM streams WHERE id = 'catalog' AND seq <> $1", seq)
    return None if row is None else (row[0], row[1])
