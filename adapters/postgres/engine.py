"""The pool of connections to PostgreSQL, the same whichever server it is."""

import re
from functools import partial
from time import monotonic
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from adapters.problem import Problem

SERVER_VERSION_MIN = 15
STATEMENT_SECONDS_MAX = 30
"""No statement of ours takes a second; one that takes 30 is lost, and holds locks that others wait for."""

CONNECT_SECONDS_MAX = 10
UNASKED_SECONDS_MAX = 0.1
"""A connection that lay unused for longer is asked whether it still lives before it is used: that takes three messages.
Of one in steady use the driver knows."""

POOL_SECONDS_MAX = 10
"""Longer waits are an outage, and the caller should hear of it."""


class UnsupportedServer(Problem):
    """The server is older than SERVER_VERSION_MIN."""


class DatabaseOutOfReach(Problem):
    """Nobody answers at BILLING_DATABASE_DSN, or not to us."""


def create_engine(
    dsn: str, pool_size: int = 10, *, statement_seconds_max: int = STATEMENT_SECONDS_MAX, name: str = "tollgate"
) -> AsyncEngine:
    """A pool for `dsn` (postgres://, postgresql:// or postgresql+asyncpg://) that connects when first used.

    Sessions run in UTC. 0 seconds: no limit, for migrations. `name` is what pg_stat_activity shows. Connecting to a
    server older than 15 raises UnsupportedServer.
    """
    settings = {
        "application_name": name,
        "timezone": "UTC",
        "statement_timeout": f"{statement_seconds_max}s",
        "idle_in_transaction_session_timeout": "60s",
        "jit": "off",  # compiling takes longer than any of our statements
    }
    engine = create_async_engine(
        "postgresql+asyncpg://",
        # asyncpg reads the DSN itself: SQLAlchemy passes on options such as sslmode in a way that asyncpg refuses.
        async_creator=partial(asyncpg.connect, plain_dsn(dsn), timeout=CONNECT_SECONDS_MAX, server_settings=settings),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS_MAX,
    )
    event.listen(engine.sync_engine, "connect", _check_version)
    event.listen(engine.sync_engine, "checkin", _left)
    event.listen(engine.sync_engine, "checkout", _check_alive)
    return engine


async def check_reach(dsn: str) -> None:
    """Connect once: the plainest way to find that the address or the password is wrong. Raises DatabaseOutOfReach."""
    engine = create_engine(dsn, 1)
    try:
        async with engine.connect():
            pass
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
        # The driver's messages name host, user and database, never the password.
        cause = error.__cause__ or error
        raise DatabaseOutOfReach(
            "BILLING_DATABASE_DSN: must be the address of a PostgreSQL that answers; "
            f"connecting failed: {str(cause) or type(cause).__name__}"
        ) from None
    finally:
        await engine.dispose()


def plain_dsn(dsn: str) -> str:
    """The same address for asyncpg itself (COPY, LISTEN), which knows postgresql:// only."""
    return re.sub(r"^postgres(ql)?(\+asyncpg)?://", "postgresql://", dsn)


def _left(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["left"] = monotonic()


def _check_alive(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A server that restarted costs a reconnect, not a failed request."""
    left = record.info.get("left")
    try:
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        if left is not None and monotonic() - left > UNASKED_SECONDS_MAX:
            connection.ping()
    except (OSError, connection.dbapi.Error) as error:
        raise DisconnectionError from error


def _check_version(connection: Any, _record: object) -> None:
    version = connection.driver_connection.get_server_version()
    if version.major < SERVER_VERSION_MIN:
        raise UnsupportedServer(
            f"BILLING_DATABASE_DSN: must be the address of a PostgreSQL {SERVER_VERSION_MIN} or newer; "
            f"this is {version.major}"
        )
