"""The database of this deployment: the server that the settings name, or the embedded one."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.postgres.embedded import embedded, silent
from adapters.postgres.engine import check_reach, create_engine
from adapters.postgres.migrations import MigrationStatus, migrate, migration_status
from adapters.problem import Problem
from adapters.secrets import known_secrets
from adapters.settings import DeploymentSettings
from service.operations.master_secret import check
from service.operations.replay import is_folded
from tollgate.replaying import fold_again


class NotMigrated(Problem):
    """The server's tables are those of an older release, and it is not ours to change them unasked."""


def progress(step: str) -> None:
    """Tell the person who waits what is being done."""
    print(f"  {step} …", file=sys.stderr, flush=True)


@contextmanager
def open_database(settings: DeploymentSettings) -> Iterator[str]:
    """Its DSN, while it is needed. Raises EmbeddedDatabaseError, DatabaseOutOfReach."""
    if settings.database_dsn is not None:
        dsn = settings.database_dsn.get_secret_value()
        asyncio.run(check_reach(dsn))
        yield dsn
    else:
        with embedded(settings.data_dir, progress=progress) as dsn:
            yield dsn


@contextmanager
def open_migrated_database(settings: DeploymentSettings, *, sealing: bool = False) -> Iterator[str]:
    """Its DSN, with the present tables. The embedded one is migrated here, a server only when it is new: with several
    processes on it, the moment to migrate is the operator's choice. `sealing`: personal data will be written. Raises
    NotMigrated, WrongSecret."""
    with open_database(settings) as dsn:
        asyncio.run(_prepare(settings, dsn, sealing))
        yield dsn


@contextmanager
def open_scratch_database() -> Iterator[str]:
    """A migrated database that is thrown away, for whoever works on the migrations."""
    with TemporaryDirectory(prefix="tollgate-") as folder, embedded(Path(folder), fsync=False) as dsn:
        asyncio.run(migrate(dsn, silent))
        yield dsn


async def _prepare(settings: DeploymentSettings, dsn: str, sealing: bool) -> None:
    engine = create_engine(dsn, 1)
    try:
        async with engine.connect() as connection:
            found = await migration_status(connection)
        if found is not MigrationStatus.AT_HEAD or not await is_folded(engine):
            await _migrate_if_ours(dsn, found, embedded=settings.database_dsn is None)
        await check(engine, known_secrets(settings), sealing=sealing)
    finally:
        await engine.dispose()


async def _migrate_if_ours(dsn: str, found: MigrationStatus, *, embedded: bool) -> None:
    if found is MigrationStatus.NEW or (found in (MigrationStatus.BEHIND, MigrationStatus.AT_HEAD) and embedded):
        await migrate(dsn, progress)
        await fold_again(dsn, progress)
    elif found in (MigrationStatus.BEHIND, MigrationStatus.AT_HEAD):
        raise NotMigrated("the database is that of an older release: run `tollgate migrate`, then start again")
    elif found is MigrationStatus.AHEAD and embedded:
        raise NotMigrated("the database has the tables of a newer release: start that")
