"""recordUsage against a raw COPY of the same rows, side by side on one server and in one process.

    python -m bench.usage [--batch 1000] [--rounds 60] [DSN]

Without a DSN an embedded server is started (with fsync). In each round each writes fresh events of its own, all of one
kind; who goes first alternates. `recordUsage` is all of service.usage: it resolves the customers, checks each event,
writes it once, rolls it up by the hour and brings the meters' rows up to date, in one transaction. `COPY` writes the
same rows into tables with the columns, keys, indexes and partitions of `usage_ids` and `usage_events`, in one
transaction, and checks nothing. `COPY, no key` leaves out the key that tells a retry, so it is no longer the same.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import asyncpg

from adapters.postgres.driver import driver_of
from adapters.postgres.embedded import embedded
from adapters.postgres.engine import create_engine, plain_dsn
from adapters.postgres.migrations import migrate
from adapters.postgres.usage import fold, meters, periods
from adapters.vault import Vault
from domain.account import CustomerKind
from domain.catalog import Aggregation, Meter
from domain.commands import CreateMeter
from domain.period import Period
from service.clock import Clock
from service.customers import Customers, NewCustomer, Personal
from service.ids import new_id
from service.usage import CustomerRef, Usage, UsageEvent
from service.write.record import By, Record
from service.write.streams import CATALOG

CUSTOMERS = 100
WARM_UP = 10
TARGET = 0.40
METER = Meter(new_id("meter"), "bench_calls", Aggregation.SUM, "bench.call")
COLUMNS = ["customer_id", "type", "time", "source", "id", "value", "properties"]
PROPERTIES = {"region": "eu-central-1", "route": "/v1/things"}


def sent(customers: list[str], size: int) -> list[UsageEvent]:
    now = datetime.now(UTC)
    return [
        UsageEvent(
            id=str(uuid4()),
            customer=CustomerRef(random.choice(customers)),
            type=METER.event_type,
            time=now - timedelta(seconds=random.random() * 60),
            quantity=Decimal(random.randint(1, 1000)),
            properties=PROPERTIES,
            source="web",
        )
        for _ in range(size)
    ]


def rows(customers: list[str], size: int) -> list[tuple[object, ...]]:
    text = '{"region":"eu-central-1","route":"/v1/things"}'
    return [
        (event.customer.id, event.type, event.time, event.source, event.id, event.quantity, text)
        for event in sent(customers, size)
    ]


async def prepare(dsn: str, usage: Usage, engine: object, customers_of: Customers, record: Record) -> list[str]:
    await record(CATALOG, CreateMeter(METER), By("bench"))
    customers = []
    for _ in range(CUSTOMERS):
        new = NewCustomer(str(uuid4()), CustomerKind.USER, "USD", "UTC", None, None, Personal())
        account = await customers_of.create(new, By("bench"))
        assert account.customer is not None
        customers.append(account.customer.id)
    await usage.record(sent(customers, 1_000), None)
    now = datetime.now(UTC)
    month = Period(now - timedelta(days=3), now + timedelta(days=27))
    async with engine.connect() as connection:  # type: ignore[attr-defined]
        driver = await driver_of(connection)
        async with driver.transaction():  # each meter has a period it keeps count of, as under a limit
            wanted = {(id, METER.key): METER for id in customers}
            locked = await fold.lock_complete(driver, wanted)
            await meters.write(driver, [await periods.remember(driver, row, METER, month) for row in locked.values()])
    return customers


async def raw_tables(raw: asyncpg.Connection) -> None:
    parts = await raw.fetch(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'usage_events'::regclass"
    )
    await raw.execute("DROP TABLE IF EXISTS raw_events, raw_ids")
    await raw.execute("CREATE TABLE raw_events (LIKE usage_events INCLUDING ALL) PARTITION BY RANGE (time)")
    await raw.execute("CREATE TABLE raw_ids (LIKE usage_ids INCLUDING ALL)")
    for part in parts:
        name = part["relname"].replace("usage", "raw")
        await raw.execute(f"DROP TABLE IF EXISTS {name}")
        await raw.execute(f"CREATE TABLE {name} PARTITION OF raw_events {part['bound']}")


async def run(dsn: str, batch: int, rounds: int) -> tuple[float, float]:
    """Print and give the ratios to COPY with and without the key."""
    await migrate(dsn, print)
    engine = create_engine(dsn)
    vault, clock = Vault(b"b" * 40), Clock()
    record = Record(engine, clock, lambda _: None)
    usage = Usage(engine, vault, clock, lambda _: None, 400)
    customers = await prepare(dsn, usage, engine, Customers(engine, vault, clock, record), record)
    raw: asyncpg.Connection = await asyncpg.connect(plain_dsn(dsn))
    await raw_tables(raw)

    async def ours(events: list[UsageEvent]) -> None:
        outcomes = await usage.record(events, None)
        assert all(outcome.status == "ACCEPTED" for outcome in outcomes)

    async def copy(records: list[tuple[object, ...]]) -> None:
        await raw.copy_records_to_table("raw_events", records=records, columns=COLUMNS)

    async def copy_keyed(records: list[tuple[object, ...]]) -> None:
        ids = [(row[0], row[3], row[4], row[1], row[2], b"0123456789abcdef") for row in records]
        async with raw.transaction():
            await raw.copy_records_to_table("raw_ids", records=ids)
            await copy(records)

    contestants: list[tuple[str, Callable[[list[str], int], list[object]], Callable[[list[object]], Awaitable[None]]]]
    contestants = [("recordUsage", sent, ours), ("COPY", rows, copy_keyed), ("COPY, no key", rows, copy)]  # type: ignore[list-item]
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in contestants}
    for n in range(WARM_UP + rounds):
        for name, make, write in contestants if n % 2 else contestants[::-1]:
            made = make(customers, batch)
            start = time.perf_counter()
            await write(made)
            if n >= WARM_UP:
                seconds[name].append(time.perf_counter() - start)
    rates = {name: batch / statistics.median(taken) for name, taken in seconds.items()}
    for name, rate in rates.items():
        print(f"{name:12s} {rate:10,.0f} events/s   {batch / rate * 1000:7.1f} ms a batch of {batch:,}")
    ratio = rates["recordUsage"] / rates["COPY"]
    print(f"recordUsage : COPY          {ratio:.2f}  (target {TARGET:.2f})")
    no_key = rates["recordUsage"] / rates["COPY, no key"]
    print(f"recordUsage : COPY, no key  {no_key:.2f}")
    await raw.close()
    await engine.dispose()
    return ratio, no_key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("dsn", nargs="?")
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    with ExitStack() as stack:
        dsn = given.dsn
        if dsn is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            dsn = stack.enter_context(embedded(Path(folder)))
        asyncio.run(run(dsn, given.batch, given.rounds))


if __name__ == "__main__":
    main()
