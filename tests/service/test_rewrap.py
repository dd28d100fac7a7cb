"""Replacing the master secret: afterwards the old one is not needed for anything."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import personal
from adapters.postgres.codec import encode
from adapters.postgres.tables import streams
from adapters.postgres.tables import vault as rows
from adapters.vault import Vault
from domain.account import Account, Customer, CustomerKind
from service.ids import new_id
from service.operations import rewrap as module
from service.operations.rewrap import rewrap

before, during, after = Vault(b"m" * 40), Vault(b"n" * 40, old=b"m" * 40), Vault(b"n" * 40)
AT = datetime(2026, 11, 5, tzinfo=UTC)


async def customer(engine: AsyncEngine, external_id: str, by: Vault, **known: str) -> Customer:
    id = new_id("customer")
    wrapped = by.new_key(id)
    texts = {"externalId": external_id, **known}
    sealed = {field: by.seal(wrapped, id, field, text) for field, text in texts.items()}
    made = Customer(id, CustomerKind.USER, new_id("anon"), sealed, "USD", "UTC", AT)
    async with engine.begin() as connection:
        row = {"id": id, "kind": "account", "seq": 1, "hash": b"", "state": encode(Account(made))}
        await connection.execute(insert(streams).values(row))
        index = by.index(external_id, known.get("name"), known.get("email"))
        assert await personal.insert_row(connection, id, wrapped, by.external_hashes(external_id), index)
    return made


async def test_every_row_moves_to_the_new_secret_and_what_was_sealed_still_opens(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    made = [await customer(engine, f"u-{n}", before, name=f"Ana Lima {n}", email="ana@b.c") for n in range(4)]
    made.append(await customer(engine, "u-4", during))
    assert await rewrap(engine, during) == 5
    assert await rewrap(engine, during) == 5  # repeating changes nothing that shows

    async with engine.connect() as connection:
        keys = await personal.wrapped_keys(connection, [one.id for one in made])
        for n, one in enumerate(made):
            assert await personal.find(connection, after.external_hashes(f"u-{n}")) == one.id
            assert await personal.find(connection, before.external_hashes(f"u-{n}")) is None
            assert after.unseal(keys[one.id], one.id, "externalId", one.sealed["externalId"]) == f"u-{n}"
        found = personal.matching(rows.c.customer_id, after.search_hashes("lima"))
        held = (await connection.execute(select(rows.c.customer_id).where(found))).scalars()
        assert set(held) == {one.id for one in made[:4]}
