"""The views that metrics are read from: each customer's running subscriptions with their monthly revenue, payments, and
differences between a provider's record and ours. A figure is one statement over them, and so right across processes
and restarts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.change import StreamChange
from adapters.postgres.connection import Connection
from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import drifting, payments, recurring
from domain.account import Account
from domain.books.payment import Payment
from domain.recurring import as_before
from domain.recurring import recurring as recurring_of

Row = dict[str, Any]
TABLES = (recurring, payments, drifting)


async def project(connection: Connection, changes: Sequence[StreamChange]) -> None:
    """Write what differs between the states."""
    runs: list[Row] = []
    paid: list[Row] = []
    drifts: list[Row] = []
    ended: list[tuple[Table, str, str]] = []
    for before, after, _, _ in changes:
        if after.customer is None:
            continue
        if not as_before(before, after):
            old, new = _subscriptions(before), _subscriptions(after)
            runs += [row for id, row in new.items() if row != old.get(id)]
            ended += [(recurring, after.customer.id, id) for id in old.keys() - new.keys()]
        if before.books.payments is not after.books.payments:
            known = before.books.payments
            paid += [
                _payment(after.customer.id, payment)
                for id, payment in after.books.payments.items()
                if payment is not known.get(id)
            ]
        if before.books.links is not after.books.links:
            old, new = _drifts(before), _drifts(after)
            drifts += [row for id, row in new.items() if row != old.get(id)]
            ended += [(drifting, after.customer.id, id) for id in old.keys() - new.keys()]
    for table in {table for table, _, _ in ended}:
        gone = [(customer_id, id) for of, customer_id, id in ended if of is table]
        of_customers = among(table.c.customer_id, {customer_id for customer_id, _ in gone})
        pairs = tuple_(table.c.customer_id, table.c.id).in_(gone)
        await connection.execute(delete(table).where(of_customers, pairs))
    for table, rows in zip(TABLES, (runs, paid, drifts), strict=True):
        await _upsert(connection, table, rows)


async def clear(connection: Connection, customer_id: str) -> None:
    for table in TABLES:
        await connection.execute(delete(table).where(table.c.customer_id == customer_id))


def rows_for(account: Account) -> list[list[Row]]:
    """The rows that the views must hold for the account: for each of TABLES, in order of id."""
    assert account.customer is not None
    paid = {id: _payment(account.customer.id, payment) for id, payment in account.books.payments.items()}
    return [[rows[id] for id in sorted(rows)] for rows in (_subscriptions(account), paid, _drifts(account))]


async def rows_of(connection: Connection, customer_id: str) -> list[list[Row]]:
    """The rows that the views do hold, as `rows_for` gives them."""
    kept = []
    for table in TABLES:
        query = select(table).where(table.c.customer_id == customer_id)
        rows = [dict(row) for row in (await connection.execute(query)).mappings()]
        kept.append(sorted(rows, key=lambda row: str(row["id"])))
    return kept


def _subscriptions(account: Account) -> dict[str, Row]:
    if account.customer is None:
        return {}
    return {
        subscription.subscription_id: {
            "customer_id": account.customer.id,
            "id": subscription.subscription_id,
            "plan_key": subscription.plan_key,
            "status": str(subscription.status),
            "currency": subscription.currency,
            "monthly": subscription.monthly,
        }
        for subscription in recurring_of(account)
    }


def _payment(customer_id: str, payment: Payment) -> Row:
    return {
        "customer_id": customer_id,
        "id": payment.id,
        "provider": payment.provider,
        "status": str(payment.status),
        "failure": None if payment.failure is None else str(payment.failure),
    }


def _drifts(account: Account) -> dict[str, Row]:
    """Provider → the row of a customer whose record there differs from ours."""
    if account.customer is None:
        return {}
    of = account.customer.id
    links = account.books.links.items()
    return {name: {"customer_id": of, "id": name, "differences": len(link.drift)} for name, link in links if link.drift}


async def _upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if not rows:
        return
    made = insert(table)
    others = {name: made.excluded[name] for name in rows[0] if name not in ("customer_id", "id")}
    await connection.execute(made.on_conflict_do_update(index_elements=["customer_id", "id"], set_=others), list(rows))
