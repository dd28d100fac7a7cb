"""Migrations: safe to run at once, nothing drifts, and a database of a newer release is refused by name."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import engine as engine_module
from adapters.postgres import migrations, work
from adapters.postgres.embedded import silent
from adapters.postgres.engine import UnsupportedServer, create_engine, plain_dsn
from adapters.postgres.migrations import MigrationError, MigrationStatus, drift, migrate, migration_status
from adapters.postgres.reads import webhooks
from service.clock import Clock
from service.operations.replay import fold_again, is_folded, verify
from service.operations.seed import seed
from service.write.record import Record


async def test_processes_that_migrate_at_once_take_turns_and_only_one_makes_the_tables(
    server: str, template: asyncpg.Connection
) -> None:
    await template.execute("CREATE DATABASE raced")
    dsn = server.replace("/postgres?", "/raced?")
    said: list[str] = []
    await asyncio.gather(*(migrate(dsn, said.append) for _ in range(4)))
    assert said.count("Making the tables") == 1
    engine = create_engine(dsn)
    async with engine.connect() as connection:
        assert await migration_status(connection) is MigrationStatus.AT_HEAD
        locks = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert await connection.scalar(locks) == 0
    await engine.dispose()
    await template.execute("DROP DATABASE raced")


async def test_the_tables_in_the_code_are_those_the_migrations_make(dsn: str) -> None:
    assert await drift(dsn) == []


async def test_a_table_more_or_a_column_less_is_drift_and_a_partition_is_not(dsn: str, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE months (at timestamptz) PARTITION BY RANGE (at)"))
        await connection.execute(text("CREATE TABLE month_1 PARTITION OF months DEFAULT"))
        await connection.execute(text("ALTER TABLE customers DROP COLUMN erased_at"))
    found = await drift(dsn)
    assert len(found) == 2
    assert any("'remove_table', Table('months'" in difference for difference in found)
    assert any("'add_column'" in difference and "erased_at" in difference for difference in found)


async def test_a_database_of_a_newer_release_is_ahead_and_is_left_alone(dsn: str, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        assert await migration_status(connection) is MigrationStatus.AT_HEAD
        await connection.execute(text("UPDATE alembic_version SET version_num = 'tomorrow'"))
        assert await migration_status(connection) is MigrationStatus.AHEAD
    with pytest.raises(MigrationError, match="at step tomorrow, which this release does not know"):
        await migrate(dsn, silent)


async def test_an_empty_database_is_new(server: str) -> None:
    engine = create_engine(server)
    async with engine.connect() as connection:
        assert await migration_status(connection) is MigrationStatus.NEW
    await engine.dispose()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_every_spelling_of_a_dsn_connects_in_utc_with_a_limit_on_statements(dsn: str, scheme: str) -> None:
    spelled = scheme + dsn.removeprefix("postgresql")
    assert plain_dsn(spelled) == dsn
    engine = create_engine(spelled, statement_seconds_max=1)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SHOW timezone")) == "UTC"
        assert await connection.scalar(text("SHOW statement_timeout")) == "1s"
    await engine.dispose()


async def test_a_server_that_is_too_old_is_refused_with_its_version(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "SERVER_VERSION_MIN", 99)
    engine = create_engine(dsn)
    with pytest.raises(UnsupportedServer, match="PostgreSQL 99 or newer; this is 18"):
        async with engine.connect():
            pass
    await engine.dispose()


@pytest.mark.parametrize("heard", [False, True])
async def test_a_restarted_server_costs_a_reconnect_and_no_failed_request(
    engine: AsyncEngine, template: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    """Whether the driver has `heard` of it already, or has to ask a connection that lay unused."""
    monkeypatch.setattr(engine_module, "UNASKED_SECONDS_MAX", 60 if heard else 0)
    async with engine.connect() as connection:
        pid = await connection.scalar(text("SELECT pg_backend_pid()"))
        driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    gone = asyncio.Event()
    driver.add_termination_listener(lambda _: gone.set())
    await template.execute("SELECT pg_terminate_backend($1)", pid)
    if heard:
        await gone.wait()
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT pg_backend_pid()")) != pid


async def test_what_a_release_has_learned_is_folded_again_once(engine: AsyncEngine) -> None:
    """An update finds states of another fold: it replays, says so, and the next start finds nothing to do."""
    await fold_again(engine, lambda _: None)  # as `tollgate migrate` does
    record = Record(engine, Clock(), lambda _: None)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE folds SET fold = fold - 1"))
    assert await is_folded(engine)  # nothing was recorded yet
    await seed(record)
    assert await is_folded(engine)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE folds SET fold = fold - 1"))
        await connection.execute(text("UPDATE streams SET state = '{}' WHERE id = 'catalog'"))
    said: list[str] = []
    await fold_again(engine, said.append)
    await fold_again(engine, said.append)
    assert len(said) == 1
    assert await is_folded(engine)
    assert [fault async for fault in verify(engine)] == []


OLD_QUEUES = """
    INSERT INTO inbox
        (provider, notice_id, id, type, about, created_at, state, attempts, next_at, handled_at, error)
    VALUES
        ('stripe', 'evt_1', 'webhook_1', 'x', '{"kind": "OTHER"}', now(), 'PENDING', 0, now(), NULL, NULL),
        ('stripe', 'evt_2', 'webhook_2', 'x', '{"kind": "OTHER"}', now(), 'PENDING', 3, '2099-01-01', NULL,
            'no answer'),
        ('stripe', 'evt_3', 'webhook_3', 'x', '{"kind": "OTHER"}', now(), 'FAILED', 16, now(), NULL, 'no answer'),
        ('stripe', 'evt_4', 'webhook_4', 'x', '{"kind": "OTHER"}', now(), 'HANDLED', 2, now(), now(), NULL);
    INSERT INTO provider_sync (customer_id, provider, reference, dirty_since, due_at, attempts, error) VALUES
        ('customer_1', 'stripe', 'cus_1', now(), NULL, 0, NULL),
        ('customer_2', 'stripe', 'cus_2', now(), '2099-01-01', 5, 'no answer');
    INSERT INTO streams (id, kind, seq, hash, state, books) VALUES ('customer_1', 'account', 1, '', '{}',
        '{"payments": {"payment_1": {"id": "payment_1", "provider": "stripe", "refunds": [{"id": "refund_1"}]}}}');
    INSERT INTO effects (customer_id, id, kind, since) VALUES
        ('customer_1', 'payment_1', 'CHARGE', now()), ('customer_1', 'refund_1', 'REFUND', now()),
        ('customer_1', 'payment_of_no_provider', 'CHARGE', now()),
        ('customer_1', 'forget_simulated_customer_1', 'FORGET', now());
    INSERT INTO comparisons (provider, compared_until, claimed_until) VALUES ('stripe', now(), now());
"""


async def test_what_lay_in_the_old_queues_is_carried_over(dsn: str, engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(lambda it: command.downgrade(migrations._config(it), "0013"))
        for statement in filter(str.strip, OLD_QUEUES.split(";\n")):
            await connection.exec_driver_sql(statement)
        await connection.commit()
    await migrate(dsn, silent)
    assert await drift(dsn) == []
    async with engine.connect() as connection:
        query = "SELECT id, state, attempts, error FROM work ORDER BY id"
        assert [tuple(row) for row in await connection.execute(text(query))] == [
            ("customer_2/stripe", "WAITING", 5, "no answer"),
            ("webhook_2", "WAITING", 3, "no answer"),
            ("webhook_3", "GIVEN_UP", 16, "no answer"),
        ]
        query = "SELECT id, provider FROM effects ORDER BY id"
        assert [tuple(row) for row in await connection.execute(text(query))] == [
            ("forget_simulated_customer_1", "simulated"),
            ("payment_1", "stripe"),
            ("refund_1", "stripe"),
        ]
        found = {(webhook.id, webhook.state, webhook.attempts) for webhook in await webhooks.page(engine, 10)}
        assert found == {
            ("webhook_1", "PENDING", 0),
            ("webhook_2", "PENDING", 3),
            ("webhook_3", "FAILED", 16),
            ("webhook_4", "HANDLED", 2),
        }
    async with engine.begin() as connection:
        charges = await work.claim(connection, work.WorkKind.CHARGE, timedelta(minutes=1), 10)
        notices = await work.claim(connection, work.WorkKind.WEBHOOK, timedelta(minutes=1), 10)
        compared = await work.claim(connection, work.WorkKind.COMPARISON, timedelta(minutes=1), 10)
    assert [piece.lane for piece in charges] == ["simulated", "stripe", "stripe"]
    assert [(piece.id, piece.attempts) for piece in notices] == [("webhook_1", 1)]
    assert [piece.id for piece in compared] == ["stripe"]
