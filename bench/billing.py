"""A billing run: the invoices of 10,000 accounts with usage, and those of 1,000, in turns in the same process. How many
a second, and what one costs of many against what it costs of few: `python -m bench.billing`.

Every account has a card, three seats by the month, and 24 hours of usage on three meters; its second month begins, so
that the first month's usage and the second month's fee come due, and its card is asked.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import NamedTuple

import uvloop

from adapters.postgres.engine import create_engine
from bench.accounts import PREFIX, fill
from bench.database import create, server, tables
from service.clock import Clock
from service.later.due_work import DueWork
from service.live.changes import Changes
from service.write.record import Record

MANY, FEW = 10_000, 1_000
TURNS = 5
TARGET = 0.90
"""Of few, an invoice costs at least so much of what it costs of many: their number makes no difference."""


class Run(NamedTuple):
    """Invoices a second of many and of few, and how the cost of one of few compares to that of many."""

    many: float
    few: float
    ratio: float


class House:
    """A worker on one of the databases."""

    def __init__(self, dsn: str) -> None:
        self.engine = create_engine(dsn)
        changes = Changes(dsn)
        self.work = DueWork(self.engine, Record(self.engine, Clock(), changes.changed))

    async def bill(self, accounts: int) -> float:
        """Seconds it took to bill at least so many; the rest waits for the next turn."""
        started, billed = time.perf_counter(), 0
        while billed < accounts:
            found = await self.work.queue.round(datetime.now(UTC))
            assert found, "fewer accounts are due than were made"
            billed += found
        return (time.perf_counter() - started) / billed

    async def invoices(self) -> int:
        async with self.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            found: int = await driver.fetchval(
                "SELECT count(*) FROM documents WHERE NOT starts_with(number, $1)", PREFIX
            )
            return found


async def run(dsn_many: str, dsn_few: str) -> Run:
    """On two empty databases."""
    for dsn, accounts in ((dsn_many, MANY), (dsn_few, FEW)):
        await tables(dsn)
        await fill(dsn, accounts)
    many, few = House(dsn_many), House(dsn_few)
    cost_many, cost_few = [], []
    for _ in range(TURNS):
        cost_many.append(await many.bill(MANY // TURNS))
        cost_few.append(await few.bill(FEW // TURNS))
    assert (await many.invoices(), await few.invoices()) == (MANY, FEW)
    for house in (many, few):
        await house.engine.dispose()
    return Run(TURNS / sum(cost_many), TURNS / sum(cost_few), sum(cost_few) / sum(cost_many))


if __name__ == "__main__":
    with server() as found:
        many, few = (asyncio.run(create(found.dsn, name)) for name in ("many", "few"))
        measured = uvloop.run(run(many, few))
    print(
        f"{measured.many:,.0f} invoices/s of {MANY:,} accounts   {measured.few:,.0f}/s of {FEW:,}"
        f"   cost of few to many {measured.ratio:.2f}  (target {TARGET:.2f})"
    )
