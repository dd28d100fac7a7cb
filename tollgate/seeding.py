"""`tollgate seed`, and what `make run` finds at its start."""

import asyncio
import signal
import sys
from collections import Counter
from random import Random

from adapters.secrets import open_secrets
from adapters.settings import DeploymentSettings
from domain.errors import Refusal
from service.operations import seed as catalog
from service.operations.demo import seed_demo, stream
from tollgate.recording import recording
from tollgate.wiring import open_runtime


async def seed(dsn: str) -> int:
    """Load the default plans; how many things were new. Raises Refusal."""
    async with recording(dsn) as record:
        return await catalog.seed(record)


async def seed_at_start(dsn: str) -> None:
    """The same, where it must not keep anybody from starting: a team's own catalog may well exclude ours."""
    try:
        new = await seed(dsn)
    except Refusal as refusal:
        print(f"tollgate: the default plans do not fit the catalog: {refusal}", file=sys.stderr, flush=True)
        return
    if new:
        print("  Loaded the default plans", file=sys.stderr, flush=True)


async def demo(settings: DeploymentSettings, dsn: str, stream_seconds: float | None) -> None:
    """Load the default plans, a few customers and their last day; then, if asked, let usage stream. Raises Refusal,
    WrongSecret."""
    plans = await seed(dsn)
    async with open_runtime(settings, open_secrets(settings, serving=False), dsn) as runtime:
        new = Counter({"catalog entries": plans}) + await seed_demo(runtime)
        print("New: " + (", ".join(f"{what} {n:,}" for what, n in new.items()) or "nothing") + ".", flush=True)
        if stream_seconds is None:
            return
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        loop.call_later(stream_seconds, stop.set)
        print("Usage is streaming; Ctrl-C ends it.", flush=True)
        print(f"{await stream(runtime, stop, Random(0)):,} events recorded.", flush=True)
