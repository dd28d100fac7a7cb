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

    async def replay(self, id: str, by: By) -> StoredNotice | None:
        """Handle it now, whatever became of it before, unless somebody is at it; what follows is recorded in that name.
        It as it stands then; None: there is none. Raises DatabaseAway."""
        with telling_outages():
            notice = await webhooks.by_id(self._engine, id)
            if notice is None:
                return None
            log.info("webhook replayed", id=id, actor=by.actor, reason=by.reason)
            try:
                async with self.queue.taken(id, notice.customer_id) as piece:
                    if piece is not None:
                        await self._again(notice, by, piece.attempts)
            except DatabaseAway:
                raise
            except Exception as error:
                log.warning("webhook failed again", id=id, error=type(error).__name__)
            return await webhooks.by_id(self._engine, id)

    async def _again(self, notice: StoredNotice, by: By, attempts: int) -> None:
        async with self._engine.begin() as connection:
            await inbox.reopen(connection, notice.id)
        await self._try(notice, by, attempts)

    async def _do(self, piece: Work) -> None:
        notice = await webhooks.by_id(self._engine, piece.id)
        if notice is not None and notice.handled_at is None:
            await self._try(notice, WORKER, piece.attempts)

    async def _try(self, notice: StoredNotice, by: By, attempts: int) -> None:
        if notice.provider not in self._reconciler.records:
            raise Unknown("no such provider is set up here")
        try:
            await self._handle(notice, by._replace(cause=f"webhook {notice.id}"))
        except Exception:
            self._instruments.webhook_retried(notice.provider, notice.about.kind)
            raise
        async with self._engine.begin() as connection:
            await inbox.handled(connection, notice.id, attempts)
        self._instruments.webhook_handled(notice.provider, (datetime.now(UTC) - notice.received_at).total_seconds())

    async def _handle(self, notice: StoredNotice, by: By) -> None:
        if notice.customer_id is None:
            await self._concerns(notice, await self._customer_of(notice))
        async for observation in self._reconciler.follow(notice.provider, notice.about):
            await self._concerns(notice, observation.customer_id)
            await self._reconciler.repair(observation, by)

    async def _customer_of(self, notice: StoredNotice) -> str | None:
        """As far as the notice itself says, so that support sees it at the customer also if handling fails."""
        about = notice.about
        async with self._engine.connect() as connection:
            found = await provider_customers.owner_of(connection, about.payment_id, about.refund_id)
            if found is None and about.anonymous_id is not None:
                found = await provider_customers.owner_of_anonymous_id(connection, about.anonymous_id)
            if found is None and about.customer is not None:
                found = await provider_customers.owner_of_reference(connection, notice.provider, about.customer)
        return found

    async def _concerns(self, notice: StoredNotice, customer_id: str | None) -> None:
        if customer_id is not None:
            async with self._engine.begin() as connection:
                await inbox.concerns(connection, notice.id, customer_id)
