"""When a provider is told, and of whom: at an interval for what changed, at once for who asks, and now and then for
everybody, in case a change was not marked."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from time import monotonic

from adapters.postgres import sync
from adapters.postgres.connection import Engine
from adapters.postgres.reads.catalog import catalog
from adapters.postgres.work import Work, WorkKind
from domain.providers.provider import Provider, Unknown
from service.later.work import Queue, one_by_one
from service.outage import telling_outages
from service.providers.sync.push import Push

AT_ONCE, LANE_MAX = 12, 4
"""Told at the same time, by all providers and by one."""
TURN_S_MAX = 40.0
IDLE_S = 1.0
AT_ONCE_S_MAX = 15.0
"""How long somebody waits who wants it told now."""
SWEEP_S = 60.0
UNSEEN = timedelta(hours=6)
"""How long a change may stay hidden that a dying process did not mark. Looking costs no call where nothing changed."""
SWEPT_MAX = 500
TRIED_AGAIN_S = 0.1


class PushSchedule:
    """One process's share of telling providers."""

    def __init__(self, engine: Engine, push: Push, providers: Mapping[str, Provider]) -> None:
        self._engine = engine
        self._push = push
        self._swept_at = -SWEEP_S
        self.queue = Queue(
            engine,
            WorkKind.SYNC,
            one_by_one(self._do),
            at_once=AT_ONCE,
            claim_max=LANE_MAX,
            lanes=providers.keys(),
            before=self._look_what_is_due,
            idle=IDLE_S,
            takes_s_max=TURN_S_MAX,
        )

    async def now(self, customer_id: str) -> None:
        """Tell every provider who knows the customer how things stand at this moment. Raises Unknown, DatabaseAway."""
        try:
            async with asyncio.timeout(AT_ONCE_S_MAX):
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
        async with self.queue.taken(f"{customer_id}/{provider}", customer_id) as piece:
            if piece is not None:
                await self._tell(customer_id, provider)
            return piece is not None

    async def _do(self, piece: Work) -> None:
        customer_id, _, provider = piece.id.partition("/")
        await self._tell(customer_id, provider)

    async def _tell(self, customer_id: str, provider: str) -> None:
        async with self._engine.connect() as connection:
            job = await sync.job(connection, customer_id, provider)
        if job is None:
            return
        try:
            await self._push.tell(job)
        except (Unknown, asyncio.CancelledError):  # cancelled also when it took too long
            await asyncio.shield(self._keep_due(job))
            raise

    async def _keep_due(self, job: sync.Job) -> None:
        async with self._engine.begin() as connection:
            await sync.keep_due(connection, job)

    async def _look_what_is_due(self) -> None:
        await self._sweep()
        minutes = (await catalog(self._engine)).catalog.settings.sync_minutes
        async with self._engine.begin() as connection:
            await sync.ripen(connection, timedelta(minutes=minutes))

    async def _sweep(self) -> None:
        if monotonic() - self._swept_at < SWEEP_S:
            return
        self._swept_at = monotonic()
        async with self._engine.begin() as connection:
            await sync.sweep(connection, UNSEEN, SWEPT_MAX)
