"""`tollgate billing-run`: bill everything that is due now, beside the workers or without them."""

import asyncio
import sys
import time

from adapters.postgres.engine import create_engine
from service.clock import Clock
from service.later.due_work import DueWork, Tally
from service.live.changes import Changes
from service.write.record import Record

EVERY_S = 2.0
WAIT_S = 0.2
"""Others may be at what is left; then they are waited for."""


async def bill(dsn: str) -> tuple[Tally, list[str]]:
    """What was done here, and the customers for whom it failed. Broken off at any point, it is simply run again."""
    engine = create_engine(dsn, name="tollgate billing-run")
    changes, clock = Changes(dsn), Clock()
    work = DueWork(engine, Record(engine, clock, changes.changed))
    listening = asyncio.create_task(changes.run())
    try:
        await _until_done(work, clock)
        return work.done, list(work.resting)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await engine.dispose()


async def _until_done(work: DueWork, clock: Clock) -> None:
    """Until nothing is due that was due when it began; what fails is tried once more by whoever comes next."""
    now = clock.now()
    await work.begin()
    began = told_at = time.monotonic()
    _say(f"{await work.backlog(now):,} accounts have something due")
    while True:
        claimed = await work.queue.round(now)
        if time.monotonic() - told_at >= EVERY_S:
            told_at = time.monotonic()
            accounts, invoices, _ = work.done
            rate = accounts / (told_at - began)
            _say(f"{accounts:,} done, {await work.backlog(now):,} left, {rate:,.0f} a second, {invoices:,} invoices")
        if not claimed:
            if not await work.backlog(now, resting=False):
                return
            await asyncio.sleep(WAIT_S)


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)
