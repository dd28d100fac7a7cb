"""Workers that die in the middle of a billing run: every period is billed once, and no number is missing or given
twice."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from books import billed_until, without_gaps
from processes import eventually
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.accounts import fill
from service.operations.replay import verify

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS, PERIODS = 200, 3


@contextmanager
def started(dsn: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`tollgate …` on the database; killed at the end at the latest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tollgate", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "BILLING_DATABASE_DSN": dsn, "BILLING_SECRET": "s" * 40},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


async def invoices(dsn: str) -> int:
    return sum(map(len, (await billed_until(dsn)).values()))


async def more_than(dsn: str, count: int) -> None:
    async def there_are() -> bool:
        return await invoices(dsn) > count

    await eventually(there_are, seconds=60)


async def test_of_two_workers_one_is_killed_and_comes_back(dsn: str, engine: AsyncEngine) -> None:
    await fill(dsn, ACCOUNTS, days=31 * PERIODS + 1)
    total = ACCOUNTS * PERIODS
    with started(dsn, "worker"), started(dsn, "worker") as second:
        await more_than(dsn, 0)
        second.send_signal(signal.SIGKILL)
        second.wait()
        left = total - await invoices(dsn)
        with started(dsn, "worker"):
            await more_than(dsn, total - 1)
    assert left > 0, "it was killed when all was done"
    assert await without_gaps(dsn) == total
    found = await billed_until(dsn)
    assert len(found) == ACCOUNTS
    for ends in found.values():
        assert len(ends) == PERIODS
        assert ends == sorted(set(ends))
    assert [fault async for fault in verify(engine)] == []


async def test_a_run_that_was_broken_off_goes_on_where_it_stopped(dsn: str) -> None:
    await fill(dsn, ACCOUNTS)
    with started(dsn, "billing-run") as first:
        await more_than(dsn, 0)
        first.send_signal(signal.SIGINT)
        first.wait()
    done = await invoices(dsn)
    assert 0 < done < ACCOUNTS
    assert summary(dsn) == (ACCOUNTS - done, ACCOUNTS - done, 0)
    assert summary(dsn) == (0, 0, 0)
    assert await without_gaps(dsn) == ACCOUNTS


async def test_two_runs_at_once_share_the_work(dsn: str) -> None:
    await fill(dsn, ACCOUNTS)
    one, other = await asyncio.gather(asyncio.to_thread(summary, dsn), asyncio.to_thread(summary, dsn))
    assert one[1] + other[1] == ACCOUNTS
    assert await without_gaps(dsn) == ACCOUNTS


def summary(dsn: str) -> tuple[int, ...]:
    """(accounts, invoices, credit notes) that a billing run says it made."""
    with started(dsn, "billing-run") as process:
        said, _ = process.communicate()
    assert process.returncode == 0
    found = re.fullmatch(r"(\d+) accounts: (\d+) invoices, (\d+) credit notes\.\n", said)
    assert found is not None, said
    return tuple(map(int, found.groups()))
