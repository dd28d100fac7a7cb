"""How a backlog goes is told while there is one."""

from datetime import timedelta

import pytest
from processes import Process
from structlog.testing import capture_logs

from service.later.due_work import DueWork
from service.later.progress import Progress


async def run(here: Process, every_s: float, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int, int]]:
    """(event, accounts, invoices, remaining) of the lines for 120 customers who are due."""
    for _ in range(120):
        await here.customer()
    real = here.clock.now
    monkeypatch.setattr(here.clock, "now", lambda: real() + timedelta(days=32))
    work = DueWork(here.engine, here.record)
    progress = Progress(work, every_s)
    with capture_logs() as lines:
        claimed = None
        while claimed != 0:
            claimed = await work.queue.round(here.clock.now())
            await progress.see(claimed, here.clock.now())
    assert all(line["accounts_per_second"] >= 0 for line in lines)
    return [(line["event"], line["accounts"], line["invoices"], line["remaining"]) for line in lines]


async def test_what_is_done_and_what_remains_is_told_and_the_end_of_it(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await run(here, 0, monkeypatch) == [
        ("catching up", 100, 100, 20),
        ("catching up", 120, 120, 0),
        ("caught up", 120, 120, 0),
    ]


async def test_what_takes_no_time_is_not_worth_a_line(here: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await run(here, 60, monkeypatch) == []
