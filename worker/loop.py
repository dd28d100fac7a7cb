"""When: each kind of work as it falls due, housekeeping by the hour, until told to stop. What is done stands in
`service`."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from service.later.due_work import DueWork
from service.later.housekeeping import keep_house
from service.later.kinds import queues
from service.later.progress import Progress
from service.metrics import listening
from service.outage import DatabaseAway
from service.runtime import Runtime

HOUSEKEEPING_S = 3600.0
AGAIN_S = 15.0
"""After the database was away."""


async def run(runtime: Runtime, stop: asyncio.Event) -> None:
    """Work until `stop` is set, and show the figures meanwhile."""
    settings = runtime.settings
    token = None if settings.metrics_token is None else settings.metrics_token.get_secret_value()
    with listening(runtime.metrics.instruments, settings.host, settings.worker_metrics_port, token):
        await work(runtime, stop)


async def work(runtime: Runtime, stop: asyncio.Event) -> None:
    """Work until `stop` is set; what is claimed by then is finished first. A database that goes away is waited for."""
    due_work = DueWork(runtime.engine, runtime.record, runtime.clock.now)
    progress = Progress(due_work)

    async def see(claimed: int) -> None:
        await progress.see(claimed, runtime.clock.now())

    # Side by side: a provider that does not answer keeps nothing else waiting.
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep_house(runtime, stop))
        for queue in queues(runtime, due_work).values():
            group.create_task(queue.work(stop, see if queue is due_work.queue else None))


async def _keep_house(runtime: Runtime, stop: asyncio.Event) -> None:
    retention = timedelta(days=runtime.settings.usage_retention_days)
    while not stop.is_set():
        rest_s = HOUSEKEEPING_S
        try:
            await keep_house(runtime.engine, runtime.clock.now(), retention)
        except DatabaseAway:
            rest_s = AGAIN_S
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), rest_s)
