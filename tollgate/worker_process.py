"""The worker beside `tollgate serve`: a process of its own, so that due work never delays an answer."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import structlog

from adapters.parent_death import ends_with

_log = structlog.stdlib.get_logger(__name__)

WORKER_COMMAND = ("-m", "tollgate", "worker")
STOP_SECONDS_MAX = 10.0
_PAUSE_SECONDS_MAX = 30.0


async def keep_worker_running(command: Sequence[str]) -> None:
    """Run the worker, again if it ends by itself, until cancelled; then stop it. It ends with us at the latest."""
    pause = 1.0
    while True:
        started_at = asyncio.get_running_loop().time()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            # Killing at once is safe, for work is done in transactions, and our database would be gone anyway.
            preexec_fn=ends_with(os.getpid(), signal.SIGKILL),
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        if asyncio.get_running_loop().time() - started_at > _PAUSE_SECONDS_MAX:
            pause = 1.0
        _log.error("the worker ended by itself", exit_code=code, starts_again_in_seconds=pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _PAUSE_SECONDS_MAX)


async def _stop(process: asyncio.subprocess.Process) -> None:
    for by in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is None:
            process.send_signal(by)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
            except TimeoutError:
                continue
