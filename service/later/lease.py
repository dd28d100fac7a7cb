"""A claim is a lease: renewed while its pieces are in hand, and given up on when somebody else may have one of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from adapters.postgres import work
from adapters.postgres.connection import Engine
from adapters.postgres.work import Work
from domain.providers.provider import Unknown

log = structlog.stdlib.get_logger(__name__)

LEASE = timedelta(seconds=30)
"""How long the pieces of a worker that died lie still."""
RENEWED_S = 10.0
RENEWAL_S_MAX = 5.0
RENEWED_AGAIN_S = 1.5
"""After a renewal that failed or took too long: it is tried three times before the lease is over."""


class Lost(Unknown):
    """The claim is gone, or may be: somebody else is at it, so that it is broken off here."""


@asynccontextmanager
async def leased(engine: Engine, batch: Sequence[Work]) -> AsyncIterator[None]:
    """Nobody else gets them meanwhile, and nothing is renewed any more afterwards. Raises Lost as soon as somebody
    else may have one of them."""
    try:
        async with asyncio.timeout(LEASE.total_seconds()) as lease:
            renewing = asyncio.create_task(_renew(engine, batch, lease))
            try:
                yield
            finally:
                renewing.cancel()
                await asyncio.wait([renewing])
    except TimeoutError:
        if not lease.expired():
            raise
        log.warning("a claim was lost", kind=batch[0].kind, pieces=len(batch))
        raise Lost("somebody else is at it") from None


async def _renew(engine: Engine, batch: Sequence[Work], lease: asyncio.Timeout) -> None:
    """Until it is cancelled. One that is lost is over at once."""
    now = asyncio.get_running_loop().time
    wait_s = RENEWED_S
    while True:
        await asyncio.sleep(wait_s)
        began, wait_s = now(), RENEWED_S
        try:
            async with asyncio.timeout(RENEWAL_S_MAX), engine.begin() as connection:
                held = await work.renew(connection, batch, LEASE)
        except Exception as error:
            log.warning("a lease was not renewed", kind=batch[0].kind, error=type(error).__name__)
            wait_s = RENEWED_AGAIN_S
            continue
        if lease.expired():
            return
        lease.reschedule(began + LEASE.total_seconds() if held == len(batch) else began)
