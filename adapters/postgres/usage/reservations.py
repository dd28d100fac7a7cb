"""Amounts reserved for a while. A reserved amount counts against the limit until it is committed, released or past its
time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from adapters.postgres.driver import Driver
from adapters.postgres.usage.meters import CustomerMeter

MeterInstant = tuple[str, str, datetime]
"""Customer id, meter key, and an instant of the customer's time."""


class ReservationRow(NamedTuple):
    """`state` is OPEN, COMMITTED or RELEASED. `committed`: how much of it was used; `settled_at`: when it no longer was
    OPEN, in the customer's time. `subscription_id`: which subscription the use will name."""

    customer_id: str
    id: str
    feature: str
    meter_key: str
    quantity: Decimal
    created_at: datetime
    expires_at: datetime
    state: str
    committed: Decimal | None
    settled_at: datetime | None
    subscription_id: str | None


_FIELDS = ", ".join(ReservationRow._fields)
_OPEN = f"INSERT INTO usage_reservations ({_FIELDS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
_FIND = f"SELECT {_FIELDS} FROM usage_reservations WHERE id = $1 AND ($2::text[] IS NULL OR customer_id = ANY($2))"
_LOCK = f"SELECT {_FIELDS} FROM usage_reservations WHERE customer_id = $1 AND id = $2 FOR UPDATE"
_SETTLE = """
    UPDATE usage_reservations SET state = $3, committed = $4, settled_at = $5 WHERE customer_id = $1 AND id = $2
"""
_HELD = """
    SELECT sum(quantity) FROM usage_reservations
    WHERE customer_id = $1 AND meter_key = $2 AND state = 'OPEN' AND expires_at > $3
"""
_HELD_AT = """
    SELECT customer_id, meter_key, w.at, sum(r.quantity)
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS w (customer_id, meter_key, at)
    JOIN usage_reservations r USING (customer_id, meter_key)
    WHERE r.created_at <= w.at AND r.expires_at > w.at AND (r.state = 'OPEN' OR r.settled_at > w.at)
    GROUP BY customer_id, meter_key, w.at
"""
_FORGET = """
    DELETE FROM usage_reservations WHERE ctid = ANY(ARRAY(
        SELECT r.ctid FROM usage_reservations r
        WHERE r.expires_at < $1::timestamptz - $2::interval AND NOT EXISTS (
            SELECT FROM customers c JOIN streams clock ON clock.id = c.clock_id
            WHERE c.customer_id = r.customer_id AND (clock.state ->> 'now')::timestamptz <= r.expires_at + $2::interval)
        LIMIT $3))
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


async def settle(
    driver: Driver, customer_id: str, id: str, state: str, committed: Decimal | None, at: datetime
) -> None:
    await driver.execute(_SETTLE, customer_id, id, state, committed, at)


async def held(driver: Driver, key: CustomerMeter, at: datetime) -> Decimal:
    """How much is reserved now. The caller, who decides by it, has locked the meter. Every open reservation counts,
    also one opened by a machine whose clock is ahead of the one that said `at`."""
    return await driver.fetchval(_HELD, *key, at) or Decimal(0)


async def held_at(driver: Driver, instants: Sequence[MeterInstant]) -> dict[MeterInstant, Decimal]:
    """How much was held at each instant, also a past one; where nothing was, it is left out. Reservations are kept for
    some weeks (`service.later.housekeeping`)."""
    if not instants:
        return {}
    return {(row[0], row[1], row[2]): row[3] for row in await driver.fetch(_HELD_AT, *zip(*instants, strict=True))}


async def forget(driver: Driver, now: datetime, kept: timedelta, limit: int) -> int:
    """Delete up to `limit` reservations that ran out longer than `kept` ago, in real time and in that of a customer's
    test clock; says how many there were."""
    return int((await driver.execute(_FORGET, now, kept, limit)).rpartition(" ")[2])
