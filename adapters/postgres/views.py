"""Views: pure projections of states into rows that can be searched. They decide nothing and are rebuilt by replay."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres import documents, effects, ledger, metric_views
from adapters.postgres.change import StreamChange
from adapters.postgres.reads.read_connection import among
from adapters.postgres.tables import api_keys, customers, holdings, vault
from domain.access import ApiKey
from domain.account import Account
from domain.engine.advance import next_instant
from domain.events import ItemAdded
from domain.owned_ids import owned_ids


def customer_row(account: Account) -> dict[str, Any]:
    customer = account.customer
    assert customer is not None
    return {
        "customer_id": customer.id,
        "kind": str(customer.kind),
        "anonymous_id": customer.anonymous_id,
        "clock_id": customer.clock_id,
        "created_at": customer.created_at,
        "erased_at": customer.erased_at,
        "due_at": next_instant(account),
    }


def key_row(key: ApiKey) -> dict[str, Any]:
    return {"key_id": key.id, "secret_hash": key.secret_hash}


async def project(connection: AsyncConnection, changes: Sequence[StreamChange]) -> None:
    """Write the rows in which the states after differ from the states before, and those that the entries make. A
    table's rows, of all streams, are written together."""
    accounts = [change for change in changes if isinstance(change.after, Account)]
    if accounts:
        await _project_accounts(connection, accounts)
        await documents.project(connection, accounts)
        await effects.project(connection, accounts)
        await metric_views.project(connection, accounts)
        await ledger.write(
            connection,
            [row for change in accounts for row in ledger.rows_for(change.entries[0].stream_id, change.posted)],
        )
    for change in changes:
        if isinstance(change.after, ApiKey):
            await connection.execute(insert(api_keys).values(key_row(change.after)).on_conflict_do_nothing())
    # The catalog and the clocks are read from their states.


async def _project_accounts(connection: AsyncConnection, changes: Sequence[StreamChange]) -> None:
    rows = [customer_row(change.after) for change in changes]
    changed = [row for change, row in zip(changes, rows, strict=True) if _may_differ(change.before, change.after)]
    if changed:
        upsert = insert(customers)
        others = {name: upsert.excluded[name] for name in changed[0] if name != "customer_id"}
        await connection.execute(
            upsert.on_conflict_do_update(index_elements=["customer_id"], set_=others),
            changed,
        )
    await add_owned_ids(
        connection,
        [
            (row["customer_id"], id)
            for change, row in zip(changes, rows, strict=True)
            for id in sorted((owned_ids(change.after) | _billed_at_once(change)) - owned_ids(change.before))
        ],
    )
    erased = [row["customer_id"] for row in rows if row["erased_at"] is not None]
    if erased:
        await connection.execute(delete(vault).where(among(vault.c.customer_id, erased)))


def _may_differ(before: Account, after: Account) -> bool:
    """Whether the customer's row may. What is next due, which is most of it, follows from all of these."""
    parts = ((account.customer, account.subscriptions, account.grants, account.books) for account in (before, after))
    return any(old is not new for old, new in zip(*parts, strict=True))


def _billed_at_once(change: StreamChange) -> set[str]:
    """Ids of items that were added and billed by the same entries: they stay findable like all others."""
    return {entry.event.item.id for entry in change.entries if isinstance(entry.event, ItemAdded)}


async def add_owned_ids(connection: AsyncConnection, ids: Sequence[tuple[str, str]]) -> None:
    """Remember (customer id, id) pairs. They are never removed: a scheduled change that was withdrawn can still be
    asked for."""
    if ids:
        rows = [{"customer_id": customer_id, "id": id} for customer_id, id in ids]
        await connection.execute(insert(holdings).on_conflict_do_nothing(), rows)


async def clear(connection: AsyncConnection, stream_id: str) -> None:
    """Remove a stream's rows, to be projected anew."""
    await connection.execute(delete(customers).where(customers.c.customer_id == stream_id))
    await connection.execute(delete(holdings).where(holdings.c.customer_id == stream_id))
    await connection.execute(delete(api_keys).where(api_keys.c.key_id == stream_id))
    await documents.clear(connection, stream_id)
    await effects.clear(connection, stream_id)
    await metric_views.clear(connection, stream_id)
    await ledger.clear(connection, stream_id)


async def rows_of(connection: AsyncConnection, stream_id: str) -> tuple[list[dict[str, Any]], set[str], list[Any]]:
    """What the views hold of a stream: (customer rows, owned ids, key rows)."""
    of_customer = await connection.execute(select(customers).where(customers.c.customer_id == stream_id))
    owned = await connection.execute(select(holdings.c.id).where(holdings.c.customer_id == stream_id))
    keys = await connection.execute(select(api_keys).where(api_keys.c.key_id == stream_id))
    return (
        [dict(row) for row in of_customer.mappings()],
        set(owned.scalars()),
        [dict(row) for row in keys.mappings()],
    )
