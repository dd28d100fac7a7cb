"""asyncpg itself, beneath SQLAlchemy: for usage, where thousands of rows travel as a few arrays.

Statements on the driver run in the transaction that SQLAlchemy has begun on the connection; before its first statement
there is none, and each of the driver's commits by itself.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from adapters.postgres.connection import Connection

if TYPE_CHECKING:
    Driver = asyncpg.Connection[asyncpg.Record]
else:
    Driver = asyncpg.Connection

__all__ = ["Driver", "driver_of", "retried"]

ATTEMPTS_MAX = 4
T = TypeVar("T")


async def driver_of(connection: Connection) -> Driver:
    """The driver's connection under this one."""
    driver: Driver = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
    return driver


async def retried(act: Callable[[], Awaitable[T]], forget: Callable[[], None]) -> T:
    """Run `act`, a whole transaction, and run it again if another transaction got in its way, or if a month's partition
    is not there any more (`forget`: drop what is remembered of partitions and rows). Each failed try was rolled back,
    so what it does is done once."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return await act()
        except (asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError):
            if attempt == ATTEMPTS_MAX:
                raise
        except asyncpg.CheckViolationError:  # "no partition of relation found for row"
            if attempt == ATTEMPTS_MAX:
                raise
            forget()
    raise AssertionError("unreachable")
