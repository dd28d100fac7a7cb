"""Amounts held for a while. What is held counts against the limit until it is committed, released or past its time."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from adapters.postgres.driver import Driver
from adapters.postgres.usage.meters import Key


class ReservationRow(NamedTuple):
    """`state` is OPEN, COMMITTED or RELEASED. `committed`: how much of it was used."""

    customer_id: str
    id: str
    feature: str
    meter_key: str
    quantity: Decimal
    created_at: datetime
    expires_at: datetime
    state: str
    committed: Decimal | None


_FIELDS = ", ".join(ReservationRow._fields)
_OPEN = f"INSERT INTO usage_reservations ({_FIELDS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_FIND = f"SELECT {_FIELDS} FROM usage_reservations WHERE id = $1 AND ($2::text[] IS NULL OR customer_id = ANY($2))"
_LOCK = f"SELECT {_FIELDS} FROM usage_reservations WHERE customer_id = $1 AND id = $2 FOR UPDATE"
_SETTLE = "UPDATE usage_reservations SET state = $3, committed = $4 WHERE customer_id = $1 AND id = $2"
_HELD = """
    SELECT customer_id, meter_key, sum(r.quantity)
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS w (customer_id, meter_key, at)
    JOIN usage_reservations r USING (customer_id, meter_key)
    WHERE r.state = 'OPEN' AND r.expires_at > w.at
    GROUP BY customer_id, meter_key
"""
_FORGET = """
    DELETE FROM usage_reservations WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM usage_reservations WHERE expires_at < $1 LIMIT $2))
"""


async def add(driver: Driver, row: ReservationRow) -> None:
    await driver.execute(_OPEN, *row)


async def find(driver: Driver, id: str, visible: frozenset[str] | None) -> ReservationRow | None:
    """The reservation, unlocked, if its customer is among the visible ones (None: all)."""
    row = await driver.fetchrow(_FIND, id, None if visible is None else list(visible))
    return None if row is None else ReservationRow(*row)


async def lock(driver: Driver, customer_id: str, id: str) -> ReservationRow:
    row = await driver.fetchrow(_LOCK, customer_id, id)
    assert row is not None
    return ReservationRow(*row)


async def settle(driver: Driver, customer_id: str, id: str, state: str, committed: Decimal | None) -> None:
    await driver.execute(_SETTLE, customer_id, id, state, committed)


async def held(driver: Driver, asks: Sequence[tuple[str, str, datetime]]) -> dict[Key, Decimal]:
    """How much is held of each (customer, meter) at the customer's instant; nothing held is left out."""
    if not asks:
        return {}
    return {(row[0], row[1]): row[2] for row in await driver.fetch(_HELD, *zip(*asks, strict=True))}


async def forget(driver: Driver, before: datetime, limit: int) -> int:
    """Delete up to `limit` reservations that ran out before the instant; says how many there were."""
    return int((await driver.execute(_FORGET, before, limit)).rpartition(" ")[2])
