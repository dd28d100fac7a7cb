"""Counting what the database is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

_AROUND = ("BEGIN", "ROLLBACK", "COMMIT", ";")  # what frames a statement, and the pool's look whether it is alive
_TYPES = ("typeinfo_tree", "set_config('jit'")  # asyncpg asks once per connection what the server's types are


@asynccontextmanager
async def counted(engine: AsyncEngine) -> AsyncIterator[list[str]]:
    """What the pool's connections are sent meanwhile: through SQLAlchemy, which prepares its statements, and by those
    who use the driver directly, which asyncpg tells of."""
    sent: list[str] = []

    def hear(query: Any) -> None:
        if not query.query.startswith(_AROUND) and not any(mark in query.query for mark in _TYPES):
            sent.append(query.query)

    heard: dict[int, Any] = {}

    def listen(connection: Any, _record: Any, _proxy: Any) -> None:
        if id(connection.driver_connection) not in heard:
            connection.driver_connection.add_query_logger(hear)
            heard[id(connection.driver_connection)] = connection.driver_connection

    def prepared(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "checkout", listen)
    event.listen(engine.sync_engine, "before_cursor_execute", prepared)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "checkout", listen)
        event.remove(engine.sync_engine, "before_cursor_execute", prepared)
        for connection in heard.values():
            connection.remove_query_logger(hear)
