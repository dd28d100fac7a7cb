"""Accounts in bulk: made by the engine and written as the service does it, but hundreds in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.postgres import states
from adapters.postgres.connection import Connection
from adapters.postgres.driver import driver_of
from adapters.postgres.engine import create_engine
from adapters.postgres.reads import catalog as catalogs
from adapters.postgres.states import StreamHead
from domain import commands as c
from domain.account import Account, Customer, CustomerKind
from domain.billing.numbering import Numbering
from domain.books.payment import Method
from domain.catalog import Meter, PlanVersion
from domain.engine import Answer, Question, answered, carry_out
from domain.seller import BillingSettings
from service.clock import Clock
from service.ids import new_id
from service.operations.replay import fold_again
from service.operations.seed import seed
from service.write.pending_events import By, PendingEvents
from service.write.record import Record
from service.write.streams import kind_of
from service.write.writing import write

BY = By("bench")
PREFIX = "BEFORE-"
"""Of the numbers of the invoices that were there before what is measured."""
_SECOND = timedelta(seconds=1)
HOURS = 6
AT_ONCE = 500
"""Accounts written in one transaction."""
Row = dict[str, Any]


async def fill(dsn: str, accounts: int, days: float = 32) -> None:
    """So many accounts in a database with tables and nothing else, which bought the default plan `professional` by the
    month so many days ago (32: one period is due), and were billed for its start."""
    engine = create_engine(dsn)
    await fold_again(engine, lambda _: None)  # nothing yet: but by which fold it will be made
    await seed(Record(engine, Clock(), lambda _: None))
    catalog = (await catalogs.catalog(engine)).catalog
    plan = catalog.on_sale("professional")
    meters = [meter for meter in catalog.meters if meter.key in ("api_calls", "storage", "transfer")]
    at = datetime.now(UTC) - timedelta(days=days)
    for first in range(0, accounts, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, accounts))
        async with engine.begin() as connection:
            await _write(connection, [subscribed(plan, n, at + timedelta(milliseconds=n)) for n in numbers], meters)
    async with engine.begin() as connection:
        await (await driver_of(connection)).execute("ANALYZE")
    await engine.dispose()


def subscribed(plan: PlanVersion, n: int, at: datetime) -> PendingEvents:
    """A customer with a card who bought the plan at that instant and paid the first invoice."""
    id = new_id("customer")
    draft = PendingEvents(kind_of(id), id, StreamHead(0, b"", None, ""), Account(), BY, at)
    customer = Customer(id, CustomerKind.GROUP, new_id("anon"), {}, "USD", "UTC", at, country="FR")
    _do(draft, c.CreateCustomer(customer), at)
    _do(draft, c.AddMethod(Method(new_id("method"), "simulated", "tok_ok", "CARD", "Visa 4242", at)), at)
    _do(draft, c.Subscribe(new_id("subscription"), plan, quantity=3), at)
    for payment_id in draft.state.books.payments:
        _do(draft, c.SettlePayment(payment_id, reference="bench"), at + _SECOND)
    draft.reword(Numbering(iter([f"{PREFIX}{n}"])))
    return draft


def _do(draft: PendingEvents, command: c.AccountCommand, at: datetime) -> None:
    answered(carry_out(draft, command, at), _unused)


def _unused(question: Question) -> Answer:
    """Nothing was used yet."""
    return Answer(BillingSettings(), dict.fromkeys(question.counts, Decimal(0)))


async def _write(connection: Connection, drafts: Sequence[PendingEvents], meters: Sequence[Meter]) -> None:
    """All that is kept of them, with usage of every meter in each of their first hours."""
    for draft in drafts:
        await states.begin(connection, draft.stream_id, draft.kind.name, "null")
    await write(connection, drafts)
    driver = await driver_of(connection)
    known = [(draft.stream_id, meter.key, True) for draft in drafts for meter in meters]
    columns = ["customer_id", "meter_key", "complete"]
    await driver.copy_records_to_table("usage_meters", columns=columns, records=known)
    hours = [
        _hour(draft.stream_id, meter.key, _first_hour(draft) + timedelta(hours=n), Decimal(1000 * n))
        for draft in drafts
        for meter in meters
        for n in range(1, HOURS + 1)
    ]
    records = [tuple(row.values()) for row in hours]
    await driver.copy_records_to_table("usage_hours", columns=list(hours[0]), records=records)


def _first_hour(draft: PendingEvents) -> datetime:
    return draft.facts[0].at.replace(minute=0, second=0, microsecond=0)


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
