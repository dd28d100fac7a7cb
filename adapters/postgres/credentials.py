"""What credentials are checked against: the states of API keys, and which customers can still be read."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from adapters.postgres.codec import decode_key
from adapters.postgres.connection import Engine
from adapters.postgres.tables import api_keys, streams, vault
from domain.access import ApiKey

KIND = "key"


class CredentialReads:
    """Each read is one statement: a connection in autocommit sends no BEGIN and no ROLLBACK around it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def key_of_secret(self, secret_hash: str) -> ApiKey | None:
        """The key with this secret, whether or not it is still valid."""
        query = (
            select(streams.c.state)
            .join(api_keys, api_keys.c.key_id == streams.c.id)
            .where(api_keys.c.secret_hash == secret_hash, streams.c.kind == KIND)
        )
        async with self._engine.connect() as connection:
            state = (await connection.execute(query)).scalar_one_or_none()
        return None if state is None else decode_key(state)

    async def key(self, key_id: str) -> ApiKey | None:
        """The key with this id, whether or not it is still valid."""
        query = select(streams.c.state).where(streams.c.id == key_id, streams.c.kind == KIND)
        async with self._engine.connect() as connection:
            state = (await connection.execute(query)).scalar_one_or_none()
        return None if state is None else decode_key(state)

    async def customers(self, customer_id: str | None, external_hashes: Sequence[bytes]) -> list[str]:
        """Customers with this id or this external id, erased ones left out: their row is gone."""
        query = select(vault.c.customer_id).where(
            or_(vault.c.customer_id == customer_id, vault.c.external_hash.in_(external_hashes))
        )
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())
