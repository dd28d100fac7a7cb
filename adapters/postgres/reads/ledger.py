"""A month of the ledger across customers, page by page: however many there are, a page is in memory at a time."""

from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Column, Row, Select, select, tuple_

from adapters.postgres.connection import Engine
from adapters.postgres.reads.looking import looking
from adapters.postgres.tables import customers, journal, ledger
from domain.ledger import Entry, LedgerAccount, Posting
from domain.period import Period

PAGE_ROWS = 1_000


async def booked(
    engine: Engine, month: Period, clock_id: str | None = None, *, page_rows: int = PAGE_ROWS
) -> AsyncIterator[Entry]:
    """The entries whose events took effect in the month, in order of time. Customers on a test clock are left out;
    `clock_id`: those of that clock alone."""
    query = (
        _rows(clock_id)
        .join(journal, (journal.c.stream_id == ledger.c.customer_id) & (journal.c.seq == ledger.c.seq))
        .add_columns(journal.c.type)
        .where(ledger.c.at >= month.start, ledger.c.at < month.end)
    )
    order = (ledger.c.at, ledger.c.customer_id, ledger.c.seq, ledger.c.n)
    started: list[Row[Any]] = []  # an entry may go on on the next page
    async for page in _pages(engine, query, order, page_rows):
        *whole, started = [list(rows) for _, rows in groupby([*started, *page], key=_of_entry)]
        for rows in whole:
            yield _entry(rows)
    if started:
        yield _entry(started)


async def deferred(
    engine: Engine, month: Period, clock_id: str | None = None, *, page_rows: int = PAGE_ROWS
) -> AsyncIterator[Entry]:
    """What was deferred before the month's end and may be earned in it: an entry with a single posting each."""
    query = (
        _rows(clock_id)
        .join(journal, (journal.c.stream_id == ledger.c.customer_id) & (journal.c.seq == ledger.c.seq))
        .add_columns(journal.c.type)
        .where(
            ledger.c.account == LedgerAccount.DEFERRED_REVENUE.value,
            ledger.c.ends_at > month.start,
            ledger.c.at < month.end,
        )
    )
    order = (ledger.c.ends_at, ledger.c.customer_id, ledger.c.seq, ledger.c.n)
    async for page in _pages(engine, query, order, page_rows):
        for row in page:
            yield _entry([row])


def _rows(clock_id: str | None) -> Select[Any]:
    lives_by = customers.c.clock_id.is_(None) if clock_id is None else customers.c.clock_id == clock_id
    return (
        select(ledger, customers.c.anonymous_id)
        .join(customers, customers.c.customer_id == ledger.c.customer_id)
        .where(lives_by)
    )


async def _pages(
    engine: Engine, query: Select[Any], order: Sequence[Column[Any]], page_rows: int
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Each page begins after the last row of the one before, so the hundredth costs what the first did."""
    after = query
    while True:
        async with looking(engine) as connection:
            page = (await connection.execute(after.order_by(*order).limit(page_rows))).all()
        if page:
            yield page
        if len(page) < page_rows:
            return
        last = page[-1]._mapping
        after = query.where(tuple_(*order) > tuple_(*(last[column] for column in order)))


def _of_entry(row: Row[Any]) -> tuple[str, int]:
    return row.customer_id, row.seq


def _entry(rows: Sequence[Row[Any]]) -> Entry:
    first = rows[0]
    return Entry(first.anonymous_id, str(first.seq), first.type, first.at, tuple(map(_posting, rows)))


def _posting(row: Row[Any]) -> Posting:
    return Posting(
        LedgerAccount(row.account),
        row.currency,
        row.amount,
        row.about,
        row.document,
        None if row.starts_at is None else Period(row.starts_at, row.ends_at),
    )
