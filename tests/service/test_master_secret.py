"""A database remembers by which master secret it was sealed, and nobody with another one works on it."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import personal
from adapters.postgres.tables import master_secrets
from adapters.secrets import Secrets
from adapters.settings import DeploymentSettings
from domain.account import CustomerKind
from service.customers import NewCustomer, Personal
from service.operations.master_secret import WrongSecret, check, claim
from service.operations.rewrap import replace_secret
from service.write.record import By
from tollgate.wiring import open_runtime

old, new = Secrets(b"m" * 40, b"t" * 40, None), Secrets(b"n" * 40, b"t" * 40, None)
moving, preparing = replace(new, old=old.master), replace(old, old=new.master)
SETTINGS = DeploymentSettings(_env_file=None)  # type: ignore[call-arg]  # known to pydantic-settings only
ANA = NewCustomer("ana", CustomerKind.USER, "USD", "UTC", None, None, Personal(name="Ana Lima", email="ana@b.c"))
BO = NewCustomer("bo", CustomerKind.USER, "USD", "UTC", None, None, Personal(name="Bo"))
ANOTHER = "BILLING_SECRET: must be the secret that this database was sealed with; this is another one"
BOTH = "BILLING_SECRET, BILLING_SECRET_OLD: must be the two secrets"


async def remembered(engine: AsyncEngine) -> set[bytes]:
    async with engine.connect() as connection:
        return set((await connection.execute(select(master_secrets.c.fingerprint))).scalars())


async def test_the_first_process_leaves_its_fingerprint_and_another_secret_is_refused(
    dsn: str, engine: AsyncEngine
) -> None:
    async with open_runtime(SETTINGS, old, dsn):
        pass
    with pytest.raises(WrongSecret, match=ANOTHER):
        async with open_runtime(SETTINGS, new, dsn):
            pass
    async with open_runtime(SETTINGS, old, dsn):
        pass
    assert await remembered(engine) == {old.fingerprint}


async def test_of_two_first_processes_with_different_secrets_one_is_refused(engine: AsyncEngine) -> None:
    claims = await asyncio.gather(claim(engine, old), claim(engine, new), return_exceptions=True)
    (refused,) = [one for one in claims if one is not None]
    assert isinstance(refused, WrongSecret)
    assert len(await remembered(engine)) == 1


async def test_who_seals_nothing_need_not_know_the_secret_but_must_not_have_another(engine: AsyncEngine) -> None:
    await check(engine, None, sealing=True)  # a new database may be given one
    await claim(engine, old)
    await check(engine, None, sealing=False)
    await check(engine, old, sealing=True)
    with pytest.raises(WrongSecret, match="BILLING_SECRET: is missing"):
        await check(engine, None, sealing=True)
    with pytest.raises(WrongSecret, match=ANOTHER):
        await check(engine, new, sealing=False)


async def test_while_a_secret_is_being_replaced_both_have_to_be_known(engine: AsyncEngine) -> None:
    await claim(engine, old)
    await claim(engine, preparing)  # one process after the other learns of the new one, still writing the old one
    assert await remembered(engine) == {old.fingerprint}
    await claim(engine, moving)
    await claim(engine, preparing)
    assert await remembered(engine) == {old.fingerprint, new.fingerprint}
    for one in (old, new):
        with pytest.raises(WrongSecret, match=BOTH):
            await claim(engine, one)


async def test_after_replacing_the_secret_the_old_one_is_refused_and_nothing_is_lost(
    dsn: str, engine: AsyncEngine
) -> None:
    async with open_runtime(SETTINGS, old, dsn) as runtime:
        ana = (await runtime.customers.create(ANA, By("test"))).customer
    assert ana is not None
    async with open_runtime(SETTINGS, moving, dsn) as runtime:
        assert (await runtime.customers.create(ANA, By("test"))).customer == ana
        bo = (await runtime.customers.create(BO, By("test"))).customer
        assert bo is not None
        assert await replace_secret(engine, moving) == 2
    assert await remembered(engine) == {new.fingerprint}
    with pytest.raises(WrongSecret, match=ANOTHER):
        async with open_runtime(SETTINGS, old, dsn):
            pass
    async with open_runtime(SETTINGS, new, dsn) as runtime:
        assert (await runtime.customers.create(ANA, By("test"))).customer == ana  # found, opened and compared
        assert await runtime.snapshots.find_id("bo") == bo.id
        async with engine.connect() as connection:
            keys = await personal.wrapped_keys(connection, [ana.id])
        assert runtime.vault.unseal(keys[ana.id], ana.id, "name", ana.sealed["name"]) == "Ana Lima"


async def test_replacing_can_be_repeated_and_never_with_a_wrong_old_one(engine: AsyncEngine) -> None:
    await claim(engine, old)
    with pytest.raises(WrongSecret, match=ANOTHER):
        await replace_secret(engine, replace(new, old=b"x" * 40))
    assert await remembered(engine) == {old.fingerprint}
    assert await replace_secret(engine, moving) == 0
    assert await replace_secret(engine, moving) == 0
    assert await remembered(engine) == {new.fingerprint}
