"""A process that serves as `tollgate serve` does, and what asks it as fast as it answers."""

import asyncio
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import uvicorn
import uvloop
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.secrets import Secrets, open_secrets
from adapters.settings import DeploymentSettings
from bench.edge import Caller, http

ADMIN_KEY = "key"
"""The one that `bench.edge.http` sends."""
START_SECONDS_MAX = 30.0
PAUSE_S = 0.2
"""After the first requests of a round, and after its last ones."""


class Worker(NamedTuple):
    port: int
    pid: int

    def processor_seconds(self) -> float:
        """What it has used so far, in steps of 0.01 s."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


class Rate(NamedTuple):
    """Answers a second: ours, and what they are held against. The ratio is the median of the rounds' ratios, since the
    two of a round met the same machine."""

    ours: float
    bare: float
    ratio: float


def settings_of(dsn: str) -> DeploymentSettings:
    """Of a deployment without a limit on requests."""
    return DeploymentSettings(
        _env_file=None,  # type: ignore[call-arg]  # known to pydantic-settings only
        database_dsn=SecretStr(dsn),
        secret=SecretStr("b" * 40),
        admin_key=SecretStr(ADMIN_KEY),
        rate_limit=0,
        log_level="warning",
    )


def beside(app: ASGIApp, path: str, bare: ASGIApp) -> ASGIApp:
    """Both in one process. Nothing of ours stands before the bare one."""

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        await (bare if scope.get("path") == path else app)(scope, receive, send)

    return either


@contextmanager
def worker(make_app: Callable[[DeploymentSettings, Secrets, str], ASGIApp], dsn: str) -> Iterator[Worker]:
    """A process alone with its interpreter, so that asking does not slow down answering."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(make_app, dsn, there), daemon=True)
    process.start()
    try:
        if not here.poll(START_SECONDS_MAX):
            raise TimeoutError("the worker did not start")
        assert process.pid is not None
        yield Worker(here.recv(), process.pid)
    finally:
        process.terminate()
        process.join()


def _serve(make_app: Callable[[DeploymentSettings, Secrets, str], ASGIApp], dsn: str, parent: Connection) -> None:
    settings = settings_of(dsn)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    config = uvicorn.Config(
        make_app(settings, open_secrets(settings), dsn),
        http="httptools",
        ws="websockets-sansio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    parent.send(listener.getsockname()[1])  # who connects before it listens to its port waits
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


async def ask(port: int, request: bytes) -> Any:
    """One request, its answer decoded."""
    answered = asyncio.Event()
    state: dict[str, Any] = {"answers": 0, "on": False, "last": b"", "answered": answered}
    await asyncio.get_running_loop().create_connection(lambda: Caller(request, state), "127.0.0.1", port)
    async with asyncio.timeout(30):
        await answered.wait()
    return msgspec.json.decode(state["last"])


async def rate(port: int, request: bytes, connections: int, seconds: float, clock: Callable[[], float]) -> float:
    """Answers a second of the clock over all connections, each of which asks again as soon as it has its answer."""
    loop = asyncio.get_running_loop()
    state: dict[str, Any] = {"answers": 0, "on": True, "last": b""}
    for _ in range(connections):
        await loop.create_connection(lambda: Caller(request, state), "127.0.0.1", port)
    await asyncio.sleep(PAUSE_S)
    before, started = state["answers"], clock()
    await asyncio.sleep(seconds)
    found: float = (state["answers"] - before) / (clock() - started)
    state["on"] = False
    await asyncio.sleep(PAUSE_S)
    return found


async def compare(
    port: int,
    ours: bytes,
    bare: bytes,
    *,
    connections: int,
    rounds: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Rate:
    """Both in turns; which goes first alternates. By the worker's processor time as a clock, what else the machine does
    (asking is part of it) counts for neither."""
    rates: dict[bytes, list[float]] = {ours: [], bare: []}
    for n in range(rounds):
        for request in (ours, bare) if n % 2 else (bare, ours):
            rates[request].append(await rate(port, request, connections, seconds, clock))
    ratios = [own / base for own, base in zip(rates[ours], rates[bare], strict=True)]
    return Rate(statistics.median(rates[ours]), statistics.median(rates[bare]), statistics.median(ratios))


def post(path: str, query: str, **variables: Any) -> bytes:
    """A GraphQL request as bytes."""
    return http("POST", path, {"query": query, "variables": variables})
