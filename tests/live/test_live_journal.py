"""Live.journal: each event once and in order, for one customer and for all that may be seen."""

import asyncio
from typing import Any

from processes import ADMIN, TEST, Process, eventually, process
from viewers import Edge, settled

from adapters.postgres import journal
from domain.access import ROLE_SCOPES, Role
from domain.commands import UpdateCustomer
from service.access.principal import Principal
from service.live.journal_tail import PAGE, RECENT_MAX

ONE = """subscription ($id: ID!, $types: [String!], $after: Cursor) {
  journal(customer: {id: $id}, types: $types, after: $after) { cursor type payload }
}"""
ALL = """subscription ($types: [String!], $after: Cursor) {
  journal(types: $types, after: $after) { cursor type payload customer { id } }
}"""


async def touch(process: Process, customer_id: str, country: str) -> None:
    """An event that can be told from the others."""
    await process.record(customer_id, UpdateCustomer(country=country), TEST)


def countries(messages: list[Any]) -> list[str]:
    return [one["payload"]["country"] for one in messages]


async def following(process: Process, readers: int = 1) -> None:
    """Come back when so many know where the journal ends and are told what comes next."""
    await eventually(lambda: process.live.journal.readers == readers)
    await settled()


async def test_one_customers_journal_from_now_on(here: Process, there: Process) -> None:
    customer_id, other_id = await here.customer(), await here.customer()
    viewer = Edge(here).watch(ONE, id=customer_id)
    await following(here)
    await touch(here, customer_id, "DE")
    await touch(here, other_id, "JP")
    await touch(there, customer_id, "GB")
    assert countries(await viewer.has(2)) == ["DE", "GB"]
    await viewer.leave()
    await eventually(lambda: here.live.journal.readers == 0)


async def test_after_a_cursor_everything_since_then_also_in_another_process(here: Process, there: Process) -> None:
    customer_id = await here.customer()
    first = Edge(here).watch(ONE, id=customer_id)
    await following(here)
    for country in ("DE", "GB", "JP"):
        await touch(here, customer_id, country)
    cursors = [one["cursor"] for one in await first.has(3)]
    await first.leave()
    for seen, cursor in enumerate(cursors):
        viewer = Edge(there).watch(ONE, id=customer_id, after=cursor)
        assert countries(await viewer.has(2 - seen)) == ["DE", "GB", "JP"][seen + 1 :]
        await viewer.leave()
    viewer = Edge(there).watch(ONE, id=customer_id, after=cursors[-1])
    await following(there)
    assert await viewer.has(0) == []
    await touch(here, customer_id, "CH")
    assert countries(await viewer.has(1)) == ["CH"]
    await viewer.leave()


async def test_nothing_is_left_out_for_a_slow_reader_and_nothing_is_sent_twice(here: Process) -> None:
    customer_id = await here.customer()
    edge = Edge(here)
    slow, quick = edge.watch(ONE, id=customer_id), edge.watch(ONE, id=customer_id)
    await following(here, 2)
    slow.stick()
    told = [("DE", "US", "GB")[n % 3] for n in range(30)]
    for country in told:
        await touch(here, customer_id, country)
    assert countries(await quick.has(30)) == told
    assert slow.texts == []
    slow.unstick()
    assert countries(await slow.has(30)) == told
    await slow.leave()
    await quick.leave()


async def test_who_is_further_behind_than_is_remembered_reads_pages(here: Process, monkeypatch: Any) -> None:
    monkeypatch.setattr("service.live.journal_tail.RECENT_MAX", 5)
    monkeypatch.setattr("service.live.journal_tail.PAGE", 4)
    assert (RECENT_MAX, PAGE) == (1_000, 100)
    customer_id = await here.customer()
    edge = Edge(here)
    for query, given in ((ONE, {"id": customer_id}), (ALL, {})):
        for types in (None, ["customer.updated"]):
            viewer, constant = edge.watch(query, types=types, **given), edge.watch(query, types=types, **given)
            await following(here, 2)
            viewer.stick()
            told = [("DE", "US", "GB")[n % 3] for n in range(20)]
            for country in told:
                await touch(here, customer_id, country)
            await constant.has(20)
            viewer.unstick()
            assert countries(await viewer.has(20)) == told
            again = edge.watch(query, types=types, after=viewer.messages[3]["cursor"], **given)
            assert countries(await again.has(16)) == told[4:]
            for one in (viewer, constant, again):
                await one.leave()


async def test_only_the_types_that_are_asked_for(here: Process) -> None:
    customer_id = await here.customer(plan=None)
    edge = Edge(here)
    viewers = [
        edge.watch(ONE, id=customer_id, types=["subscription.created", "subscription.started"]),
        edge.watch(ALL, types=["subscription.created", "subscription.started"]),
    ]
    await following(here, 2)
    await touch(here, customer_id, "US")
    await here.subscribe(customer_id, "basic")
    for viewer in viewers:
        assert [one["type"] for one in await viewer.has(2)] == ["subscription.created", "subscription.started"]
        await viewer.leave()
    assert await edge.watch(ALL, types=["nonsense"]).failed() == "BAD_USER_INPUT"
    assert await edge.watch(ALL, types=[]).failed() == "BAD_USER_INPUT"


async def test_everybodys_journal_in_one_order_with_what_concerns_no_customer(here: Process, there: Process) -> None:
    viewer = Edge(here).watch(ALL)
    await following(here)
    first = await here.customer(plan=None)
    second = await there.customer(plan=None)
    await here.stock_one_more()
    messages = await viewer.has(3)
    assert [one["type"] for one in messages] == ["customer.created", "customer.created", "feature.created"]
    assert [one["customer"] and one["customer"]["id"] for one in messages] == [first, second, None]
    resumed = Edge(there).watch(ALL, after=messages[0]["cursor"])
    assert await resumed.has(2) == messages[1:]
    await viewer.leave()
    await resumed.leave()


async def test_an_event_whose_transaction_commits_late_is_not_skipped(here: Process) -> None:
    """It began first and gets the earlier place, so all that came after it waits for it."""
    customer_id, late_id = await here.customer(), await here.customer()
    viewer = Edge(here).watch(ALL)
    await following(here)
    committed = asyncio.Event()

    async def wait(connection: Any, state: Any) -> None:
        await committed.wait()

    late = asyncio.create_task(here.record(late_id, UpdateCustomer(country="DE"), TEST, also=wait))
    await eventually(lambda: any("INSERT INTO journal" in one for one in here.statements[-3:]))
    await touch(here, customer_id, "GB")
    await settled()
    assert await viewer.has(0) == []
    committed.set()
    await late
    assert countries(await viewer.has(2)) == ["DE", "GB"]
    await viewer.leave()


async def test_many_writers_at_once_are_all_heard_of_once_and_in_the_order_that_a_reader_later_finds(
    here: Process, there: Process
) -> None:
    ids = [await here.customer(plan=None) for _ in range(10)]
    viewer = Edge(here).watch(ALL, types=["customer.updated"])
    await following(here)

    async def write(process: Process, id: str) -> None:
        for country in ("DE", "GB", "JP", "US"):
            await touch(process, id, country)

    await asyncio.gather(*(write(process, id) for process, id in zip([here, there] * 5, ids, strict=True)))
    heard = [(one["customer"]["id"], one["payload"]["country"]) for one in await viewer.has(40)]
    async with here.engine.connect() as connection:
        stored = await journal.read_all(connection, after=(0, 0), limit=1_000, types=["customer.updated"])
    assert heard == [(entry.stream_id, getattr(entry.event, "country", None)) for entry in stored]
    await viewer.leave()


async def test_a_partner_hears_of_its_own_customers_only(here: Process) -> None:
    customer_id, own = await here.customer(), await here.customer()
    partner = Principal("key_1", Role.PARTNER, ROLE_SCOPES[Role.PARTNER], frozenset({own}))
    edge = Edge(here)
    viewer = edge.watch(ALL, who=partner)
    await following(here)
    here.statements.clear()
    await touch(here, customer_id, "DE")
    await here.stock_one_more()
    await touch(here, own, "GB")
    assert countries(await viewer.has(1)) == ["GB"]
    reads = [one for one in here.statements if "FROM journal" in one]
    assert reads
    assert all("stream_id IN" in one or "ANY" in one for one in reads)
    assert await edge.watch(ONE, who=partner, id=customer_id).failed() == "NOT_FOUND"
    frontend = Principal(own, Role.CUSTOMER, ROLE_SCOPES[Role.CUSTOMER], frozenset({own}))
    assert await edge.watch(ONE, who=frontend, id=own).failed() == "FORBIDDEN"
    assert await edge.watch(ALL, who=frontend).failed() == "FORBIDDEN"
    await viewer.leave()


async def test_cursors_of_another_journal_are_refused(here: Process) -> None:
    customer_id, other_id = await here.customer(), await here.customer()
    edge = Edge(here)
    viewers = [edge.watch(ONE, id=customer_id), edge.watch(ALL)]
    await following(here, 2)
    await touch(here, customer_id, "DE")
    of_one, of_all = [(await viewer.has(1))[0]["cursor"] for viewer in viewers]
    assert await edge.watch(ONE, id=other_id, after=of_one).failed() == "BAD_USER_INPUT"
    assert await edge.watch(ONE, id=customer_id, after=of_all).failed() == "BAD_USER_INPUT"
    assert await edge.watch(ALL, after=of_one).failed() == "BAD_USER_INPUT"
    assert await edge.watch(ALL, after="nonsense").failed() == "BAD_USER_INPUT"
    for viewer in viewers:
        await viewer.leave()


async def test_new_entries_are_read_once_however_many_follow(here: Process) -> None:
    customer_id = await here.customer()
    edge = Edge(here)
    viewers = [edge.watch(ONE, who=ADMIN, id=customer_id) for _ in range(100)]
    await following(here, 100)
    here.statements.clear()
    edge.executions = 0
    await touch(here, customer_id, "DE")
    for viewer in viewers:
        await viewer.has(1)
    assert len([one for one in here.statements if "FROM journal" in one]) <= 2
    assert edge.executions == 1
    for viewer in viewers:
        await viewer.leave()


async def test_events_that_nobody_told_of_are_found_by_looking(dsn: str, here: Process) -> None:
    customer_id = await here.customer()
    async with process(dsn, look_s=0.1) as watching, process(dsn, listening=False) as mute:
        viewers = [Edge(watching).watch(ONE, id=customer_id), Edge(watching).watch(ALL)]
        await following(watching, 2)
        await touch(mute, customer_id, "DE")
        for viewer in viewers:
            assert countries(await viewer.has(1)) == ["DE"]
            await viewer.leave()
