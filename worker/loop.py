"""When: due work as it falls due, payments as they are asked for, housekeeping by the hour, until told to stop. What is
done stands in `service`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from adapters.secrets import Secrets
from adapters.settings import Settings
from service.due_work import DueWork
from service.housekeeping import keep_house
from service.metrics import listening
from service.outage import DatabaseAway
from service.progress import Progress
from service.runtime import Runtime, open_runtime
from service.tracing import open_tracing

log = structlog.stdlib.get_logger(__name__)

SLEEP_S_MAX = 1.0
"""Something may fall due sooner than what we know of: another process has just planned it."""
CHARGE_S = 0.5
SYNC_S = 1.0
WEBHOOKS_S = 0.5
HOUSEKEEPING_S = 3600.0
AWAY_S_MIN, AWAY_S_MAX = 0.5, 15.0


async def run(settings: Settings, secrets: Secrets, dsn: str, stop: asyncio.Event) -> None:
    """Work on the database at `dsn`, which must be migrated, until `stop` is set."""
    token = None if settings.metrics_token is None else settings.metrics_token.get_secret_value()
    async with open_runtime(settings, secrets, dsn, open_tracing(settings.otlp_endpoint)) as runtime:
        with listening(runtime.metrics.instruments, settings.host, settings.worker_metrics_port, token):
            await work(runtime, stop)


async def work(runtime: Runtime, stop: asyncio.Event) -> None:
    """Work until `stop` is set; what is claimed by then is finished first. A database that goes away is waited for."""
    due_work = DueWork(runtime.engine, runtime.record)
    progress = Progress(due_work)
    retention = timedelta(days=runtime.settings.usage_retention_days)
    house_kept_at = -HOUSEKEEPING_S

    async def see_to_what_is_due() -> float:
        nonlocal house_kept_at
        if time.monotonic() - house_kept_at >= HOUSEKEEPING_S:
            await keep_house(runtime.engine, runtime.clock.now(), retention)
            house_kept_at = time.monotonic()
        return 0.0 if await progress.run(runtime.clock.now()) else await _until_next(runtime, due_work)

    async def charge() -> float:
        return 0.0 if await runtime.charging.run() else CHARGE_S

    async def tell_providers() -> float:
        return 0.0 if await runtime.sync.run() else SYNC_S

    async def handle_webhooks() -> float:
        return 0.0 if await runtime.handling.run() else WEBHOOKS_S

    # Side by side: a provider that does not answer keeps nothing else waiting.
    async with asyncio.TaskGroup() as group:
        group.create_task(_again_and_again(see_to_what_is_due, stop))
        group.create_task(_again_and_again(charge, stop))
        group.create_task(_again_and_again(tell_providers, stop))
        group.create_task(_again_and_again(handle_webhooks, stop))
        for queue in (runtime.reconciliation.queue(runtime.clock.now),):
            group.create_task(queue.work(stop))


async def _again_and_again(round: Callable[[], Awaitable[float]], stop: asyncio.Event) -> None:
    """Each round says for how many seconds there is nothing to do."""
    away_s = AWAY_S_MIN
    while not stop.is_set():
        try:
            sleep_s = await round()
            away_s = AWAY_S_MIN
        except DatabaseAway as outage:
            log.warning("the database cannot be reached", error=str(outage), tries_again_in_seconds=away_s)
            sleep_s, away_s = away_s, min(away_s * 2, AWAY_S_MAX)
        if sleep_s > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), sleep_s)


async def _until_next(runtime: Runtime, due_work: DueWork) -> float:
    now = runtime.clock.now()
    instant = await due_work.next_instant(now)
    return SLEEP_S_MAX if instant is None else min(max((instant - now).total_seconds(), 0.001), SLEEP_S_MAX)
