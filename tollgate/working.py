"""`tollgate worker`: run the worker until it is told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import uvloop

from adapters.secrets import Secrets, open_secrets
from adapters.settings import DeploymentSettings
from service.runtime import Runtime
from service.tracing import open_tracing
from tollgate.database import open_migrated_database
from tollgate.wiring import open_runtime

Work = Callable[[Runtime, asyncio.Event], Awaitable[None]]
"""Works until the event is set; what is claimed by then may be finished first."""


def work(settings: DeploymentSettings, run: Work) -> int:
    """Work until SIGINT or SIGTERM; the exit code. Needs the main thread."""
    with (
        open_migrated_database(settings, sealing=True) as dsn,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_until_stopped(settings, open_secrets(settings, serving=False), dsn, run))
    return 0


async def _until_stopped(settings: DeploymentSettings, secrets: Secrets, dsn: str, run: Work) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_runtime(settings, secrets, dsn, open_tracing(settings.otlp_endpoint)) as runtime:
        await run(runtime, stop)
