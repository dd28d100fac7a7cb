"""What an invoice costs does not grow: not with how many are billed together, and not with how many there are."""

from datetime import timedelta

import pytest
from processes import Process
from sqlalchemy import text

from adapters.postgres.work import WorkKind, claim
from bench.accounts import fill
from service.later.due_work import CLAIM_MAX, DueWork
from service.later.lease import LEASE


async def test_many_accounts_take_the_same_few_statements_as_one(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, with the rows of all of them."""
    real = here.clock.now
    ids = [await here.customer() for _ in range(21)]
    monkeypatch.setattr(here.clock, "now", lambda: real() + timedelta(days=32))
    taken = []
    for part in (ids[:1], ids[1:]):
        here.statements.clear()
        found = await here.record.catch_up(part)
        assert [one.error for one in found.values()] == [None] * len(part)
        assert all(one.facts for one in found.values())
        # What passes through SQLAlchemy with several rows is noted twice.
        taken.append({one for one in here.statements if not one.startswith("SELECT pg_notify")})
    assert taken[0] == taken[1]
    assert len(taken[0]) < 20


async def test_a_claim_reads_what_is_due_by_its_index_and_no_more_than_it_takes(dsn: str, there: Process) -> None:
    """Of 1,000 customers, half of them billed already."""
    await fill(dsn, 1_000)
    work = DueWork(there.engine, there.record)
    while work.done.accounts < 500:
        assert await work.queue.round(there.clock.now()) == CLAIM_MAX
    async with there.engine.begin() as connection:
        # So few rows that the planner may as well read them all, once autovacuum has counted them.
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        claimed = await claim(connection, WorkKind.DUE, LEASE, CLAIM_MAX, by=there.clock.now())
        assert len(claimed) == CLAIM_MAX
        read = text(
            "SELECT seq_scan, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'customers'"
        )
        scans, rows, fetched = (await connection.execute(read)).one()
    assert (scans, rows) == (0, 0)
    assert fetched <= CLAIM_MAX * 8
