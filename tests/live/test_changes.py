"""Who hears of a change, and what happens when nobody can."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest
from processes import TEST, Process, eventually, process

from adapters.postgres.change_notices import PAYLOAD_BYTES_MAX, NoticeLine, NoticeLineLost, notice_line
from domain.commands import CatchUp
from service.live import changes
from service.live.changes import Changes, payloads


class Ears:
    """What was heard: stream ids, or None for everything."""

    def __init__(self, process: Process) -> None:
        self.heard: list[frozenset[str] | None] = []
        process.changes.listen(self.heard.append)

    def ids(self) -> set[str]:
        return {id for ids in self.heard if ids is not None for id in ids}


async def test_a_change_is_heard_at_once_in_its_own_process_and_soon_in_the_others(
    here: Process, there: Process
) -> None:
    near, far = Ears(here), Ears(there)
    here.changes.changed("customer_1")
    assert near.heard == [frozenset({"customer_1"})]
    await eventually(lambda: far.ids() == {"customer_1"})
    assert near.heard == [frozenset({"customer_1"})]  # its own notice does not come back to it


async def test_a_command_that_changes_nothing_tells_nobody(here: Process) -> None:
    customer_id = await here.customer()
    ears = Ears(here)
    await here.record(customer_id, CatchUp(), TEST)
    assert ears.heard == []


async def test_changes_are_gathered_into_few_notices(here: Process, there: Process) -> None:
    far = Ears(there)
    ids = {f"customer_{n:026}" for n in range(1_000)}
    for id in ids:
        here.changes.changed(id)
    await eventually(lambda: far.ids() == ids)
    assert len(far.heard) == len(payloads(ids)) == 5


async def test_too_many_changes_are_told_as_everything(here: Process, there: Process) -> None:
    far = Ears(there)
    for n in range(changes.IDS_MAX + 1):
        here.changes.changed(f"customer_{n}")
    await eventually(lambda: None in far.heard)
    assert len(far.heard) == 1


def test_no_payload_is_longer_than_postgresql_takes() -> None:
    ids = [f"customer_{n:026}" for n in range(2_000)]
    told = payloads(ids)
    assert ",".join(told).split(",") == ids
    assert all(len(one.encode()) <= PAYLOAD_BYTES_MAX for one in told)
    assert payloads([]) == []


async def test_a_lost_line_is_noticed_and_taken_up_again_and_then_anything_may_have_changed(
    here: Process, there: Process, dsn: str
) -> None:
    far = Ears(there)
    killer = await asyncpg.connect(dsn)
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'tollgate notices' AND datname = current_database()"
    )
    await killer.close()
    await eventually(lambda: None in far.heard)
    await eventually(lambda: here.changes.connected and there.changes.connected)
    here.changes.changed("customer_1")
    await eventually(lambda: "customer_1" in far.ids())


async def test_what_changed_while_the_line_was_down_is_told_when_it_is_back(here: Process, there: Process) -> None:
    far = Ears(there)
    await here.deafen()
    here.changes.changed("customer_1")
    assert not here.changes.connected
    await here.listen()
    await eventually(lambda: "customer_1" in far.ids())


async def test_a_process_that_ends_tells_what_it_had_not_told(dsn: str, here: Process) -> None:
    ears = Ears(here)
    async with process(dsn) as brief:
        brief.changes.changed("customer_1")
        await brief.deafen()
    await eventually(lambda: "customer_1" in ears.ids())


@pytest.mark.parametrize("telling", [False, True])
async def test_a_process_ends_although_the_line_breaks_at_that_very_moment(
    dsn: str, here: Process, telling: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the middle of telling something; else it would never end."""
    begun = asyncio.Event()

    async def broken(self: NoticeLine, payloads: Sequence[str]) -> None:
        begun.set()
        if telling and not asyncio.current_task().cancelling():  # type: ignore[union-attr]
            await asyncio.sleep(60)
        raise NoticeLineLost("gone")

    ending = Changes(dsn)
    listening = asyncio.create_task(ending.run())
    await eventually(lambda: ending.connected)
    monkeypatch.setattr(NoticeLine, "tell", broken)
    if telling:
        ending.changed("customer_1")
        await begun.wait()
    listening.cancel()
    await asyncio.wait([listening], timeout=5)
    assert listening.cancelled()


async def test_a_line_that_is_busy_is_as_good_as_lost(dsn: str, here: Process) -> None:
    async with notice_line(dsn, lambda _: None, lambda: None) as opened:
        first = asyncio.create_task(opened.tell(["customer_1"]))
        await asyncio.sleep(0)
        with pytest.raises(NoticeLineLost):
            await opened.tell(["customer_2"])
        await first


async def test_a_listener_that_fails_does_not_fail_the_change(here: Process) -> None:
    def fail(_: object) -> None:
        raise RuntimeError

    here.changes.listen(fail)
    ears = Ears(here)
    here.changes.changed("customer_1")
    assert ears.ids() == {"customer_1"}
