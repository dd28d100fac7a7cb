"""The vault's rows: one per customer, unique by external id, found by hashes, gone when erased."""

import asyncio

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import personal
from adapters.postgres.tables import vault as rows
from adapters.vault import Vault

ANA, BEN = "customer_ana", "customer_ben"
vault = Vault(b"m" * 40)


async def insert(engine: AsyncEngine, customer_id: str, external_id: str, *, name: str = "", by: Vault = vault) -> bool:
    async with engine.begin() as connection:
        return await personal.insert_row(
            connection,
            customer_id,
            by.new_key(customer_id),
            by.external_hashes(external_id),
            by.index(external_id, name),
        )


async def count(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(rows))).scalar_one()


async def searched(engine: AsyncEngine, text: str, by: Vault = vault) -> set[str]:
    condition = personal.matching(rows.c.customer_id, by.search_hashes(text))
    async with engine.connect() as connection:
        return set((await connection.execute(select(rows.c.customer_id).where(condition))).scalars())


async def test_a_second_customer_of_the_same_external_id_is_refused_and_the_transaction_goes_on(
    engine: AsyncEngine,
) -> None:
    assert await insert(engine, ANA, "u-1")
    async with engine.begin() as connection:
        key = vault.new_key(BEN)
        assert not await personal.insert_row(connection, BEN, key, vault.external_hashes("u-1"), [])
        assert await personal.find(connection, vault.external_hashes("u-1")) == ANA
        assert await personal.insert_row(connection, BEN, key, vault.external_hashes("u-2"), [])
    assert await count(engine) == 2


async def test_of_many_that_create_the_same_external_id_at_once_one_wins(engine: AsyncEngine) -> None:
    won = await asyncio.gather(*(insert(engine, f"customer_{n}", "u-1") for n in range(20)))
    assert sum(won) == 1
    assert await count(engine) == 1


async def test_an_insert_that_rolls_back_leaves_the_external_id_free(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await personal.insert_row(connection, ANA, b"key", vault.external_hashes("u-1"), [])
        await connection.rollback()
    assert await insert(engine, BEN, "u-1")


async def test_many_customers_are_found_and_their_keys_read_in_one_statement_each(engine: AsyncEngine) -> None:
    await insert(engine, ANA, "u-1")
    await insert(engine, BEN, "u-2")
    one, two, three = (vault.external_hash(f"u-{n}") for n in (1, 2, 3))
    async with engine.connect() as connection:
        assert await personal.find_many(connection, [one, two, three]) == {one: ANA, two: BEN}
        assert await personal.find_many(connection, []) == {}
        assert await personal.find(connection, [three]) is None
        keys = await personal.wrapped_keys(connection, [ANA, BEN, "customer_cy"])
    assert set(keys) == {ANA, BEN}
    assert vault.unseal(keys[ANA], ANA, "name", vault.seal(keys[ANA], ANA, "name", "Ana")) == "Ana"


async def test_search_finds_by_id_name_and_word_and_follows_a_change(engine: AsyncEngine) -> None:
    await insert(engine, ANA, "u-1", name="Ana Lima")
    await insert(engine, BEN, "u-2", name="Ben Lima")
    assert await searched(engine, "LIMA") == {ANA, BEN}
    assert await searched(engine, "ana lima") == await searched(engine, "u-1") == {ANA}
    assert await searched(engine, "lim") == set()
    async with engine.begin() as connection:
        await personal.update_search(connection, ANA, vault.index("u-1", "Ana Souza"))
    assert await searched(engine, "lima") == {BEN}
    assert await searched(engine, "souza") == {ANA}


async def test_an_erased_customer_cannot_be_read_or_found_and_the_external_id_is_free_again(
    engine: AsyncEngine,
) -> None:
    await insert(engine, ANA, "u-1", name="Ana")
    async with engine.begin() as connection:
        await connection.execute(delete(rows).where(rows.c.customer_id == ANA))
        assert await personal.wrapped_keys(connection, [ANA]) == {}
        assert await personal.find(connection, vault.external_hashes("u-1")) is None
    assert await searched(engine, "ana") == set()
    assert await insert(engine, BEN, "u-1")


async def test_while_the_secret_is_being_replaced_old_rows_are_found_and_stay_unique(engine: AsyncEngine) -> None:
    during = Vault(b"n" * 40, old=b"m" * 40)
    await insert(engine, ANA, "u-1", name="Ana")
    assert not await insert(engine, BEN, "u-1", by=during)
    assert await insert(engine, BEN, "u-2", by=during, name="Ana")
    assert await searched(engine, "ana", by=during) == {ANA, BEN}
    async with engine.connect() as connection:
        for external_id, customer_id in (("u-1", ANA), ("u-2", BEN)):
            assert await personal.find(connection, during.external_hashes(external_id)) == customer_id
