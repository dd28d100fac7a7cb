"""The line on which processes tell each other what changed: LISTEN and NOTIFY on a connection of its own.

It is asyncpg's own connection, not one of the pool: a pool hands connections round and resets them, and LISTEN belongs
to one.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from adapters.postgres.driver import Driver
from adapters.postgres.engine import plain_dsn

CHANNEL = "tollgate_changes"
PAYLOAD_BYTES_MAX = 7_900
"""PostgreSQL refuses payloads of 8000 bytes or more."""

ANSWER_SECONDS_MAX = 5.0
"""A line that does not answer for this long is taken for dead, whatever TCP believes."""


# The last of them when it is used while it is being torn down.
_LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class NoticeLineLost(Exception):
    """The connection is gone: what others say is not heard until there is a new one."""


class NoticeLine:
    """One open connection."""

    def __init__(self, connection: Driver) -> None:
        self._connection = connection

    async def tell(self, payloads: Sequence[str]) -> None:
        """Tell all other lines. One statement, so one commit, however many payloads. Without any: only see whether the
        line still answers. Raises LineLost."""
        try:
            await self._connection.execute(
                "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload",
                CHANNEL,
                list(payloads),
                timeout=ANSWER_SECONDS_MAX,
            )
        except _LOST as error:
            raise NoticeLineLost(type(error).__name__) from error


@asynccontextmanager
async def notice_line(dsn: str, hear: Callable[[str], None], lost: Callable[[], None]) -> AsyncIterator[NoticeLine]:
    """Listen, and give the line to tell on. `hear` gets each payload that another line tells; `lost` is called when the
    server ends the connection. Raises LineLost when there is none to be had."""
    try:
        connection: Driver = await asyncpg.connect(
            plain_dsn(dsn),
            timeout=ANSWER_SECONDS_MAX,
            server_settings={"application_name": "tollgate notices", "timezone": "UTC"},
        )
    except _LOST as error:
        raise NoticeLineLost(type(error).__name__) from error
    try:
        own = connection.get_server_pid()

        def heard(_: object, sender: int, __: str, payload: object) -> None:
            if sender != own:
                hear(str(payload))

        connection.add_termination_listener(lambda _: lost())
        try:
            await connection.add_listener(CHANNEL, heard)
        except _LOST as error:
            raise NoticeLineLost(type(error).__name__) from error
        yield NoticeLine(connection)
    finally:
        connection.terminate()
