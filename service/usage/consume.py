"""Checks a limit and uses it up in one step, so that nobody can pass it however many try at once."""

from msgspec.structs import replace

from adapters.postgres.partitions import month_of
from adapters.postgres.retries import Retry
from domain.rights.gate import Decision
from service.usage.base import Base
from service.usage.gate import LockedCount, Undone, UsePlace, UseRequest, after, place_of
from service.usage.once import answered, keep


async def consume(base: Base, request: UseRequest, retry: Retry) -> Decision:
    """Use up the quantity if that is allowed; the decision then has the figures with it counted. A denied one changes
    nothing and is not remembered, so the same key may pass later. Raises Refusal."""
    async with base.connection() as (connection, driver):
        place = await place_of(base, driver, request)
        if isinstance(place, UsePlace):
            await base.prepare(driver, place.wanted, [month_of(place.at)])
        try:
            async with connection.begin():
                if (before := await answered(connection, retry, Decision)) is not None:
                    return before
                if isinstance(place, Decision):
                    raise Undone(place)
                count = await LockedCount.locked(driver, place)
                decision, usage = await count.decide(driver, request.quantity)
                if not decision.allowed:
                    raise Undone(decision)
                await count.spend(driver, request.quantity)
                decision = after(decision, place.right, replace(usage, used=count.used()))
                await keep(connection, retry, decision)
        except Undone as undone:
            return undone.decision
    base.tell([place.customer_id])
    return decision
