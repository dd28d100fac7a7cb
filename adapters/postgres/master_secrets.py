"""Which master secrets the vault's rows may be sealed with. The database knows fingerprints, never a secret."""

from sqlalchemy import delete, insert, select, text

from adapters.postgres.connection import Connection
from adapters.postgres.tables import master_secrets


async def used(connection: Connection) -> frozenset[bytes]:
    """The fingerprints of all that were written with and not given up since. None: a new database."""
    return frozenset((await connection.execute(select(master_secrets.c.fingerprint))).scalars())


async def used_until_commit(connection: Connection) -> frozenset[bytes]:
    """The same, and nobody adds one until the transaction ends: of two that start at once the second sees the first."""
    await connection.execute(text(f"LOCK TABLE {master_secrets.name} IN SHARE ROW EXCLUSIVE MODE"))
    return await used(connection)


async def add(connection: Connection, fingerprint: bytes) -> None:
    """From now on rows may be sealed with this one."""
    await connection.execute(insert(master_secrets).values(fingerprint=fingerprint))


async def give_up_others(connection: Connection, fingerprint: bytes) -> None:
    """No row is sealed with any other one any more."""
    await connection.execute(delete(master_secrets).where(master_secrets.c.fingerprint != fingerprint))
