"""Accounts in bulk: drafted as the service drafts them, and copied to where it would have written them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import asyncpg

from adapters.postgres import documents, ledger, views
from adapters.postgres.engine import create_engine
from adapters.postgres.reads import catalog as catalogs
from adapters.postgres.states import Head
from domain import commands as c
from domain.account import Account, Customer, CustomerKind
from domain.billing.bill import bill
from domain.billing.charges import charges
from domain.billing.moment import next_moment
from domain.billing.numbering import numbered
from domain.billing.office import office
from domain.books.payment import Method
from domain.catalog import Meter, PlanVersion
from domain.events import AccountEvent, InvoiceFinalized
from domain.seller import Settings
from service.clock import Clock
from service.draft import By, Draft
from service.ids import new_id
from service.record import Record
from service.seed import seed
from service.streams import kind_of

BY = By("bench")
PREFIX = "BEFORE-"
"""Of the numbers of the invoices that were there before what is measured."""
_JOURNAL = (
    *("stream_id", "seq", "id", "effective_at", "recorded_at", "actor", "reason", "cause", "type", "version"),
    *("payload", "previous", "hash"),
)
_SECOND = timedelta(seconds=1)
HOURS = 6
AT_ONCE = 500
"""Accounts copied in one go."""
Row = dict[str, Any]


async def fill(dsn: str, accounts: int, days: float = 32) -> None:
    """So many accounts in a database with tables and nothing else, which bought the default plan `professional` by the
    month so many days ago (32: one period is due), and were billed for its start."""
    engine = create_engine(dsn)
    await seed(Record(engine, Clock(), lambda _: None))
    catalog = (await catalogs.catalog(engine)).catalog
    plan = catalog.on_sale("professional")
    meters = [meter for meter in catalog.meters if meter.key in ("api_calls", "storage", "transfer")]
    at = datetime.now(UTC) - timedelta(days=days)
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for first in range(0, accounts, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, accounts))
            drafts = [subscribed(plan, n, at + timedelta(milliseconds=n)) for n in numbers]
            await copy(driver, [tables_of(draft, meters, HOURS) for draft in drafts])
        await driver.execute("ANALYZE")
    await engine.dispose()


def subscribed(plan: PlanVersion, n: int, at: datetime) -> Draft:
    """A customer with a card who bought the plan at that instant and paid the first invoice."""
    id = new_id("customer")
    draft = Draft(kind_of(id), id, Head(0, b"", None, ""), Account(), BY, at)
    customer = Customer(id, CustomerKind.GROUP, new_id("anon"), {}, "USD", "UTC", at, country="FR")
    _do(draft, c.CreateCustomer(customer), at)
    _do(draft, c.AddMethod(Method(new_id("method"), "simulated", "tok_ok", "CARD", "Visa 4242", at)), at)
    _do(draft, c.Subscribe(new_id("subscription"), plan, quantity=3), at)
    draft.catch_up(at)
    for event in _first_bill(draft.state, at, f"{PREFIX}{n}"):
        draft.add(event, at, by_time=True)
    for payment_id in draft.state.books.payments:
        _do(draft, c.SettlePayment(payment_id, reference="bench"), at + _SECOND)
    return draft


def _do(draft: Draft, command: c.AccountCommand, at: datetime) -> None:
    for event in draft.kind.decide(draft.state, command, at):
        draft.add(event, at)


def _first_bill(account: Account, at: datetime, number: str) -> Iterator[AccountEvent]:
    moment = next_moment(account)
    assert moment is not None
    assert moment.until is not None
    assert account.customer is not None
    wanted = charges(account.books, {}, moment.until)
    for event in bill(account, wanted, office(Settings(), account.customer), moment, at):
        yield numbered(event, number) if isinstance(event, InvoiceFinalized) else event


def tables_of(draft: Draft, meters: Sequence[Meter], hours: int) -> dict[str, list[Row]]:
    """All that is kept of it, with usage of every meter in each of its first `hours`."""
    entries, account, id = draft.sealed(), draft.state, draft.stream_id
    state, books = draft.kind.encode(account)
    last = entries[-1]
    start = entries[0].effective_at.replace(minute=0, second=0, microsecond=0)
    return {
        "journal": [{name: getattr(entry, name) for name in _JOURNAL} for entry in entries],
        "streams": [
            {
                "id": id,
                "kind": draft.kind.name,
                "seq": last.seq,
                "hash": last.hash,
                "effective_at": last.effective_at,
                "state": state,
                "books": books,
            }
        ],
        "customers": [views.customer_row(account)],
        "holdings": [{"customer_id": id, "id": held} for held in views.held_ids(account)],
        "documents": documents.rows_of_entries(account, entries),
        "ledger": ledger.rows_for(id, draft.posted()),
        "usage_meters": [{"customer_id": id, "meter_key": meter.key, "complete": True} for meter in meters],
        "usage_hours": [
            _hour(id, meter.key, start + timedelta(hours=n), Decimal(1000 * n))
            for meter in meters
            for n in range(1, hours + 1)
        ],
    }


def _hour(customer_id: str, meter_key: str, hour: datetime, value: Decimal) -> Row:
    return {
        "customer_id": customer_id,
        "meter_key": meter_key,
        "hour": hour,
        "count": 1,
        "sum": value,
        "max": value,
        "first_time": hour,
        "last_time": hour,
        "last_value": value,
        "area": Decimal(0),
    }


async def copy(driver: "asyncpg.Connection[asyncpg.Record]", accounts: Sequence[dict[str, list[Row]]]) -> None:
    """Write them."""
    async with driver.transaction():
        for table in accounts[0]:
            rows = list(chain.from_iterable(account[table] for account in accounts))
            await driver.copy_records_to_table(
                table, columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
            )
