"""Accounts as they are stored, with what belongs to them elsewhere: the key to their personal data and their clock."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, false, or_, select

from adapters.postgres import personal
from adapters.postgres.codec import decode_account, decode_clock
from adapters.postgres.connection import Connection, Engine
from adapters.postgres.reads.read_connection import among, is_visible, read_connection
from adapters.postgres.tables import customers, documents, holdings, streams, vault
from domain.account import Account
from domain.clock import TestClock


class StoredAccount(NamedTuple):
    """`account` is what the journal says up to entry `seq`, effective at `effective_at`; what fell due since is not in
    it. `wrapped_key` is None for an erased customer, `clock` for one in real time."""

    account: Account
    seq: int
    effective_at: datetime
    wrapped_key: bytes | None
    clock: TestClock | None


class AccountSearch(NamedTuple):
    """A customer is found if any of these matches. `hashes`: Vault.search_hashes. `anonymous_id` and `number`, which is
    an invoice's or a credit note's, are only for those who may see them."""

    customer_id: str | None
    anonymous_id: str | None
    hashes: Sequence[bytes]
    number: str | None = None


async def by_ids(engine: Engine, ids: Collection[str], visible: frozenset[str] | None) -> dict[str, StoredAccount]:
    """Customer id → account, for those that exist and are visible."""
    query = _accounts(visible).where(among(customers.c.customer_id, ids))
    async with read_connection(engine) as connection:
        return {stored.account.customer.id: stored for stored in await _read(connection, query)}  # type: ignore[union-attr]


async def page(
    engine: Engine,
    visible: frozenset[str] | None,
    *,
    limit: int,
    after: str | None = None,
    before: str | None = None,
    backwards: bool = False,
    search: AccountSearch | None = None,
) -> list[StoredAccount]:
    """At most `limit` accounts between two customer ids, in order of id: the first of them, or (`backwards`) the last.

    Ids grow with creation, so a page that was read does not change when customers are added.
    """
    id = customers.c.customer_id
    query = _accounts(visible)
    if after is not None:
        query = query.where(id > after)
    if before is not None:
        query = query.where(id < before)
    if search is not None:
        query = query.where(
            or_(
                id == search.customer_id if search.customer_id is not None else false(),
                customers.c.anonymous_id == search.anonymous_id if search.anonymous_id is not None else false(),
                personal.matching(id, search.hashes) if search.hashes else false(),
                id.in_(_numbered(search.number)) if search.number is not None else false(),
            )
        )
    query = query.order_by(id.desc() if backwards else id).limit(limit)
    async with read_connection(engine) as connection:
        found = await _read(connection, query)
    return found[::-1] if backwards else found


def _numbered(number: str) -> Select[tuple[str]]:
    return select(documents.c.customer_id).where(documents.c.number == number)


async def owners(engine: Engine, ids: Collection[str], visible: frozenset[str] | None) -> dict[str, str]:
    """Id of a subscription, scheduled change, grant or anything else of a customer's → that customer's id."""
    query = select(holdings.c.id, holdings.c.customer_id).where(
        among(holdings.c.id, ids), is_visible(holdings.c.customer_id, visible)
    )
    async with read_connection(engine) as connection:
        return {row.id: row.customer_id for row in await connection.execute(query)}


async def by_external_hashes(
    engine: Engine, hashes: Collection[bytes], visible: frozenset[str] | None
) -> dict[bytes, str]:
    """External hash (Vault.external_hashes) → customer id."""
    query = select(vault.c.external_hash, vault.c.customer_id).where(
        vault.c.external_hash.in_(hashes), is_visible(vault.c.customer_id, visible)
    )
    async with read_connection(engine) as connection:
        return {row.external_hash: row.customer_id for row in await connection.execute(query)}


def _accounts(visible: frozenset[str] | None) -> Select[Any]:
    query = (
        select(streams.c.state, streams.c.seq, streams.c.effective_at, vault.c.wrapped_key, customers.c.clock_id)
        .select_from(customers)
        .join(streams, streams.c.id == customers.c.customer_id)
        .outerjoin(vault, vault.c.customer_id == customers.c.customer_id)
    )
    return query.where(is_visible(customers.c.customer_id, visible))


async def _read(connection: Connection, query: Select[Any]) -> list[StoredAccount]:
    rows = (await connection.execute(query)).all()
    clocks = await _clocks(connection, {row.clock_id for row in rows if row.clock_id is not None})
    return [_stored(row, clocks) for row in rows]


async def _clocks(connection: Connection, ids: Collection[str]) -> dict[str, TestClock]:
    """The clocks that the accounts just read live by; whoever sees the customer sees their clock."""
    if not ids:
        return {}
    rows = await connection.execute(select(streams.c.id, streams.c.state).where(among(streams.c.id, ids)))
    return {row.id: decode_clock(row.state) for row in rows}


def _stored(row: Row[Any], clocks: dict[str, TestClock]) -> StoredAccount:
    clock = None if row.clock_id is None else clocks[row.clock_id]
    return StoredAccount(decode_account(row.state), row.seq, row.effective_at, row.wrapped_key, clock)
