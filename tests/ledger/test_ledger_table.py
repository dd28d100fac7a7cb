"""The database keeps the ledger: it changes nothing, takes nothing that does not balance, and can be rebuilt."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres import ledger, tables
from adapters.postgres.ledger import PostedEntry, rows_for
from domain.ledger import LedgerAccount, Posting
from domain.period import Period

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = Period(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def entry(seq: int, *amounts: str, currency: str = "EUR") -> PostedEntry:
    return PostedEntry(seq, NOON, tuple(Posting(LedgerAccount.CASH, currency, D(amount), "p1") for amount in amounts))


async def post(connection: AsyncConnection, customer_id: str, entries: Sequence[PostedEntry]) -> None:
    await ledger.write(connection, rows_for(customer_id, entries))


async def test_what_was_posted_is_read_as_it_was_written(engine: AsyncEngine) -> None:
    due = Posting(LedgerAccount.RECEIVABLE, "EUR", D("119.00"), "i1", "INV-1")
    later = Posting(LedgerAccount.DEFERRED_REVENUE, "EUR", D("-119.00"), "i1", "INV-1", MONTH)
    entries = [
        PostedEntry(3, NOON, (due, later)),
        PostedEntry(4, NOON, ()),
        entry(5, "0.001", "-0.001", currency="BHD"),
    ]
    async with engine.begin() as connection:
        await post(connection, "customer_1", entries)
    async with engine.connect() as connection:
        assert await ledger.rows_of(connection, "customer_1") == rows_for("customer_1", entries)
        assert await ledger.rows_of(connection, "customer_2") == []


async def test_an_entry_that_does_not_balance_is_refused_when_the_transaction_ends(engine: AsyncEngine) -> None:
    with pytest.raises(IntegrityError, match="entry 2 of customer_1 does not balance in EUR"):
        async with engine.begin() as connection:
            await post(connection, "customer_1", [entry(1, "5", "-5"), entry(2, "5", "-4.99")])
    async with engine.connect() as connection:
        assert await ledger.rows_of(connection, "customer_1") == []


async def test_currencies_do_not_make_up_for_each_other_nor_do_entries(engine: AsyncEngine) -> None:
    euros, dollars = entry(1, "5"), entry(1, "-5", currency="USD")
    with pytest.raises(IntegrityError, match="does not balance"):
        async with engine.begin() as connection:
            await post(connection, "customer_1", [PostedEntry(1, NOON, euros.postings + dollars.postings)])
    with pytest.raises(IntegrityError, match="does not balance"):
        async with engine.begin() as connection:
            await post(connection, "customer_1", [entry(1, "5"), entry(2, "-5")])


async def test_nothing_is_added_to_an_entry_that_balances(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await post(connection, "customer_1", [entry(1, "5", "-5")])
    more: dict[str, Any] = {**rows_for("customer_1", [entry(1, "1")])[0], "n": 3}
    with pytest.raises(IntegrityError, match="does not balance"):
        async with engine.begin() as connection:
            await connection.execute(tables.ledger.insert(), [more])


@pytest.mark.parametrize("change", ["UPDATE ledger SET about = 'x'", "DELETE FROM ledger", "TRUNCATE ledger"])
async def test_rows_refuse_to_be_changed(engine: AsyncEngine, change: str) -> None:
    async with engine.begin() as connection:
        await post(connection, "customer_1", [entry(1, "5", "-5")])
    with pytest.raises(DBAPIError, match="ledger is append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(change))


async def test_replay_clears_one_customer_and_writes_them_anew_in_one_transaction(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for customer_id in ("customer_1", "customer_2"):
            await post(connection, customer_id, [entry(1, "5", "-5")])
    async with engine.begin() as connection:
        await ledger.clear(connection, "customer_1")
        await post(connection, "customer_1", [entry(1, "7", "-7")])
    async with engine.connect() as connection:
        assert [row["amount"] for row in await ledger.rows_of(connection, "customer_1")] == [7, -7]
        assert [row["amount"] for row in await ledger.rows_of(connection, "customer_2")] == [5, -5]


async def test_what_replay_may_do_is_forbidden_again_right_after_it(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await ledger.clear(connection, "customer_1")
        with pytest.raises(DBAPIError, match="ledger is append-only"):
            await connection.execute(text("DELETE FROM ledger"))


async def test_half_an_entry_is_not_cleared_even_by_replay(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await post(connection, "customer_1", [entry(1, "5", "-5")])
    async with engine.connect() as connection:
        await connection.execute(text("SET LOCAL tollgate.replay = 'on'"))
        await connection.execute(text("DELETE FROM ledger WHERE n = 1"))
        with pytest.raises(IntegrityError, match="does not balance"):
            await connection.commit()


async def test_a_customers_life_balances_over_all(engine: AsyncEngine, life: Callable[..., Any]) -> None:
    someone = await life().begin()
    await someone.bill("1", "120.00", ("2026-01-01", "2027-01-01"), "2026-01-01")
    await someone.pay("p1", "132.00", "1", "2026-01-03")
    await someone.give("c1", "10.00", "2026-01-04")
    async with engine.connect() as connection:
        rows = await ledger.rows_of(connection, someone.id)
    assert [(row["seq"], row["n"], row["account"], row["amount"]) for row in rows] == [
        (2, 1, "RECEIVABLE", D("132.00")),
        (2, 2, "TAX", D("-12.00")),
        (2, 3, "DEFERRED_REVENUE", D("-120.00")),
        (3, 1, "RECEIVABLE", D("-132.00")),
        (3, 2, "CASH", D("132.00")),
        (4, 1, "CREDIT_LIABILITY", D("-10.00")),
        (4, 2, "GOODWILL", D("10.00")),
    ]
