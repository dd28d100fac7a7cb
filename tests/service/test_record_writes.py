"""The one write path against a real database: what the rules decide is what is stored, once, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import journal
from adapters.postgres.journal import JournalEntry
from adapters.postgres.retries import Retry
from domain import commands as c
from domain.account import Account, Customer, CustomerKind
from domain.catalog import PlanVersion, Terms
from domain.errors import ErrorCode, Refusal
from domain.subscription import Cancel, ChangeQuantity
from service.clock import Clock
from service.ids import new_id
from service.operations.replay import replay, verify
from service.write.record import By, Record, Recorded

BY = By("key_1", reason="asked for by mail", cause="request_1")


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Free of charge: what is billed besides stands in test_billing_writes.py.
PRO = PlanVersion("version_1", "plan_1", "pro", "Pro", 1, on("2026-01-01"), Terms())


class House:
    """A customer on a test clock, and everything that changed so far."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.changed: list[str] = []
        self.record = Record(engine, Clock(), self.changed.append)
        self.clock_id, self.customer_id = new_id("clock"), new_id("customer")
        self.subscription_id = new_id("subscription")

    async def open(self) -> "House":
        await self.record(self.clock_id, c.CreateClock(self.clock_id, "test", on("2026-01-01")), BY)
        customer = Customer(
            self.customer_id, CustomerKind.USER, new_id("anon"), {}, "USD", "UTC", on("2026-01-01"), None, self.clock_id
        )
        await self.do(c.CreateCustomer(customer))
        await self.do(c.Subscribe(self.subscription_id, PRO))
        return self

    async def do(self, command: c.AccountCommand, retry: Retry | None = None, by: By = BY) -> Recorded:
        return await self.record(self.customer_id, command, by, retry=retry)

    async def at(self, now: str) -> None:
        await self.record(self.clock_id, c.AdvanceClock(on(now)), BY)

    def quantity(self, quantity: int, timing: c.ChangeTiming = c.ChangeTiming.NOW) -> c.ChangeSubscription:
        return c.ChangeSubscription(self.subscription_id, new_id("change"), ChangeQuantity(quantity), timing)

    async def journal(self) -> list[JournalEntry]:
        async with self.engine.connect() as connection:
            return await journal.read(connection, self.customer_id)

    async def faults(self) -> list[str]:
        return [fault.what async for fault in verify(self.engine)]


@pytest_asyncio.fixture
async def house(engine: AsyncEngine) -> AsyncIterator[House]:
    yield await House(engine).open()


def told(entries: list[JournalEntry]) -> list[tuple[str, str, str]]:
    return [(entry.effective_at.date().isoformat(), entry.type, entry.actor) for entry in entries]


async def test_what_fell_due_is_written_before_the_command_at_its_own_instant_and_by_nobody(house: House) -> None:
    await house.do(house.quantity(3, c.ChangeTiming.PERIOD_END))
    await house.at("2026-03-10")
    recorded = await house.do(house.quantity(5))
    assert told(recorded.entries) == [
        ("2026-02-01", "subscription.change_applied", "time"),
        ("2026-02-01", "subscription.quantity_changed", "time"),
        ("2026-02-01", "subscription.renewed", "time"),
        ("2026-03-01", "subscription.renewed", "time"),
        ("2026-03-10", "subscription.quantity_changed", "key_1"),
    ]
    assert {entry.reason for entry in recorded.entries} == {None, "asked for by mail"}
    assert await house.faults() == []


async def test_a_refusal_leaves_no_trace_not_even_of_what_fell_due_before_it(house: House) -> None:
    before = await house.journal()
    house.changed.clear()
    await house.at("2026-03-10")
    with pytest.raises(Refusal) as no:
        await house.do(house.quantity(0))
    assert no.value.code is ErrorCode.INVALID
    assert await house.journal() == before
    assert house.customer_id not in house.changed
    assert await house.faults() == []


async def test_a_command_that_changes_nothing_writes_nothing_and_tells_nobody(house: House) -> None:
    house.changed.clear()
    recorded = await house.do(house.quantity(1))
    assert (recorded.entries, house.changed) == ([], [])
    assert recorded.seq == len(await house.journal())


async def test_catching_up_twice_writes_nothing_the_second_time(house: House) -> None:
    await house.at("2026-02-01")
    assert len((await house.do(c.CatchUp())).entries) == 1
    assert (await house.do(c.CatchUp())).entries == []


async def test_twenty_commands_at_once_are_decided_one_after_another(house: House) -> None:
    answers = await asyncio.gather(*(house.do(house.quantity(n)) for n in range(2, 22)))
    assert sorted(answer.seq for answer in answers) == list(range(4, 24))
    entries = await house.journal()
    assert [entry.seq for entry in entries] == list(range(1, 24))
    assert await house.faults() == []


async def test_of_ten_cancellations_at_once_one_ends_it_and_the_others_are_refused(house: House) -> None:
    cancel = c.ChangeSubscription(house.subscription_id, "change_1", Cancel())
    answers = await asyncio.gather(*(house.do(cancel) for _ in range(10)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refused) == 9
    assert {refusal.code for refusal in refused} == {ErrorCode.CONFLICT}


async def test_a_retry_is_answered_with_what_its_first_attempt_left_whatever_came_since(house: House) -> None:
    retry = Retry("key_1", "changeQuantity", "k", b"input")
    first = await house.do(house.quantity(7), retry)
    await house.do(house.quantity(8))
    again = await house.do(house.quantity(7), retry)
    assert (again.seq, again.state) == (first.seq, first.state)
    assert [entry.id for entry in again.entries] == [entry.id for entry in first.entries]
    assert isinstance(again.state, Account)
    assert again.state.subscriptions[0].quantity == 7


async def test_ten_attempts_at_once_under_one_key_happen_once(house: House) -> None:
    retry = Retry("key_1", "changeQuantity", "k", b"input")
    answers = await asyncio.gather(*(house.do(house.quantity(7), retry) for _ in range(10)))
    assert {answer.seq for answer in answers} == {4}
    assert len(await house.journal()) == 4


async def test_a_key_used_for_another_input_is_refused(house: House) -> None:
    await house.do(house.quantity(7), Retry("key_1", "changeQuantity", "k", b"input"))
    with pytest.raises(Refusal) as no:
        await house.do(house.quantity(8), Retry("key_1", "changeQuantity", "k", b"another"))
    assert no.value.code is ErrorCode.IDEMPOTENCY_MISMATCH


async def test_after_a_refusal_its_key_is_free(house: House) -> None:
    retry = Retry("key_1", "changeQuantity", "k", b"input")
    with pytest.raises(Refusal):
        await house.do(house.quantity(0), retry)
    assert len((await house.do(house.quantity(7), retry)).entries) == 1


async def test_a_customer_that_the_caller_may_not_see_is_not_there(house: House) -> None:
    stranger = By("key_2", visible=frozenset({"customer_other"}))
    with pytest.raises(Refusal) as no:
        await house.do(house.quantity(7), by=stranger)
    assert (no.value.code, no.value.message) == (ErrorCode.NOT_FOUND, "no such customer")


async def test_replaying_the_journal_puts_back_what_was_lost(house: House) -> None:
    await house.do(house.quantity(7))
    async with house.engine.begin() as connection:
        await connection.execute(text("UPDATE streams SET state = '{}' WHERE id = :id"), {"id": house.customer_id})
        await connection.execute(text("DELETE FROM holdings"))
    assert set(await house.faults()) == {
        "the stored state differs from the journal",
        "the views of the account differ from the journal",
    }
    assert await replay(house.engine) == 2
    assert await house.faults() == []


@pytest.mark.parametrize("change", ["UPDATE journal SET actor = 'nobody'", "DELETE FROM journal", "TRUNCATE journal"])
async def test_the_journal_cannot_be_changed(house: House, change: str) -> None:
    with pytest.raises(DBAPIError):
        async with house.engine.begin() as connection:
            await connection.execute(text(change))
    assert len(await house.journal()) == 3
