"""What was billed, as the tables tell it, for the tests of workers."""

import asyncpg

from bench.accounts import PREFIX


async def numbers(dsn: str, *, prefix: str = "INV-") -> list[int]:
    """The counters of the numbers of a series, in order."""
    rows = await _fetch(
        dsn, f"SELECT substr(number, {len(prefix) + 1})::int FROM documents WHERE number LIKE '{prefix}%'"
    )
    return sorted(row[0] for row in rows)


async def without_gaps(dsn: str, *, prefix: str = "INV-") -> int:
    """How many documents the series has; its numbers are 1, 2, 3 … up to that."""
    found = await numbers(dsn, prefix=prefix)
    assert found == list(range(1, len(found) + 1))
    return len(found)


async def billed_until(dsn: str) -> dict[str, list[str]]:
    """Customer → the ends of the periods that their invoices bill, oldest first, without those of before the test."""
    rows = await _fetch(
        dsn,
        f"""SELECT customer_id, document ->> 'until' FROM documents
            WHERE kind = 'INVOICE' AND NOT starts_with(number, '{PREFIX}') ORDER BY issued_at, number""",
    )
    found: dict[str, list[str]] = {}
    for customer_id, until in rows:
        found.setdefault(customer_id, []).append(until)
    return found


async def _fetch(dsn: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()
