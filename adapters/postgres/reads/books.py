"""Accounts with their books, which are stored apart from what rights need."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from adapters.postgres.codec import decode_whole_account
from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import among, is_visible, read_connection
from adapters.postgres.tables import customers, streams
from domain.account import Account


class AccountWithBooks(NamedTuple):
    """The account and its books as of the journal's entry `seq`, read by one statement, so that they agree."""

    account: Account
    seq: int
    effective_at: datetime


async def by_customers(
    engine: Engine, ids: Collection[str], visible: frozenset[str] | None
) -> dict[str, AccountWithBooks]:
    """Customer id → whole account, for those that exist and are visible."""
    query = (
        select(streams.c.id, streams.c.state, streams.c.books, streams.c.seq, streams.c.effective_at)
        .join(customers, customers.c.customer_id == streams.c.id)
        .where(among(streams.c.id, ids), is_visible(streams.c.id, visible))
    )
    async with read_connection(engine) as connection:
        rows = (await connection.execute(query)).all()
    return {
        row.id: AccountWithBooks(decode_whole_account(row.state, row.books, row.seq), row.seq, row.effective_at)
        for row in rows
    }
