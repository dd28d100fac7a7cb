"""The rows behind the vault: each customer's wrapped key, and the keyed hashes the customer is found by.

Hashes come in the order the vault gives them, the present one first. There is a second one only while the master
secret is being replaced.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import SQLColumnExpression

from adapters.postgres.connection import Connection
from adapters.postgres.tables import vault


async def insert_row(
    connection: Connection,
    customer_id: str,
    wrapped_key: bytes,
    external_hashes: Sequence[bytes],
    search_hashes: Sequence[bytes],
) -> bool:
    """Keep a new customer's row. False: a customer with this external id exists, and nothing was written.

    The transaction stays usable either way. Of two that insert the same external id at once, the second waits for the
    first to commit (then False) or to roll back (then True).
    """
    present, *old = external_hashes
    if old and await find(connection, old) is not None:
        return False
    row = {
        "customer_id": customer_id,
        "wrapped_key": wrapped_key,
        "external_hash": present,
        "search_hashes": list(search_hashes),
    }
    written = insert(vault).values(row).on_conflict_do_nothing(index_elements=["external_hash"])
    return (await connection.execute(written.returning(vault.c.customer_id))).first() is not None


async def find(connection: Connection, external_hashes: Sequence[bytes]) -> str | None:
    """The id of the customer with this external id."""
    found = await find_many(connection, external_hashes)
    return next((found[hash] for hash in external_hashes if hash in found), None)


async def find_many(connection: Connection, external_hashes: Collection[bytes]) -> dict[bytes, str]:
    """External hash → customer id, for those that exist."""
    query = select(vault.c.external_hash, vault.c.customer_id)
    rows = await connection.execute(query.where(vault.c.external_hash.in_(external_hashes)))
    return {row.external_hash: row.customer_id for row in rows}


async def wrapped_keys(connection: Connection, customer_ids: Collection[str]) -> dict[str, bytes]:
    """Customer id → wrapped key. An erased customer has none."""
    query = select(vault.c.customer_id, vault.c.wrapped_key)
    rows = await connection.execute(query.where(vault.c.customer_id.in_(customer_ids)))
    return {row.customer_id: row.wrapped_key for row in rows}


async def update_search(connection: Connection, customer_id: str, search_hashes: Sequence[bytes]) -> None:
    """What the customer is searched by from now on."""
    row = vault.c.customer_id == customer_id
    await connection.execute(update(vault).where(row).values(search_hashes=list(search_hashes)))


async def customer_ids(connection: Connection, after: str, limit: int) -> list[str]:
    """The customers that have a row, in order of id."""
    query = select(vault.c.customer_id).where(vault.c.customer_id > after).order_by(vault.c.customer_id).limit(limit)
    return list((await connection.execute(query)).scalars())


async def replace_row(
    connection: Connection, customer_id: str, wrapped_key: bytes, external_hash: bytes, search_hashes: Sequence[bytes]
) -> None:
    """The same key and the same hashes, as another master secret makes them."""
    values = {"wrapped_key": wrapped_key, "external_hash": external_hash, "search_hashes": list(search_hashes)}
    await connection.execute(update(vault).where(vault.c.customer_id == customer_id).values(values))


def matching(customer_id: SQLColumnExpression[str], search_hashes: Sequence[bytes]) -> ColumnElement[bool]:
    """The condition that `customer_id` is a customer indexed under one of these hashes (`Vault.search_hashes`).

    It knows no tenants: the query it stands in says which customers are visible.
    """
    return customer_id.in_(select(vault.c.customer_id).where(vault.c.search_hashes.overlap(list(search_hashes))))
