"""Notices handled, by whoever comes first. One is only done when all that follows from it is recorded; until then it is
tried again, ever later, and in the end left to support with the error."""

import asyncio
import traceback
from datetime import UTC, datetime, timedelta

import structlog

from adapters.metrics import Instruments
from adapters.postgres import inbox, linked
from adapters.postgres.connection import Engine
from adapters.postgres.inbox import Told
from adapters.postgres.outage import is_outage
from adapters.postgres.reads import webhooks
from domain.errors import Refusal
from domain.provider import Unknown
from service.outage import DatabaseAway, telling_outages
from service.reconciliation.looking import Looking
from service.record import WORKER, By
from service.webhooks.understanding import look

log = structlog.stdlib.get_logger(__name__)

CLAIM_MAX = 20
AT_ONCE = 4
"""Each asks the provider and records."""
HANDLED_S_MAX = 60.0
LEASE = timedelta(minutes=6)
"""Longer than handling takes, waiting for the others of the claim included: else two would be at the same."""
REST_S_MIN, REST_S_MAX = 5.0, 3600.0
ATTEMPTS_MAX = 16
"""Spread over some eight hours; what a provider is away for longer, reconciliation finds."""


class Handling:
    def __init__(self, engine: Engine, looking: Looking, instruments: Instruments) -> None:
        self._engine = engine
        self._looking = looking
        self._instruments = instruments

    async def run(self) -> int:
        """One round over what waits: how many there were. Raises DatabaseAway."""
        if not self._looking.records:
            return 0
        with telling_outages():
            async with self._engine.begin() as connection:
                claimed = await inbox.claim(connection, self._looking.records.keys(), LEASE, CLAIM_MAX)
        permits = asyncio.Semaphore(AT_ONCE)
        outages = await asyncio.gather(*(self._see_to(told, permits) for told in claimed))
        for outage in outages:
            if outage is not None:
                raise outage
        return len(claimed)

    async def replay(self, id: str, by: By) -> Told | None:
        """Handle it now, whatever became of it before; what follows is recorded in that name. It as it stands then;
        None: there is none. Raises DatabaseAway."""
        with telling_outages():
            async with self._engine.begin() as connection:
                told = await inbox.take(connection, id, LEASE)
            if told is None:
                return None
            log.info("webhook replayed", id=id, actor=by.actor, reason=by.reason)
            if told.provider in self._looking.records:
                await self._try(told, by)
            else:
                await self._failed(told, "no such provider is set up here", None)
            return await webhooks.by_id(self._engine, id)

    async def _see_to(self, told: Told, permits: asyncio.Semaphore) -> DatabaseAway | None:
        """An outage is raised when all have come back; its notices are free again when the lease is over."""
        async with permits:
            try:
                with telling_outages():
                    await self._try(told, WORKER)
            except DatabaseAway as outage:
                return outage
        return None

    async def _try(self, told: Told, by: By) -> None:
        """Raises what is an outage of the database."""
        by = by._replace(cause=f"webhook {told.id}")
        try:
            async with asyncio.timeout(HANDLED_S_MAX):
                await self._handle(told, by)
        except Unknown as unknown:
            await self._failed(told, str(unknown), unknown.retry_after)
        except Refusal as refusal:
            await self._failed(told, f"{refusal.code}: {refusal.message}", None)
        except TimeoutError:
            await self._failed(told, "took too long", None)
        except Exception as error:
            if is_outage(error):
                raise
            # What kind and where, but not the message: it may repeat what is stored of the customer.
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]
            log.error("webhook handling failed", id=told.id, type=told.type, error=type(error).__name__, at=places)
            await self._failed(told, type(error).__name__, None)
        else:
            async with self._engine.begin() as connection:
                await inbox.handled(connection, told.id)
            self._instruments.webhook_handled(told.provider, (datetime.now(UTC) - told.received_at).total_seconds())

    async def _handle(self, told: Told, by: By) -> None:
        if told.customer_id is None:
            await self._concerns(told, await self._whose(told))
        async for seen in look(self._looking, told):
            await self._concerns(told, seen.customer_id)
            await self._looking.repair(seen, by)

    async def _whose(self, told: Told) -> str | None:
        """As far as the notice itself says, so that support sees it at the customer also if handling fails."""
        about = told.about
        async with self._engine.connect() as connection:
            found = await linked.holder(connection, about.payment_id, about.refund_id)
            if found is None and about.anonymous_id is not None:
                found = await linked.anonymous(connection, about.anonymous_id)
            if found is None and about.customer is not None:
                found = await linked.linked(connection, told.provider, about.customer)
        return found

    async def _concerns(self, told: Told, customer_id: str | None) -> None:
        if customer_id is not None:
            async with self._engine.begin() as connection:
                await inbox.concerns(connection, told.id, customer_id)

    async def _failed(self, told: Told, error: str, retry_after: float | None) -> None:
        given_up = told.attempts >= ATTEMPTS_MAX
        seconds = min(REST_S_MIN * 2 ** min(told.attempts - 1, 20), REST_S_MAX)
        again_in = None if given_up else timedelta(seconds=max(seconds, retry_after or 0.0))
        async with self._engine.begin() as connection:
            await inbox.failed(connection, told.id, error, again_in)
        (log.error if given_up else log.warning)(
            "webhook not handled", id=told.id, type=told.type, error=error, attempts=told.attempts, given_up=given_up
        )
        if not given_up:
            self._instruments.webhook_retried(told.provider, told.about.kind)
