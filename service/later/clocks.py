"""Test clocks: moving one runs all that falls due by then for the customers who live by it, before it answers."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from adapters.postgres import due, effects, provider_customers
from adapters.postgres.codec import decode_clock
from adapters.postgres.states import read
from adapters.postgres.work import WorkKind
from domain.books import Books
from domain.clock import TestClock
from domain.commands import AdvanceClock, CatchUp
from domain.dunning import charges_open
from domain.errors import ErrorCode, Refusal
from domain.providers.provider import Unknown
from service.later.work import Queue, one_by_one
from service.write.record import WORKER, By

if TYPE_CHECKING:
    from service.runtime import Runtime

log = structlog.stdlib.get_logger(__name__)

PAGE = 100
AT_ONCE = 4
IDLE_S = 2.0
LOOKS_AGAIN_S = 0.02
"""While the worker asks for a charge of somebody whose clock is moved."""


async def advance(runtime: "Runtime", clock_id: str, to: datetime, by: By) -> TestClock:
    """Move the clock to `to`, catch up its customers, the longest due first, and charge what that comes to. Raises
    Refusal.

    The clock moves first: whoever reads meanwhile already sees what will have fallen due. A call that broke off is
    simply made again: a clock that stands at `to` is not moved, and what is caught up has nothing due. If it is not,
    the worker does it.
    """
    if not clock_id.startswith("clock_"):
        raise Refusal(ErrorCode.NOT_FOUND, "no such clock", "id")
    clock: TestClock = (await runtime.record(clock_id, AdvanceClock(to), by)).state
    assert clock.now is not None
    async with clock_queue(runtime).taken(clock_id):  # if somebody else is at it, both are: that changes nothing
        await _catch_up(runtime, clock_id, clock.now)
    return clock


def clock_queue(runtime: "Runtime") -> Queue:
    """Clocks that somebody moved and then died."""

    async def finish(clock_id: str) -> None:
        async with runtime.engine.connect() as connection:
            state = await read(connection, clock_id)
        now = None if state is None else decode_clock(state).now
        if now is not None:
            await _catch_up(runtime, clock_id, now)

    return Queue(
        runtime.engine, WorkKind.CLOCK, one_by_one(lambda piece: finish(piece.id)), at_once=AT_ONCE, idle=IDLE_S
    )


async def _catch_up(runtime: "Runtime", clock_id: str, until: datetime) -> None:
    while customer_ids := await _due(runtime, clock_id, until):
        for customer_id in customer_ids:
            await _live(runtime, customer_id)
    async with runtime.engine.connect() as connection:
        owing = await effects.customers_on_clock(connection, clock_id)
    for customer_id in owing:
        await _live(runtime, customer_id)
    await _reconcile(runtime, clock_id)


async def _live(runtime: "Runtime", customer_id: str) -> None:
    """Bring the customer up to their clock. What is charged on the way is answered at that point of their time, as it
    would be from day to day, also if the worker is asking for it; a provider that does not answer is not waited
    for."""
    unanswered: frozenset[str] | None = None
    in_vain = False
    while True:
        if in_vain and await runtime.charging.queue.is_at(customer_id):  # what rests is not tried over and over
            await asyncio.sleep(LOOKS_AGAIN_S)
            continue
        account = (await runtime.record(customer_id, CatchUp(until_charge=True), WORKER)).state
        asked = _asked(account.books)
        if not asked:
            return
        if asked == unanswered:
            await runtime.record(customer_id, CatchUp(), WORKER)
            return
        tried = await runtime.charging.queue.round_of(customer_id)
        in_vain = not tried.done
        if not tried.claimed:
            await asyncio.sleep(LOOKS_AGAIN_S)
        elif in_vain and not await runtime.charging.queue.is_at(customer_id):
            unanswered = asked


def _asked(books: Books) -> frozenset[str]:
    """The charges of which a provider is still to say what became."""
    payments = books.payments.values() if charges_open(books) else ()
    return frozenset(payment.id for payment in payments if payment.settled_at is None and not payment.waiting)


async def _reconcile(runtime: "Runtime", clock_id: str) -> None:
    """What has happened by then at providers that live by the clock, as a dispute or a debit that was returned."""
    for name, connector in runtime.connectors.items():
        if not connector.capabilities.test_clocks:
            continue
        async with runtime.engine.connect() as connection:
            known = await provider_customers.known_on_clock(connection, clock_id, name)
        for customer_id in known:
            try:
                await runtime.reconciler.repair(await runtime.reconciler.everything(name, customer_id), WORKER)
            except (Refusal, Unknown) as no:  # the worker, or the next move, finds it
                log.warning("not looked at", customer_id=customer_id, provider=name, why=str(no))


async def _due(runtime: "Runtime", clock_id: str, until: datetime) -> list[str]:
    async with runtime.engine.connect() as connection:
        return list(await due.due_on_clock(connection, clock_id, until, PAGE))
