"""The ledger's rows: written beside the journal entries they belong to, and never changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.tables import ledger
from domain.ledger.posting import Posting


class PostedEntry(NamedTuple):
    """The postings of the journal entry `seq`, effective at `at`."""

    seq: int
    at: datetime
    postings: tuple[Posting, ...]


def rows_for(customer_id: str, entries: Iterable[PostedEntry]) -> list[dict[str, Any]]:
    """The rows that these entries are kept as, in order."""
    return [
        {
            "customer_id": customer_id,
            "seq": entry.seq,
            "n": n,
            "at": entry.at,
            "account": str(posting.account),
            "currency": posting.currency,
            "amount": posting.amount,
            "about": posting.about,
            "document": posting.document,
            "starts_at": posting.period.start if posting.period else None,
            "ends_at": posting.period.end if posting.period else None,
        }
        for entry in entries
        for n, posting in enumerate(entry.postings, 1)
    ]


async def write(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of any customers, as `rows_for` gives them."""
    if rows:
        await connection.execute(insert(ledger), rows)


async def clear(connection: AsyncConnection, customer_id: str) -> None:
    """Remove a customer's rows, for replay to write them anew. In no other case does the database allow it."""
    await connection.execute(text("SELECT set_config('tollgate.replay', 'on', true)"))
    await connection.execute(delete(ledger).where(ledger.c.customer_id == customer_id))
    await connection.execute(text("SELECT set_config('tollgate.replay', 'off', true)"))


async def rows_of(connection: AsyncConnection, customer_id: str) -> list[dict[str, Any]]:
    """The rows that the ledger holds of a customer, as `rows_for` gives them."""
    query = select(ledger).where(ledger.c.customer_id == customer_id).order_by(ledger.c.seq, ledger.c.n)
    return [dict(row) for row in (await connection.execute(query)).mappings()]
