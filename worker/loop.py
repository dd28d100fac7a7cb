"""When: due work as it falls due, housekeeping by the hour, until told to stop. What is done stands in `service`."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta

import structlog

from adapters.secrets import Secrets
from adapters.settings import Settings
from service.due_work import DueWork
from service.housekeeping import keep_house
from service.outage import DatabaseAway
from service.runtime import Runtime, open_runtime

log = structlog.stdlib.get_logger(__name__)

SLEEP_S_MAX = 1.0
"""Something may fall due sooner than what we know of: another process has just planned it."""
HOUSEKEEPING_S = 3600.0
AWAY_S_MIN, AWAY_S_MAX = 0.5, 15.0


async def run(settings: Settings, secrets: Secrets, dsn: str, stop: asyncio.Event) -> None:
    """Work on the database at `dsn`, which must be migrated, until `stop` is set."""
    async with open_runtime(settings, secrets, dsn) as runtime:
        await work(runtime, stop)


async def work(runtime: Runtime, stop: asyncio.Event) -> None:
    """Work until `stop` is set; what is claimed by then is finished first. A database that goes away is waited for."""
    due_work = DueWork(runtime.engine, runtime.record)
    retention = timedelta(days=runtime.settings.usage_retention_days)
    house_kept_at, away_s = -HOUSEKEEPING_S, AWAY_S_MIN
    while not stop.is_set():
        try:
            if time.monotonic() - house_kept_at >= HOUSEKEEPING_S:
                await keep_house(runtime.engine, runtime.clock.now(), retention)
                house_kept_at = time.monotonic()
            sleep_s = 0.0 if await due_work.run(runtime.clock.now()) else await _until_next(runtime, due_work)
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
