"""Billing raced and repeated: bugs that other systems had, held against ours with real transactions."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from books import billed_until, without_gaps
from processes import TEST, Process

from adapters.postgres import journal
from adapters.postgres.reads import catalog as catalogs
from domain.account import CustomerKind
from domain.billing.invoicing import invoice_id
from domain.books.invoice import Invoice, Item
from domain.catalog import Aggregation, ChargeModel, Meter, Price, Terms
from domain.commands import (
    AddItem,
    CatchUp,
    ChangeSubscription,
    CreateClock,
    CreateMeter,
    CreatePlan,
    FinalizeInvoice,
    Subscribe,
)
from domain.errors import ErrorCode, Refusal
from domain.events import CreditNoteIssued, InvoiceFinalized
from domain.period import Cadence
from domain.policy import ChangeTiming
from domain.subscription import ChangePlan
from service.customers import NewCustomer, Personal
from service.ids import new_id
from service.later.clocks import advance
from service.later.due_work import DueWork
from service.operations import replay
from service.usage import CustomerRef, UsageEvent
from service.write.record import Recorded
from service.write.streams import CATALOG

D = Decimal


async def metered(process: Process) -> None:
    """The plan `metered`: a fee of 10 in advance, and each message 1."""
    await process.record(CATALOG, CreateMeter(Meter(new_id("meter"), "messages", Aggregation.SUM, "message")), TEST)
    fee = Price(new_id("price"), "fee", ChargeModel.FLAT, Cadence.MONTH, "USD", D(10))
    each = Price(new_id("price"), "messages", ChargeModel.PER_UNIT, Cadence.MONTH, "USD", D(1), meter_key="messages")
    made = CreatePlan(new_id("plan"), new_id("version"), "metered", "Metered", None, Terms(prices=(fee, each)))
    await process.record(CATALOG, made, TEST)


async def customer(process: Process, plan: str, since: datetime, zone: str = "UTC") -> tuple[str, str]:
    """Somebody on a test clock who subscribes at that instant: (their id, the clock's)."""
    clock_id = new_id("clock")
    await process.record(clock_id, CreateClock(clock_id, "test", since), TEST)
    new = NewCustomer(new_id("external"), CustomerKind.USER, "USD", zone, None, clock_id, Personal())
    account = await process.customers.create(new, TEST)
    assert account.customer is not None
    await process.subscribe(account.customer.id, plan)
    return account.customer.id, clock_id


async def invoices(process: Process, customer_id: str) -> list[Invoice]:
    async with process.engine.connect() as connection:
        entries = await journal.read(connection, customer_id)
    return [entry.event.invoice for entry in entries if isinstance(entry.event, InvoiceFinalized)]


async def faults(process: Process) -> list[replay.Fault]:
    return [fault async for fault in replay.verify(process.engine)]


def forty_days_on(monkeypatch: pytest.MonkeyPatch, *processes: Process) -> None:
    """What they all take for the present."""
    for one in processes:
        real = one.clock.now
        monkeypatch.setattr(one.clock, "now", lambda real=real: real() + timedelta(days=40))


async def test_workers_that_come_at_the_same_instant_make_one_invoice_a_period(
    dsn: str, here: Process, there: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lago #4795, Polar #11065: two schedulers, one cycle."""
    ids = [await here.customer() for _ in range(40)]
    forty_days_on(monkeypatch, here, there)
    workers = [DueWork(one.engine, one.record) for one in (here, there) for _ in range(2)]
    while any(await asyncio.gather(*(work.queue.round(here.clock.now()) for work in workers))):
        pass
    assert sum(work.done.accounts for work in workers) == 40
    assert {id: len(set(ends)) for id, ends in (await billed_until(dsn)).items()} == dict.fromkeys(ids, 2)
    assert await without_gaps(dsn) == 80
    assert await faults(here) == []


async def test_a_run_that_is_repeated_finds_nothing_and_does_not_fail(
    dsn: str, here: Process, there: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lago #1988 and #2681, frappe/central #170: in sequence, and in parallel."""
    ids = [await here.customer() for _ in range(5)]
    forty_days_on(monkeypatch, here, there)
    both = [DueWork(one.engine, one.record) for one in (here, there)]
    await both[0].queue.round(here.clock.now())
    before = await billed_until(dsn)
    assert [await work.queue.round(here.clock.now()) for work in both] == [0, 0]
    raced = [one.record.catch_up(ids) for one in (here, there) for _ in range(3)]
    for found in await asyncio.gather(*raced):
        assert all(not one.facts and one.error is None for one in found.values())
    again = await asyncio.gather(*(one.record(id, CatchUp(), TEST) for id in ids for one in (here, there)))
    assert [recorded.entries for recorded in again] == [[]] * 10
    assert await billed_until(dsn) == before


async def test_a_draft_that_two_close_at_once_becomes_one_invoice(dsn: str, here: Process, there: Process) -> None:
    """Lago #5523: the second is told that it is final."""
    await metered(here)
    id, clock_id = await customer(here, "metered", datetime(2031, 1, 1, tzinfo=UTC))
    await advance(here, clock_id, datetime(2031, 1, 15, tzinfo=UTC), TEST)  # type: ignore[arg-type]
    item = Item(new_id("item"), "Setup", D(1), D(30), "USD", datetime(2031, 1, 15, tzinfo=UTC))
    state = (await here.record(id, AddItem(item, at_once=False), TEST)).state
    closing = FinalizeInvoice(invoice_id(state))
    answers = await asyncio.gather(
        *(one.record(id, closing, TEST) for one in (here, there, here, there)), return_exceptions=True
    )
    assert len([one for one in answers if isinstance(one, Recorded)]) == 1
    refused = {one.code for one in answers if isinstance(one, Refusal)}
    assert refused == {ErrorCode.INVOICE_FINALIZED}
    assert [one.total for one in await invoices(here, id)] == [D(10), D(30)]
    assert await without_gaps(dsn) == 2


async def test_what_waits_for_an_invoice_is_on_one_of_those_that_are_made_at_once(
    here: Process, there: Process
) -> None:
    """Polar eda61aae43: read, then update. Here it is read under the lock of the account."""
    await metered(here)
    id, clock_id = await customer(here, "metered", datetime(2031, 1, 1, tzinfo=UTC))
    for n in range(3):
        item = Item(new_id("item"), f"Item {n}", D(1), D(5), "USD", datetime(2031, 1, 1, tzinfo=UTC))
        await here.record(id, AddItem(item, at_once=False), TEST)
    to = datetime(2031, 2, 3, tzinfo=UTC)
    await asyncio.gather(*(advance(one, clock_id, to, TEST) for one in (here, there)))  # type: ignore[arg-type]
    lines = [line.description for one in await invoices(here, id) for line in one.lines]
    assert sorted(line for line in lines if line.startswith("Item")) == ["Item 0", "Item 1", "Item 2"]


async def test_an_event_that_is_sent_twice_at_once_is_billed_once(here: Process, there: Process) -> None:
    """Lago #4225 and #4227: no filter is no reason to count twice."""
    await metered(here)
    id, clock_id = await customer(here, "metered", datetime(2031, 1, 1, tzinfo=UTC))
    sent = UsageEvent("event", CustomerRef(id), "message", datetime(2031, 1, 1, tzinfo=UTC), D(7), None, None)
    await asyncio.gather(*(one.usage.record([sent, sent], None) for one in (here, there) for _ in range(3)))
    await advance(here, clock_id, datetime(2031, 2, 3, tzinfo=UTC), TEST)  # type: ignore[arg-type]
    _, second = await invoices(here, id)
    assert [(line.quantity, line.amount) for line in second.lines if line.usage is not None] == [(D(7), D(7))]


async def test_usage_of_an_account_far_from_utc_is_billed_once_however_often_it_is_asked(
    here: Process, there: Process
) -> None:
    """Kill Bill #1856: the second run of the day takes another day for it."""
    await metered(here)
    since = datetime(2031, 1, 1, 11, tzinfo=UTC)  # midnight in Auckland
    id, clock_id = await customer(here, "metered", since, zone="Pacific/Auckland")
    sent = UsageEvent("event", CustomerRef(id), "message", since + timedelta(days=30, hours=23), D(3), None, None)
    await advance(here, clock_id, since + timedelta(days=30, hours=23), TEST)  # type: ignore[arg-type]
    (outcome,) = await here.usage.record([sent], None)
    assert outcome.status == "ACCEPTED"
    for hours in (0, 1, 2, 12, 24):
        to = datetime(2031, 2, 1, 11, tzinfo=UTC) + timedelta(hours=hours)
        await asyncio.gather(*(advance(one, clock_id, to, TEST) for one in (here, there)))  # type: ignore[arg-type]
    found = await invoices(here, id)
    assert [(one.total, one.issued_at) for one in found] == [
        (D(10), since),
        (D(13), datetime(2031, 2, 1, 12, tzinfo=UTC)),
    ]


async def test_numbers_of_what_is_refused_are_given_to_others(dsn: str, here: Process, there: Process) -> None:
    """Half of forty subscriptions at once fail after their number was taken; the others have 1 to 20."""
    ids = [await here.customer(plan=None) for _ in range(40)]
    sold = (await catalogs.catalog(here.engine)).catalog.on_sale("basic")

    async def fail(*_: object) -> None:
        raise ConnectionError

    def subscribing(n: int, id: str) -> "asyncio.Future[Recorded]":
        process = (here, there)[n // 2 % 2]
        command = Subscribe(new_id("subscription"), sold)
        return asyncio.ensure_future(process.record(id, command, TEST, also=fail if n % 2 else None))

    answers = await asyncio.gather(*(subscribing(n, id) for n, id in enumerate(ids)), return_exceptions=True)
    assert [isinstance(one, ConnectionError) for one in answers] == [False, True] * 20
    assert await without_gaps(dsn) == 20


async def test_credit_notes_and_invoices_made_together_never_wait_in_a_circle(
    dsn: str, here: Process, there: Process
) -> None:
    """A downgrade makes a credit note, then an invoice. One that was planned and is caught up with its period makes an
    invoice, then a credit note. Series are taken in one order, whatever the order of the documents; and a note whose
    invoice is made in the same transaction says its number."""
    basic = (await catalogs.catalog(here.engine)).catalog.on_sale("basic")
    since, planned_for = datetime(2031, 1, 1, tzinfo=UTC), datetime(2031, 2, 4, tzinfo=UTC)
    born = [await customer(here, "plus", since) for _ in range(12)]

    async def change(n: int, **timing: Any) -> None:
        id, process = born[n][0], (here, there)[n // 2 % 2]
        held = (await process.record(id, CatchUp(), TEST)).state.subscriptions[0]
        await process.record(id, ChangeSubscription(held.id, new_id("change"), ChangePlan(basic), **timing), TEST)

    async def live(n: int) -> None:
        if n % 2:
            await advance((here, there)[n // 2 % 2], born[n][1], planned_for, TEST)  # type: ignore[arg-type]
        else:
            await change(n)

    for n, (_, clock_id) in enumerate(born):
        if n % 2:
            await change(n, timing=ChangeTiming.AT, effective_at=planned_for)
        else:
            await advance(here, clock_id, datetime(2031, 2, 3, tzinfo=UTC), TEST)  # type: ignore[arg-type]
    await asyncio.gather(*(live(n) for n in range(12)))
    for id, _ in born:
        async with here.engine.connect() as connection:
            entries = await journal.read(connection, id)
        numbers = {entry.event.invoice.id: entry.event.invoice.number for entry in entries if is_invoice(entry)}
        (note,) = [entry.event.note for entry in entries if isinstance(entry.event, CreditNoteIssued)]
        assert note.invoice_number == numbers[note.invoice_id]
    assert await without_gaps(dsn) == 12 * 3
    assert await without_gaps(dsn, prefix="CN-") == 12
    assert await faults(here) == []


def is_invoice(entry: journal.JournalEntry) -> bool:
    return isinstance(entry.event, InvoiceFinalized)
