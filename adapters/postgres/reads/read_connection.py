"""How a read holds the database: one connection, in autocommit, for as long as the look takes."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, any_, literal, true
from sqlalchemy.sql.elements import SQLColumnExpression

from adapters.postgres.connection import Connection, Engine


@asynccontextmanager
async def read_connection(engine: Engine) -> AsyncIterator[Connection]:
    """A connection for reads of one statement each. Such a statement is its own snapshot: without BEGIN and ROLLBACK it
    is one round trip instead of three."""
    async with engine.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


def among(column: SQLColumnExpression[str], ids: Collection[str]) -> ColumnElement[bool]:
    """The condition that the column is one of `ids`. They travel as one array, so that the statement is the same for 1
    as for 1,000 of them, and the server prepares it once."""
    given: Any = literal(sorted(ids), ARRAY(Text))
    return column == any_(given)


def is_visible(column: SQLColumnExpression[str], visible: frozenset[str] | None) -> ColumnElement[bool]:
    """The tenant condition on a column that holds customer ids (`visible` None: all customers)."""
    return true() if visible is None else among(column, visible)
