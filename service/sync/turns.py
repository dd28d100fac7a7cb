"""When a provider is told, and of whom: at an interval for what changed, at once for who asks, and now and then for
everybody, in case a change was not marked."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from time import monotonic

import structlog

from adapters.postgres import sync
from adapters.postgres.connection import Engine
from adapters.postgres.reads.catalog import catalog
from adapters.postgres.sync import Job
from domain.errors import Refusal
from domain.provider import Provider, Unknown
from service.outage import DatabaseAway, telling_outages
from service.sync.telling import Telling

log = structlog.stdlib.get_logger(__name__)

CLAIM_MAX = 10
"""Told at the same time. The claim's transaction is idle meanwhile, which the database bears for a minute."""
TURN_S_MAX = 40.0
AT_ONCE_S_MAX = 15.0
"""How long somebody waits who wants it told now."""
AGAIN_S_MIN, AGAIN_S_MAX = 2.0, 3600.0
SWEEP_S = 60.0
UNSEEN = timedelta(hours=6)
"""How long a change may stay hidden that a dying process did not mark. Looking costs no call where nothing changed."""
SWEPT_MAX = 500
TRIED_AGAIN_S = 0.1


class Sync:
    """One process's share of telling providers."""

    def __init__(self, engine: Engine, telling: Telling, providers: Mapping[str, Provider], at_once: int = 1) -> None:
        """`at_once`: how many calls of `now` run at a time; each holds a connection and takes a second one."""
        self._engine = engine
        self._telling = telling
        self._providers = providers
        self._swept_at = -SWEEP_S
        self._permits = asyncio.Semaphore(at_once)
        self._working = asyncio.Semaphore(4)

    async def run(self) -> int:
        """One round over what is due: how many there were. Raises DatabaseAway."""
        if not self._providers:
            return 0
        with telling_outages():
            await self._sweep()
            minutes = (await catalog(self._engine)).catalog.settings.sync_minutes
            async with self._engine.begin() as connection:
                jobs = await sync.claim(connection, timedelta(minutes=minutes), CLAIM_MAX)
                outages = await asyncio.gather(*map(self._see_to, jobs))
        for outage in outages:
            if outage is not None:
                raise outage
        return len(jobs)

    async def now(self, customer_id: str) -> None:
        """Tell every provider who knows the customer how things stand at this moment. Raises Unknown, DatabaseAway."""
        try:
            async with asyncio.timeout(AT_ONCE_S_MAX), self._permits:
                with telling_outages():
                    async with self._engine.connect() as connection:
                        names = await sync.providers_of(connection, customer_id)
                    for name in names:
                        await self._told(customer_id, name)
        except TimeoutError:
            raise Unknown("no answer in time") from None

    async def _told(self, customer_id: str, provider: str) -> None:
        while True:
            if await self._now(customer_id, provider):
                return
            await asyncio.sleep(TRIED_AGAIN_S)

    async def _now(self, customer_id: str, provider: str) -> bool:
        """False: somebody else is at it."""
        async with self._engine.begin() as connection:
            if not await sync.take(connection, customer_id, provider):
                return False
            job = await sync.job(connection, customer_id, provider)
            if job is not None:
                try:
                    await self._telling.tell(job)
                except Unknown as error:
                    await self._failed(job, error)
                    raise
            return True

    async def _see_to(self, job: Job) -> DatabaseAway | None:
        try:
            with telling_outages():
                async with self._working, asyncio.timeout(TURN_S_MAX):
                    await self._telling.tell(job)
        except DatabaseAway as outage:
            return outage
        except Exception as error:
            try:
                with telling_outages():
                    await self._failed(job, error)
            except DatabaseAway as outage:
                return outage
        return None

    async def _failed(self, job: Job, error: Exception) -> None:
        seconds = min(AGAIN_S_MIN * 2.0 ** min(job.attempts, 16), AGAIN_S_MAX)
        if isinstance(error, Unknown) and error.retry_after is not None:
            seconds = max(seconds, error.retry_after)
        # The message may repeat what a provider was told; the type says enough, but for what we say ourselves.
        why = str(error) if isinstance(error, Unknown | Refusal) else type(error).__name__
        log.warning("not told", customer_id=job.customer_id, provider=job.provider, error=why, again_in_seconds=seconds)
        async with self._engine.begin() as connection:
            await sync.failed(connection, job, why, timedelta(seconds=seconds))

    async def _sweep(self) -> None:
        if monotonic() - self._swept_at < SWEEP_S:
            return
        self._swept_at = monotonic()
        async with self._engine.begin() as connection:
            await sync.sweep(connection, UNSEEN, SWEPT_MAX)
