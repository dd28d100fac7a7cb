"""Views: pure projections of states into rows that can be searched. They decide nothing and are rebuilt by replay."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres import counted, documents, effects, ledger
from adapters.postgres.change import StreamChange
from adapters.postgres.reads.looking import among
from adapters.postgres.tables import api_keys, customers, holdings, vault
from domain.access import ApiKey
from domain.account import Account
from domain.billing.invoicing import invoice_id
from domain.engine.advance import next_instant
from domain.events import ItemAdded


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
        | {provider_id(provider, link.reference) for provider, link in books.links.items()}
    )


def provider_id(provider: str, reference: str) -> str:
    """What a customer's record at a payment provider is held as: a shape that no id of ours has."""
    return f"{provider}/{reference}"


def key_row(key: ApiKey) -> dict[str, Any]:
    return {"key_id": key.id, "secret_hash": key.secret_hash}


async def project(connection: AsyncConnection, changes: Sequence[StreamChange]) -> None:
    """Write the rows in which the states after differ from the states before, and those that the entries between make;
    of each table those of all streams at once."""
    accounts = [one for one in changes if isinstance(one.after, Account)]
    if accounts:
        await _project_accounts(connection, accounts)
        await documents.project(connection, accounts)
        await effects.project(connection, accounts)
        await counted.project(connection, accounts)
        await ledger.write(
            connection, [row for one in accounts for row in ledger.rows_for(one.entries[0].stream_id, one.posted)]
        )
    for one in changes:
        if isinstance(one.after, ApiKey):
            await connection.execute(insert(api_keys).values(key_row(one.after)).on_conflict_do_nothing())
    # The catalog and the clocks are read from their states.


async def _project_accounts(connection: AsyncConnection, changes: Sequence[StreamChange]) -> None:
    rows = [customer_row(one.after) for one in changes]
    changed = [
        row
        for one, row in zip(changes, rows, strict=True)
        if one.before.customer is None or row != customer_row(one.before)
    ]
    if changed:
        upsert = insert(customers)
        others = {name: upsert.excluded[name] for name in changed[0] if name != "customer_id"}
        await connection.execute(
            upsert.on_conflict_do_update(index_elements=["customer_id"], set_=others),
            changed,
        )
    await hold(
        connection,
        [
            (row["customer_id"], id)
            for one, row in zip(changes, rows, strict=True)
            for id in sorted((held_ids(one.after) | _billed_at_once(one)) - held_ids(one.before))
        ],
    )
    erased = [row["customer_id"] for row in rows if row["erased_at"] is not None]
    if erased:
        await connection.execute(delete(vault).where(among(vault.c.customer_id, erased)))


def _billed_at_once(change: StreamChange) -> set[str]:
    """Items that came and went within the change: their ids stay findable like others."""
    return {entry.event.item.id for entry in change.entries if isinstance(entry.event, ItemAdded)}


async def hold(connection: AsyncConnection, ids: Sequence[tuple[str, str]]) -> None:
    """(customer id, id): ids once held stay findable: a planned change that was withdrawn can still be asked for."""
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
    await counted.clear(connection, stream_id)
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
