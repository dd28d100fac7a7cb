"""asyncpg itself, beneath SQLAlchemy: for usage, where thousands of rows travel as a few arrays.

Statements on the driver run in the transaction that SQLAlchemy has begun on the connection; before its first statement
there is none, and each of the driver's commits by itself.
"""

from typing import TYPE_CHECKING

import asyncpg

from adapters.postgres.connection import Connection

if TYPE_CHECKING:
    Driver = asyncpg.Connection[asyncpg.Record]
else:
    Driver = asyncpg.Connection

__all__ = ["Driver", "driver_of"]


async def driver_of(connection: Connection) -> Driver:
    """The driver's connection under this one."""
    driver: Driver = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
    return driver
