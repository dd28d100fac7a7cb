"""The whole application on a real database, served by a real uvicorn in the tests' own loop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import uvicorn

from adapters.payments.connector import Registered
from adapters.postgres.engine import create_engine
from adapters.secrets import Secrets, open_secrets
from adapters.settings import DeploymentSettings
from adapters.tracing import Tracing
from e2e.client import Api
from service.clock import Clock
from service.operations.replay import replay, verify
from service.operations.seed import seed
from service.write.record import Record
from tollgate.application import create_app
from tollgate.providers import REGISTERED

ADMIN_KEY = "the-admin-key-of-the-tests"


def settings(**values: Any) -> DeploymentSettings:
    """Those of a test's deployment, whatever the environment of the tests says."""
    usual = {"secret": "s" * 40, "admin_key": ADMIN_KEY, "rate_limit": 0, "pool_size": 5, "simulated_payments": True}
    values = {**usual, **values}
    return DeploymentSettings(_env_file=None, **values)  # type: ignore[call-arg]  # known to pydantic-settings only


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals are pytest's


class Errors(logging.Handler):
    """What is logged as an error: nothing should be."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


@dataclass
class Deployment:
    """A running application."""

    dsn: str
    settings: DeploymentSettings
    secrets: Secrets
    url: str
    api: Api
    """With the admin key."""
    errors: Errors = field(default_factory=Errors)

    async def faults(self) -> list[str]:
        """What `tollgate verify` finds."""
        engine = create_engine(self.dsn, 2)
        try:
            return [f"{fault.stream_id}: {fault.what}" async for fault in verify(engine)]
        finally:
            await engine.dispose()

    async def replay(self) -> None:
        engine = create_engine(self.dsn, 2)
        try:
            await replay(engine)
        finally:
            await engine.dispose()

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    async def contents(self) -> dict[str, str]:
        """A digest of each table: equal before and after whatever must change nothing. Left out is what is still to
        be told to providers: it is neither fact nor view, and is marked a moment after what it follows."""
        names = [name for name in await self._tables() if name != "provider_sync"]
        of_each = " UNION ALL ".join(
            f"SELECT '{name}', md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {name} t" for name in names
        )
        return dict(await self.fetch(of_each))

    async def text(self) -> str:
        """Everything that is stored, as text."""
        rows = [await self.fetch(f"SELECT t::text FROM {name} t") for name in await self._tables()]
        return "\n".join(row[0] for of_table in rows for row in of_table)

    async def _tables(self) -> list[str]:
        rows = await self.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return sorted(row[0] for row in rows)


async def stock(dsn: str) -> None:
    """The default catalog."""
    engine = create_engine(dsn, 1)
    try:
        await seed(Record(engine, Clock(), lambda _: None))
    finally:
        await engine.dispose()


@asynccontextmanager
async def serving(
    dsn: str, tracing: Tracing | None = None, registered: Sequence[Registered] = REGISTERED, **values: Any
) -> AsyncIterator[Deployment]:
    """A process of Tollgate on the migrated database, without a worker."""
    chosen = settings(**values)
    secrets = open_secrets(chosen)
    server = _Server(
        uvicorn.Config(
            create_app(chosen, secrets, dsn, tracing, registered),
            port=0,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=8 * 1024 * 1024,
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
        )
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), running
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    limits = httpx.Limits(max_connections=250, max_keepalive_connections=250)
    errors = Errors()
    logging.getLogger().addHandler(errors)
    try:
        async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as http:
            yield Deployment(dsn, chosen, secrets, url, Api(url, ADMIN_KEY, http), errors)
    finally:
        logging.getLogger().removeHandler(errors)
        server.should_exit = True
        await running
