"""What was used, for reading. The customers asked about come from a read with the tenant condition."""

from collections.abc import Sequence
from decimal import Decimal

from adapters.postgres.connection import Engine
from adapters.postgres.driver import driver_of
from adapters.postgres.reads.looking import looking
from adapters.postgres.usage import events, periods
from adapters.postgres.usage.events import PageRow, Place
from adapters.postgres.usage.periods import Ask
from domain.period import Period

__all__ = ["Ask", "PageRow", "Place", "events_page", "used"]


async def used(engine: Engine, asks: Sequence[Ask]) -> list[Decimal]:
    """The figure for each ask, in the same order and in a number of statements that does not grow with theirs."""
    async with looking(engine) as connection:
        return await periods.used(await driver_of(connection), asks)


async def events_page(
    engine: Engine, customer_id: str, type: str, period: Period, *, after: Place | None, limit: int
) -> list[PageRow]:
    """At most `limit` events of a type after a place, corrections among them, by time and then by source and id."""
    async with looking(engine) as connection:
        return await events.page(await driver_of(connection), customer_id, type, period, after, limit)
