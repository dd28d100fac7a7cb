"""Views: pure projections of states into rows that can be searched. They decide nothing and are rebuilt by replay."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres import documents, effects, ledger
from adapters.postgres.journal import Entry
from adapters.postgres.ledger import Posted
from adapters.postgres.tables import api_keys, customers, holdings, vault
from domain.access import ApiKey
from domain.account import Account
from domain.billing.ahead import next_instant
from domain.billing.invoicing import invoice_id


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


def held_ids(account: Account) -> set[str]:
    """What can be found by its own id: subscriptions, planned changes, grants; and of the books all but credit notes,
    which are documents. Also the two invoices that may be drafts: they keep their ids when they become final."""
    books = account.books
    return (
        ({invoice_id(account), invoice_id(account, 1)} if account.customer is not None else set())
        | {held.id for held in account.subscriptions}
        | {planned.id for held in account.subscriptions for planned in held.scheduled}
        | {grant.id for grant in account.grants}
        | {item.id for item in books.items}
        | books.receivables.keys()
        | books.credits.keys()
        | books.payments.keys()
        | {refund.id for payment in books.payments.values() for refund in payment.refunds}
        | {redemption.id for redemption in books.redemptions}
        | {method.id for method in books.methods}
    )


def key_row(key: ApiKey) -> dict[str, Any]:
    return {"key_id": key.id, "secret_hash": key.secret_hash}


async def project(
    connection: AsyncConnection,
    before: object,
    after: object,
    entries: Sequence[Entry],
    posted: Sequence[Posted],
) -> None:
    """Write the rows in which the state after differs from the state before, and those that the entries between
    make."""
    match before, after:
        case Account(), Account():
            await _project_account(connection, before, after)
            await documents.project(connection, before, after, entries)
            await effects.project(connection, before, after)
            await ledger.post(connection, entries[0].stream_id, posted)
        case ApiKey(), ApiKey():
            await connection.execute(insert(api_keys).values(key_row(after)).on_conflict_do_nothing())
        case _:
            pass  # the catalog and the clocks are read from their states


async def _project_account(connection: AsyncConnection, before: Account, after: Account) -> None:
    row = customer_row(after)
    if before.customer is None or row != customer_row(before):
        upsert = insert(customers).values(row)
        await connection.execute(upsert.on_conflict_do_update(index_elements=["customer_id"], set_=row))
    await hold(connection, row["customer_id"], held_ids(after) - held_ids(before))
    erased = after.customer is not None and after.customer.erased_at is not None
    if erased:
        await connection.execute(delete(vault).where(vault.c.customer_id == row["customer_id"]))


async def hold(connection: AsyncConnection, customer_id: str, ids: set[str]) -> None:
    """Ids once held stay findable: a planned change that was withdrawn can still be asked for."""
    if ids:
        rows = [{"customer_id": customer_id, "id": id} for id in sorted(ids)]
        await connection.execute(insert(holdings).on_conflict_do_nothing(), rows)


async def clear(connection: AsyncConnection, stream_id: str) -> None:
    """Remove a stream's rows, to be projected anew."""
    await connection.execute(delete(customers).where(customers.c.customer_id == stream_id))
    await connection.execute(delete(holdings).where(holdings.c.customer_id == stream_id))
    await connection.execute(delete(api_keys).where(api_keys.c.key_id == stream_id))
    await documents.clear(connection, stream_id)
    await effects.clear(connection, stream_id)
    await ledger.clear(connection, stream_id)


async def rows_of(connection: AsyncConnection, stream_id: str) -> tuple[list[dict[str, Any]], set[str], list[Any]]:
    """What the views hold of a stream: (customer rows, held ids, key rows)."""
    of_customer = await connection.execute(select(customers).where(customers.c.customer_id == stream_id))
    held = await connection.execute(select(holdings.c.id).where(holdings.c.customer_id == stream_id))
    keys = await connection.execute(select(api_keys).where(api_keys.c.key_id == stream_id))
    return (
        [dict(row) for row in of_customer.mappings()],
        set(held.scalars()),
        [dict(row) for row in keys.mappings()],
    )
