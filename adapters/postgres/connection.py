"""The names under which everything outside the adapters speaks of the database: a connection in a transaction, and the
pool it came from. What can be done with them stands in the modules beside this one."""

from sqlalchemy.ext.asyncio import AsyncConnection as Connection
from sqlalchemy.ext.asyncio import AsyncEngine as Engine

__all__ = ["Connection", "Engine"]
