"""Replacing the master secret: every customer's row of the vault as the new secret makes it. The journal stays as it
is, since what is sealed there is sealed with the customers' own keys."""

from adapters.postgres import master_secrets, personal, states
from adapters.postgres.codec import decode_account
from adapters.postgres.connection import Connection, Engine
from adapters.secrets import Secrets
from adapters.vault import Vault
from service.operations.master_secret import claim

PAGE = 500


async def replace_secret(engine: Engine, secrets: Secrets) -> int:
    """Move everything from the old master secret to the present one, and have the database forget the old one. The
    number of customers moved. Raises WrongSecret."""
    await claim(engine, secrets)
    moved = await rewrap(engine, Vault(secrets.master, secrets.old))
    async with engine.begin() as connection:
        await master_secrets.give_up_others(connection, secrets.fingerprint)
    return moved


async def rewrap(engine: Engine, vault: Vault) -> int:
    """The number of rows written. `vault` knows both secrets, and so does every running process.

    Can be stopped and repeated.
    """
    done, last = 0, ""
    while True:
        async with engine.connect() as connection:
            page = await personal.customer_ids(connection, last, PAGE)
        for last in page:
            async with engine.begin() as connection:
                done += await _rewrap_one(connection, vault, last)
        if len(page) < PAGE:
            return done


async def _rewrap_one(connection: Connection, vault: Vault, customer_id: str) -> bool:
    # The account's lock keeps a change of the name, which is indexed under it, from being overwritten.
    head = await states.lock(connection, customer_id, None)
    wrapped = (await personal.wrapped_keys(connection, [customer_id])).get(customer_id)
    customer = None if head is None else decode_account(head.state).customer
    if wrapped is None or customer is None:  # erased meanwhile
        return False
    texts = {
        field: vault.unseal(wrapped, customer_id, field, customer.sealed[field])
        for field in ("externalId", "name", "email")
        if field in customer.sealed
    }
    external_id = texts["externalId"]
    await personal.replace_row(
        connection,
        customer_id,
        vault.rewrap(wrapped, customer_id),
        vault.external_hash(external_id),
        vault.index(external_id, texts.get("name"), texts.get("email")),
    )
    return True
