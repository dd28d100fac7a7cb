"""A month of the ledger across customers, page by page: however many there are, a page is in memory at a time."""

from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Row, Select, select, tuple_

from adapters.postgres.connection import Engine
from adapters.postgres.reads.read_connection import read_connection
from adapters.postgres.tables import customers, journal, ledger
from domain.ledger import LedgerAccount, LedgerEntry, Posting
from domain.period import Period

PAGE_ROWS = 1_000


async def booked(
    engine: Engine, month: Period, clock_id: str | None = None, *, page_rows: int = PAGE_ROWS
) -> AsyncIterator[LedgerEntry]:
    """The entries whose events took effect in the month, in order of time. Customers on a test clock are left out;
    `clock_id`: those of that clock alone."""
    query = select(ledger).where(ledger.c.at >= month.start, ledger.c.at < month.end)
    order = (ledger.c.at, ledger.c.customer_id, ledger.c.seq, ledger.c.n)
    started: list[Row[Any]] = []  # an entry may go on on the next page
    async for page in _pages(engine, query, order, clock_id, page_rows):
        *whole, started = [list(rows) for _, rows in groupby([*started, *page], key=_of_entry)]
        for rows in whole:
            yield _entry(rows)
    if started:
        yield _entry(started)


async def deferred(
    engine: Engine, month: Period, clock_id: str | None = None, *, page_rows: int = PAGE_ROWS
) -> AsyncIterator[LedgerEntry]:
    """What was deferred before the month's end and may be earned in it: an entry with a single posting each."""
    query = select(ledger).where(
        ledger.c.account == LedgerAccount.DEFERRED_REVENUE.value,
        ledger.c.ends_at > month.start,
        ledger.c.at < month.end,
    )
    order = (ledger.c.ends_at, ledger.c.customer_id, ledger.c.seq, ledger.c.n)
    async for page in _pages(engine, query, order, clock_id, page_rows):
        for row in page:
            yield _entry([row])


async def _pages(
    engine: Engine, query: Select[Any], order: Sequence[Column[Any]], clock_id: str | None, page_rows: int
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Each page begins after the last row of the one before, so the hundredth costs what the first did. The rows are
    chosen by their index before anything is joined to them, whatever the server thinks of the tables' sizes; so whose
    they are is looked at last."""
    after = query
    while True:
        async with read_connection(engine) as connection:
            page = (await connection.execute(_joined(after.order_by(*order).limit(page_rows), order))).all()
        if found := [row for row in page if row.clock_id == clock_id]:
            yield found
        if len(page) < page_rows:
            return
        last = page[-1]._mapping
        after = query.where(tuple_(*order) > tuple_(*(last[column.name] for column in order)))


def _joined(page: Select[Any], order: Sequence[Column[Any]]) -> Select[Any]:
    rows = page.subquery("rows")
    return (
        select(rows, customers.c.anonymous_id, customers.c.clock_id, journal.c.type)
        .outerjoin(customers, customers.c.customer_id == rows.c.customer_id)
        .outerjoin(journal, (journal.c.stream_id == rows.c.customer_id) & (journal.c.seq == rows.c.seq))
        .order_by(*(rows.c[column.name] for column in order))
    )


def _of_entry(row: Row[Any]) -> tuple[str, int]:
    return row.customer_id, row.seq


def _entry(rows: Sequence[Row[Any]]) -> LedgerEntry:
    first = rows[0]
    assert first.anonymous_id is not None, f"{first.customer_id} has postings and is not there"
    return LedgerEntry(first.anonymous_id, str(first.seq), first.type, first.at, tuple(map(_posting, rows)))


def _posting(row: Row[Any]) -> Posting:
    return Posting(
        LedgerAccount(row.account),
        row.currency,
        row.amount,
        row.about,
        row.document,
        None if row.starts_at is None else Period(row.starts_at, row.ends_at),
    )
