"""Telling a database that cannot be reached from a statement that failed: the first is nobody's fault and passes."""

import asyncpg
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES = ("08", "53", "57P")
"""SQLSTATEs: the connection broke, the server is out of something, it is shutting down or starting."""


def is_outage(error: BaseException) -> bool:
    """Whether trying the same again, later and on another connection, may well succeed."""
    if isinstance(error, OSError | PoolTimeout | PendingRollbackError):
        return True
    if isinstance(error, DBAPIError):
        code = str(getattr(error.orig, "sqlstate", None) or "")
        return error.connection_invalidated or code.startswith(_CLASSES)
    # Connecting, and usage, go past SQLAlchemy, so the driver's own errors come through.
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)  # the others are mistakes of ours
    return str(getattr(error, "sqlstate", None) or "").startswith(_CLASSES)
