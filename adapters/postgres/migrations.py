"""Bringing a database to the present tables, and telling whether it is there. The steps stand in `migrations/`."""

import importlib.util
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.engine import create_engine
from adapters.postgres.tables import metadata

_LOCK = 8_317_987_319_222_330_741
"""The advisory lock of whoever migrates; any number that nobody else would think of."""


class MigrationError(Exception):
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
    finally:
        await engine.dispose()


async def at_head(connection: AsyncConnection) -> bool:
    """Whether the database has taken every step this release knows, and no other."""
    return await connection.run_sync(_revisions) == _heads()


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
def _heads() -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def _revisions(connection: Connection) -> frozenset[str]:
    return frozenset(MigrationContext.configure(connection).get_current_heads())


def _upgrade(connection: Connection, progress: Callable[[str], None]) -> None:
    before = _revisions(connection)
    if before == _heads():
        return
    progress("Migrating the database" if before else "Making the tables")
    config = _config(connection)
    try:
        command.upgrade(config, "heads")
    except CommandError as error:
        if not before <= {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
            raise MigrationError(
                f"the database is at step {', '.join(sorted(before))}, which this release does not know: "
                "it was migrated by a newer one; start that"
            ) from error
        raise
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
