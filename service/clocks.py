"""Test clocks: moving one runs all that falls due by then for the customers who live by it, before it answers."""

from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from adapters.postgres import due, effects, linked
from domain.clock import TestClock
from domain.commands import AdvanceClock, CatchUp
from domain.dunning import charges_open
from domain.errors import ErrorCode, Refusal
from domain.provider import Unknown
from service.record import WORKER, By

if TYPE_CHECKING:
    from service.runtime import Runtime

log = structlog.stdlib.get_logger(__name__)

PAGE = 100


async def advance(runtime: "Runtime", clock_id: str, to: datetime, by: By) -> TestClock:
    """Move the clock to `to`, catch up its customers, the longest due first, and charge what that comes to. Raises
    Refusal.

    The clock moves first: whoever reads meanwhile already sees what will have fallen due. A call that broke off is
    simply made again: a clock that stands at `to` is not moved, and what is caught up has nothing due.
    """
    if not clock_id.startswith("clock_"):
        raise Refusal(ErrorCode.NOT_FOUND, "no such clock", "id")
    clock: TestClock = (await runtime.record(clock_id, AdvanceClock(to), by)).state
    assert clock.now is not None
    while customer_ids := await _due(runtime, clock_id, clock.now):
        for customer_id in customer_ids:
            await _live(runtime, customer_id)
    async with runtime.engine.connect() as connection:
        owing = await effects.customers_on_clock(connection, clock_id)
    for customer_id in owing:
        await _live(runtime, customer_id)
    await _look(runtime, clock_id)
    return clock


async def _live(runtime: "Runtime", customer_id: str) -> None:
    """Bring the customer up to their clock. What is charged on the way is answered at that point of their time, as it
    would be from day to day; a provider that does not answer is not waited for."""
    while True:
        account = (await runtime.record(customer_id, CatchUp(until_charge=True), WORKER)).state
        if not charges_open(account.books):
            return
        if not await runtime.charging.run_for(customer_id):
            await runtime.record(customer_id, CatchUp(), WORKER)
            return


async def _look(runtime: "Runtime", clock_id: str) -> None:
    """What has happened by then at providers that live by the clock, as a dispute or a debit that was returned."""
    for name, connector in runtime.connectors.items():
        if not connector.capabilities.test_clocks:
            continue
        async with runtime.engine.connect() as connection:
            known = await linked.living_by(connection, clock_id, name)
        for customer_id in known:
            try:
                await runtime.looking.repair(await runtime.looking.everything(name, customer_id), WORKER)
            except (Refusal, Unknown) as no:  # the worker, or the next move, finds it
                log.warning("not looked at", customer_id=customer_id, provider=name, why=str(no))


async def _due(runtime: "Runtime", clock_id: str, until: datetime) -> list[str]:
    async with runtime.engine.connect() as connection:
        return list(await due.due_on_clock(connection, clock_id, until, PAGE))
