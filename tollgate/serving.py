"""`tollgate serve`: the database, the edge and the worker, started and stopped in order."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import uvicorn
import uvloop
from starlette.types import ASGIApp

from adapters.problem import Problem
from adapters.secrets import Secrets, open_secrets
from adapters.settings import DeploymentSettings
from tollgate.announcement import announcement, kept_here
from tollgate.database import open_migrated_database
from tollgate.worker_process import keep_worker_running

AppFactory = Callable[[DeploymentSettings, Secrets, str], ASGIApp]
"""Makes the application from the settings, the secrets and the DSN of a migrated database."""

Close = Callable[[ASGIApp], Awaitable[None]]
"""Says goodbye to whoever would otherwise stay: sockets and event streams. Comes first when the server stops."""

Prepare = Callable[[str], Coroutine[None, None, None]]
"""What is done with the database before anything is answered."""

SHUTDOWN_SECONDS_MAX = 10
"""How long requests may take to finish after the signal to stop."""
SOCKET_MESSAGE_BYTES_MAX = 8 * 1024 * 1024
"""Bounds what uvicorn holds of one message; the edge is stricter."""
IDLE_SECONDS_MAX = 75
"""Longer than the usual 60 of load balancers, so that we do not close what they are about to use."""


class AddressInUse(Problem):
    """Somebody else listens there."""


def serve(
    settings: DeploymentSettings,
    create_app: AppFactory,
    *,
    worker: Sequence[str] | None,
    prepare: Prepare | None = None,
    close: Close | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; the exit code. `worker` is what Python runs beside the server. Needs the main
    thread."""
    with _listen(settings) as listener, open_migrated_database(settings, sealing=True) as dsn:
        secrets = open_secrets(settings)
        if (warning := kept_here(settings)) is not None:
            print(f"tollgate: {warning}", file=sys.stderr, flush=True)
        if prepare is not None:
            asyncio.run(prepare(dsn))
        port = int(listener.getsockname()[1])
        app = create_app(settings, secrets, dsn)
        server = _Server(
            uvicorn.Config(
                app,
                http="httptools",
                ws="websockets-sansio",
                ws_max_size=SOCKET_MESSAGE_BYTES_MAX,
                ws_per_message_deflate=False,  # costs more time than it saves, and memory per socket
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=IDLE_SECONDS_MAX,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
            ),
            when_started=lambda: print(announcement(settings, secrets, port), flush=True),
            when_stopping=None if close is None else partial(close, app),
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(server, listener, worker))
        return 0 if server.started else 1


async def _run(server: "_Server", listener: socket.socket, worker: Sequence[str] | None) -> None:
    working = asyncio.create_task(keep_worker_running(worker)) if worker else None
    try:
        await server.serve(sockets=[listener])
    finally:
        if working is not None:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


@contextmanager
def _listen(settings: DeploymentSettings) -> Iterator[socket.socket]:
    """Take the port before anything that takes long."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise AddressInUse(
                f"PORT, BILLING_HOST: must be a free port and an address of this machine; "
                f"{settings.host}:{settings.port} is not ({error.strerror})"
            ) from error
        yield listener


class _Server(uvicorn.Server):
    """uvicorn, telling when it answers, and ending by returning: after us, the worker and the database end too."""

    def __init__(
        self,
        config: uvicorn.Config,
        when_started: Callable[[], None],
        when_stopping: Callable[[], Awaitable[None]] | None,
    ) -> None:
        super().__init__(config)
        self._when_started = when_started
        self._when_stopping = when_stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._when_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Left to itself, uvicorn would cut sockets short and wait for event streams that never end."""
        if self._when_stopping is not None:
            await self._when_stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        # Left in place: a second Ctrl-C must not interrupt what is being put away.
