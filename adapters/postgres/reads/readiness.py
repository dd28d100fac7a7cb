"""Whether this process can serve: does the database answer, and does it have the present tables?"""

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from adapters.postgres.connection import Engine
from adapters.postgres.migrations import MigrationStatus, migration_status

ANSWER_S_MAX = 5.0


async def problem(engine: Engine) -> str | None:
    """What stands in the way, in words for an operator; None: nothing."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX), engine.connect() as connection:
            status = await migration_status(connection)
    except (OSError, TimeoutError, SQLAlchemyError):
        return "the database does not answer"
    return None if status is MigrationStatus.AT_HEAD else f"the database has other tables: {status.value}"
