"""A month as accounting wants it: the entries of its events, then what it earned of the revenue deferred so far."""

from collections.abc import AsyncIterator
from datetime import timedelta

from adapters.postgres.connection import Engine
from adapters.postgres.reads import ledger
from domain.ledger import RECOGNIZED, LedgerEntry, recognized
from domain.period import Period

_LAST_INSTANT = timedelta(microseconds=1)


async def entries_of(engine: Engine, month: Period, clock_id: str | None = None) -> AsyncIterator[LedgerEntry]:
    """`clock_id`: of the customers of that test clock; None: of those who live in real time.

    A month that is not over gives what is known of it so far, and earns what its whole length will have earned.
    """
    async for entry in ledger.booked(engine, month, clock_id):
        yield entry
    async for entry in ledger.deferred(engine, month, clock_id):
        for deferred in entry.postings:
            if earned := recognized(deferred, entry.at, month):
                yield LedgerEntry(entry.customer, entry.number, RECOGNIZED, month.end - _LAST_INSTANT, earned)
