"""Bringing a database to the present tables, and telling whether it is there. The steps stand in `migrations/`."""

import importlib.util
from collections.abc import Callable
from enum import Enum
from functools import cache, partial
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.engine import create_engine
from adapters.postgres.tables import metadata
from adapters.problem import Problem

_LOCK = 8_317_987_319_222_330_741
"""The advisory lock of whoever migrates; any number that nobody else would think of."""


# In a database restored from a dump transactions are counted anew, and new entries must not sort before the old ones.
_ORDER_AFTER_RESTORE = text(
    "UPDATE journal_epoch SET shift = shift + 1 + newest.xact - journal_xact(pg_current_xact_id())"
    " FROM (SELECT max(xact) AS xact FROM journal) AS newest WHERE newest.xact >= journal_xact(pg_current_xact_id())"
)


class MigrationError(Problem):
    """The database cannot be brought to the present tables."""


async def migrate(dsn: str, progress: Callable[[str], None]) -> None:
    """Take the steps that the database at `dsn` has not taken, all or none. Processes that migrate at once take turns,
    and those that come later find nothing left to do."""
    engine = create_engine(dsn, 1, statement_seconds_max=0, name="tollgate migrate")
    try:
        async with engine.connect() as connection:
            if not await connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
                progress("Waiting for another process that is migrating")
                await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            await connection.commit()  # the lock belongs to the session, which ends below
            await connection.run_sync(_upgrade, progress)
            await connection.execute(_ORDER_AFTER_RESTORE)
            await connection.commit()
    finally:
        await engine.dispose()


class MigrationStatus(Enum):
    """How a database's tables compare with what this release knows."""

    NEW = "no tables yet"
    BEHIND = "steps are missing"
    AT_HEAD = "the present tables"
    AHEAD = "steps that only a newer release knows"


async def migration_status(connection: AsyncConnection) -> MigrationStatus:
    """How far the database has been migrated. One small query, for readiness probes too."""
    taken = await connection.run_sync(_revisions)
    if not taken:
        return MigrationStatus.NEW
    if not taken <= _known():
        return MigrationStatus.AHEAD
    return MigrationStatus.AT_HEAD if taken == _heads() else MigrationStatus.BEHIND


async def drift(dsn: str) -> list[str]:
    """What differs between the tables in the code and those of a migrated database. Triggers are not compared."""
    engine = create_engine(dsn, 1, name="tollgate migrate")
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_differences)
    finally:
        await engine.dispose()


async def draft(dsn: str, message: str) -> list[str]:
    """Write a step that leads from the (migrated) database to the tables in the code, to be read and completed by its
    author. Gives the new files."""
    engine = create_engine(dsn, 1, name="tollgate migrate")
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_draft, message)
    finally:
        await engine.dispose()


def _folder() -> Path:
    """Beside our packages, in a clone as in an installation."""
    spec = importlib.util.find_spec("migrations")
    if spec is None or not spec.submodule_search_locations:
        raise MigrationError("the package `migrations` is not installed")
    return Path(spec.submodule_search_locations[0])


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection, "is_ours": connection and partial(_is_ours, connection)})
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    return config


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def _heads() -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def _revisions(connection: Connection) -> frozenset[str]:
    return frozenset(MigrationContext.configure(connection).get_current_heads())


def _upgrade(connection: Connection, progress: Callable[[str], None]) -> None:
    before = _revisions(connection)
    if before == _heads():
        return
    if not before <= _known():
        raise MigrationError(
            f"the database is at step {', '.join(sorted(before))}, which this release does not know: "
            "it was migrated by a newer one; start that"
        )
    progress("Migrating the database" if before else "Making the tables")
    command.upgrade(_config(connection), "heads")
    connection.commit()


def _differences(connection: Connection) -> list[str]:
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": partial(_is_ours, connection),
        "target_metadata": metadata,
    }
    found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    return [str(difference) for difference in found]


def _draft(connection: Connection, message: str) -> list[str]:
    made = command.revision(_config(connection), message, autogenerate=True)
    scripts = made if isinstance(made, list) else [made]
    return [str(script.path) for script in scripts if script is not None]


def _is_ours(connection: Connection, name: str | None, kind: str, _parents: object) -> bool:
    """Partitions come and go with time: they are data, not steps."""
    if kind != "table":
        return True
    query = text(
        "SELECT relispartition FROM pg_class WHERE relname = :name AND relnamespace = current_schema()::regnamespace"
    )
    return not connection.scalar(query, {"name": name})
