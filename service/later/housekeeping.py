"""What keeps the database in shape: months of usage made ahead and dropped when old, and rows nobody asks for again."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from adapters.postgres import inbox, partitions, work
from adapters.postgres.connection import Connection, Engine
from adapters.postgres.driver import driver_of
from adapters.postgres.usage import reservations
from service.outage import DatabaseAway, telling_outages

log = structlog.stdlib.get_logger(__name__)

RETRIES_KEPT = timedelta(days=30)
"""How long a request can be repeated under its idempotency key."""
RESERVATIONS_KEPT = timedelta(days=30)
"""How long one that has expired can still be asked for. It holds nothing from the instant it expires."""
WEBHOOKS_KEPT = timedelta(days=90)
"""Since one was handled. A provider repeats one for days; and support asks for a while."""
PAGE = 5_000


async def keep_house(engine: Engine, now: datetime, retention: timedelta) -> None:
    """Each chore by itself: one that fails is logged and tried again next time. Repeated or raced, they change nothing.
    Raises only DatabaseAway."""

    async def drop_old_usage(connection: Connection) -> None:
        for name in await partitions.drop_old(connection, now, retention):
            log.info("usage is past its retention", dropped=name)

    async def forget_reservations(connection: Connection) -> None:
        while await reservations.forget(await driver_of(connection), now, RESERVATIONS_KEPT, PAGE) == PAGE:
            pass

    async def forget_webhooks(connection: Connection) -> None:
        forgotten = PAGE
        while forgotten == PAGE:
            forgotten = await inbox.forget(connection, now - WEBHOOKS_KEPT, PAGE)
            await connection.commit()

    async def forget_overtaken(connection: Connection) -> None:
        await work.forget_overtaken(connection)
        await connection.commit()

    chores: tuple[Callable[[Connection], Awaitable[None]], ...] = (
        lambda connection: partitions.ensure_ahead(connection, now),
        drop_old_usage,
        lambda connection: partitions.forget_retries(connection, now - RETRIES_KEPT),
        forget_reservations,
        forget_webhooks,
        forget_overtaken,
    )
    for chore in chores:
        try:
            with telling_outages():
                async with engine.connect() as connection:
                    await chore(connection)
        except DatabaseAway:
            raise
        except Exception as error:
            log.error("housekeeping failed", exc_info=error)
