"""Only who knows the master secrets that a database was sealed with may work on it: what another one sealed and hashed
would neither open nor be found, and what has to be unique would no longer be so."""

from collections.abc import Collection

from adapters.postgres import master_secrets
from adapters.postgres.connection import Engine
from adapters.problem import Problem
from adapters.secrets import Secrets


class WrongSecret(Problem):
    """The message names the variable, and never shows what it holds."""


async def check(engine: Engine, secrets: Secrets | None, *, sealing: bool) -> None:
    """Before anything is done. `secrets` None: the master secret is not known here, which is only right for who seals
    nothing, or with a new database, which may be given one. Raises WrongSecret."""
    async with engine.connect() as connection:
        used = await master_secrets.used(connection)
    if secrets is not None:
        _check(used, secrets)
    elif used and sealing:
        raise WrongSecret("BILLING_SECRET: is missing: it must be the secret that this database was sealed with")


async def claim(engine: Engine, secrets: Secrets) -> None:
    """Before the first row is sealed: the database remembers by which secret. Raises WrongSecret, having changed
    nothing."""
    async with engine.connect() as connection:
        used = await master_secrets.used(connection)
    _check(used, secrets)
    if secrets.fingerprint in used:
        return
    async with engine.begin() as connection:
        used = await master_secrets.used_until_commit(connection)
        _check(used, secrets)
        if secrets.fingerprint not in used:
            await master_secrets.add(connection, secrets.fingerprint)


def _check(used: Collection[bytes], secrets: Secrets) -> None:
    if secrets.fingerprints.issuperset(used):
        return
    if len(used) > 1:
        raise WrongSecret(
            "BILLING_SECRET, BILLING_SECRET_OLD: must be the two secrets that this database is being moved between, "
            "until `tollgate keys rotate-secret` is done"
        )
    raise WrongSecret("BILLING_SECRET: must be the secret that this database was sealed with; this is another one")
