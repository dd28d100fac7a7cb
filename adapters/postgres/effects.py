"""What a payment provider is still to be asked: a view. Who asks, and what failed, stands in `work`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.change import StreamChange
from adapters.postgres.connection import Connection
from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import customers, effects
from domain.account import Account
from domain.books.payment import RefundTarget

CHARGE, REFUND, FORGET = "CHARGE", "REFUND", "FORGET"


def effects_of(account: Account) -> list[dict[str, Any]]:
    """The rows: payments under way, unless they wait for the customer, and refunds to a method. Of an erased customer
    also those that wait, for nobody will come; and when none are left, what the providers are to forget."""
    assert account.customer is not None
    payments = account.books.payments.values()
    erased_at = account.customer.erased_at
    refunds = (
        (refund, payment.provider)
        for payment in payments
        for refund in payment.refunds
        if refund.to is RefundTarget.METHOD
    )
    rows = [
        *(
            (one.id, CHARGE, one.created_at, one.provider)
            for one in payments
            if one.settled_at is None and (not one.waiting or erased_at is not None)
        ),
        *(
            (one.id, REFUND, one.created_at, provider)
            for one, provider in refunds
            if one.settled_at is None and one.failure is None
        ),
    ]
    if erased_at is not None:
        busy = {one.provider for one in payments if one.settled_at is None}
        forgotten = account.books.links.keys() - busy
        rows += [(forget_id(account.customer.id, name), FORGET, erased_at, name) for name in forgotten]
    named = ("customer_id", "id", "kind", "since", "provider")
    return [dict(zip(named, (account.customer.id, *row), strict=True)) for row in sorted(rows)]


def forget_id(customer_id: str, provider: str) -> str:
    """What the effect of forgetting them there is known by."""
    return f"forget_{provider}_{customer_id}"


async def project(connection: Connection, changes: Sequence[StreamChange]) -> None:
    """Write what differs between the states."""
    gone: list[tuple[str, str]] = []
    made: list[dict[str, Any]] = []
    for before, after, _, _ in changes:
        if after.customer is None or (before.books is after.books and _erased(before) == _erased(after)):
            continue
        old = {} if before.customer is None else {row["id"]: row for row in effects_of(before)}
        new = {row["id"]: row for row in effects_of(after)}
        gone += [(after.customer.id, id) for id in old.keys() - new.keys()]
        made += [row for id, row in new.items() if id not in old]
    if gone:
        here = among(effects.c.customer_id, {of for of, _ in gone}) & among(effects.c.id, {id for _, id in gone})
        await connection.execute(delete(effects).where(here))
    if made:
        await connection.execute(insert(effects).on_conflict_do_nothing(), made)


def _erased(account: Account) -> bool:
    return account.customer is not None and account.customer.erased_at is not None


async def clear(connection: Connection, customer_id: str) -> None:
    await connection.execute(delete(effects).where(effects.c.customer_id == customer_id))


async def rows_of(connection: Connection, customer_id: str) -> list[dict[str, Any]]:
    """What is kept of a customer, by id."""
    query = select(effects).where(effects.c.customer_id == customer_id).order_by(effects.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def customers_on_clock(connection: Connection, clock_id: str) -> list[str]:
    """Customers on the clock of whom something is still to be asked."""
    lives_by_it = select(customers.c.customer_id).where(customers.c.clock_id == clock_id)
    query = select(effects.c.customer_id).where(effects.c.customer_id.in_(lives_by_it)).distinct()
    return sorted((await connection.execute(query)).scalars())
