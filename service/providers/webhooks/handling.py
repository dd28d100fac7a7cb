"""Notices handled, by whoever comes first. One is only done when all that follows from it is recorded."""

from datetime import UTC, datetime

import structlog

from adapters.metrics import Instruments
from adapters.postgres import inbox, provider_customers
from adapters.postgres.connection import Engine
from adapters.postgres.inbox import StoredNotice
from adapters.postgres.reads import webhooks
from adapters.postgres.work import Work, WorkKind
from domain.providers.provider import Unknown
from service.later.work import Queue, one_by_one
from service.outage import DatabaseAway, telling_outages
from service.providers.reconciliation.reconciler import Reconciler
from service.write.record import WORKER, By

log = structlog.stdlib.get_logger(__name__)

AT_ONCE = 8
LANE_MAX = 4
"""Each asks its provider and records."""
HANDLED_S_MAX = 60.0


class Handling:
    def __init__(self, engine: Engine, reconciler: Reconciler, instruments: Instruments) -> None:
        self._engine = engine
        self._reconciler = reconciler
        self._instruments = instruments
        self.queue = Queue(
            engine,
            WorkKind.WEBHOOK,
            one_by_one(self._do),
            at_once=AT_ONCE,
            claim_max=LANE_MAX,
            lanes=reconciler.records.keys(),
            takes_s_max=HANDLED_S_MAX,
        )

    async def run(self) -> int:
        """One round over what waits: how many there were. Raises DatabaseAway."""
        return await self.queue.round()

    async def replay(self, id: str, by: By) -> StoredNotice | None:
        """Handle it now, whatever became of it before, unless somebody is at it; what follows is recorded in that name.
        It as it stands then; None: there is none. Raises DatabaseAway."""
        with telling_outages():
            told = await webhooks.by_id(self._engine, id)
            if told is None:
                return None
            log.info("webhook replayed", id=id, actor=by.actor, reason=by.reason)
            try:
                async with self.queue.taken(id, told.customer_id) as piece:
                    if piece is not None:
                        await self._again(told, by, piece.attempts)
            except DatabaseAway:
                raise
            except Exception as error:
                log.warning("webhook failed again", id=id, error=type(error).__name__)
            return await webhooks.by_id(self._engine, id)

    async def _again(self, told: StoredNotice, by: By, attempts: int) -> None:
        async with self._engine.begin() as connection:
            await inbox.reopen(connection, told.id)
        await self._try(told, by, attempts)

    async def _do(self, piece: Work) -> None:
        told = await webhooks.by_id(self._engine, piece.id)
        if told is not None and told.handled_at is None:
            await self._try(told, WORKER, piece.attempts)

    async def _try(self, told: StoredNotice, by: By, attempts: int) -> None:
        if told.provider not in self._reconciler.records:
            raise Unknown("no such provider is set up here")
        try:
            await self._handle(told, by._replace(cause=f"webhook {told.id}"))
        except Exception:
            self._instruments.webhook_retried(told.provider, told.about.kind)
            raise
        async with self._engine.begin() as connection:
            await inbox.handled(connection, told.id, attempts)
        self._instruments.webhook_handled(told.provider, (datetime.now(UTC) - told.received_at).total_seconds())

    async def _handle(self, told: StoredNotice, by: By) -> None:
        if told.customer_id is None:
            await self._concerns(told, await self._whose(told))
        async for seen in self._reconciler.told(told.provider, told.about):
            await self._concerns(told, seen.customer_id)
            await self._reconciler.repair(seen, by)

    async def _whose(self, told: StoredNotice) -> str | None:
        """As far as the notice itself says, so that support sees it at the customer also if handling fails."""
        about = told.about
        async with self._engine.connect() as connection:
            found = await provider_customers.owner_of(connection, about.payment_id, about.refund_id)
            if found is None and about.anonymous_id is not None:
                found = await provider_customers.owner_of_anonymous_id(connection, about.anonymous_id)
            if found is None and about.customer is not None:
                found = await provider_customers.owner_of_reference(connection, told.provider, about.customer)
        return found

    async def _concerns(self, told: StoredNotice, customer_id: str | None) -> None:
        if customer_id is not None:
            async with self._engine.begin() as connection:
                await inbox.concerns(connection, told.id, customer_id)
