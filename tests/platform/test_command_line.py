"""The command line: help for every command, one line per problem, and the commands that need no server."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from adapters.settings import DeploymentSettings
from tollgate.logging import hide_secrets

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["serve", "worker", "migrate", "seed", "billing-run", "verify", "replay", "export-schema", "keys"]


def tollgate(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {"BILLING_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "tollgate", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **settings, **environment},
        check=False,
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    said = tollgate(tmp_path, "--help")
    assert said.returncode == 0
    assert [name for name in COMMANDS if f"\n    {name}" not in said.stdout] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_makes_nothing_to_give_it(tmp_path: Path, command: str) -> None:
    said = tollgate(tmp_path, command, "--help")
    assert said.returncode == 0
    assert said.stdout.startswith(f"usage: tollgate {command}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["seed"], ["verify"]])
def test_wrong_settings_stop_every_command_with_a_line_each(tmp_path: Path, command: list[str]) -> None:
    said = tollgate(tmp_path, *command, PORT="http", BILLING_SECRET="hunter2")
    assert said.returncode == 2
    assert said.stderr.splitlines() == [
        "tollgate: PORT: must be a port, 0 (any free) to 65535",
        "tollgate: BILLING_SECRET: must be 32 or more random characters, kept for ever, alike in all processes",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_server_out_of_reach_is_told_in_one_line_without_the_password(tmp_path: Path) -> None:
    dsn = "postgresql://someone:hunter2@127.0.0.1:9/db"
    said = tollgate(tmp_path, "migrate", BILLING_DATABASE_DSN=dsn, BILLING_SECRET="s" * 32)
    assert said.returncode == 1
    assert said.stderr.startswith("tollgate: BILLING_DATABASE_DSN: must be the address of a PostgreSQL that answers;")
    assert len(said.stderr.splitlines()) == 1
    assert "hunter2" not in said.stderr


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    said = tollgate(tmp_path, "migrate")
    assert said.returncode == 1
    assert said.stderr.startswith("tollgate: BILLING_DATA_DIR: ")
    assert len(said.stderr.splitlines()) == 1


def test_a_database_is_migrated_seeded_twice_verified_and_replayed(tmp_path: Path) -> None:
    assert tollgate(tmp_path, "migrate").stdout == "The database has the present tables.\n"
    first, second = tollgate(tmp_path, "seed"), tollgate(tmp_path, "seed")
    assert int(first.stdout.split()[0]) > 0, first.stderr
    assert second.stdout == "0 new.\n"
    assert tollgate(tmp_path, "verify").stdout == "Everything derived agrees with the journal, and all money adds up.\n"
    assert tollgate(tmp_path, "replay").stdout == "1 streams folded again.\n"


async def test_a_server_of_an_older_release_is_migrated_when_told_to_and_not_before(
    tmp_path: Path, server: str, template: asyncpg.Connection
) -> None:
    await template.execute("CREATE DATABASE older")
    dsn = server.replace("/postgres?", "/older?")
    settings = {"BILLING_DATABASE_DSN": dsn, "BILLING_SECRET": "s" * 32}
    assert tollgate(tmp_path, "verify", **settings).returncode == 0  # a new one is given its tables
    connection = await asyncpg.connect(dsn)
    taken = await connection.fetchval("SELECT version_num FROM alembic_version")
    script = ScriptDirectory(str(ROOT / "migrations")).get_revision(taken)
    assert script is not None
    await connection.execute("UPDATE alembic_version SET version_num = $1", script.down_revision)
    await connection.close()
    refused = tollgate(tmp_path, "verify", **settings)
    assert refused.returncode == 1
    assert refused.stderr == (
        "tollgate: the database is that of an older release: run `tollgate migrate`, then start again\n"
    )
    await template.execute("DROP DATABASE older")


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    assert tollgate(tmp_path, "keys", "list").stdout == "There are no keys.\n"
    made = tollgate(tmp_path, "keys", "create", "gate", "--role", "service", "--days", "30")
    key_id, secret = made.stdout.split()[0], made.stdout.split()[2]
    assert (key_id[:4], secret[:11]) == ("key_", "tg_service_")
    scoped = ["--scope", "customers:read", "--customer", "customer_1"]
    other = tollgate(tmp_path, "keys", "create", "\x1b[2J", "--role", "partner", *scoped).stdout.split()[0]
    assert tollgate(tmp_path, "keys", "revoke", key_id).stdout == f"{key_id} is revoked.\n"
    listed = tollgate(tmp_path, "keys", "list").stdout
    header, first, second = (re.split(r"  +", line) for line in listed.splitlines())
    assert header == ["id", "name", "role", "ends", "scopes"]
    assert first[:3] == [key_id, "gate", "SERVICE"]
    assert first[3].startswith("revoked 20")
    assert first[4] == "all of its role"
    assert second == [other, "?[2J", "PARTNER", "never", "customers:read; sees customer_1"]
    assert secret not in listed
    assert hashlib.sha256(secret.encode()).hexdigest() not in listed
    refused = tollgate(tmp_path, "keys", "create", "partner", "--role", "partner")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == "tollgate: a PARTNER key must name its customers"


def test_the_demo_is_loaded_once_and_streams_as_long_as_told(tmp_path: Path) -> None:
    first = tollgate(tmp_path, "seed", "--demo")
    assert first.stdout.startswith("New: catalog entries 16, customers 4, subscriptions 4, "), first.stderr
    second = tollgate(tmp_path, "seed", "--demo", "--stream", "0.5")
    assert second.stdout.splitlines()[1:2] == ["Usage is streaming; Ctrl-C ends it."], second.stderr
    assert int(second.stdout.splitlines()[2].removesuffix(" events recorded.")) > 0
    assert "customers" not in second.stdout
    assert tollgate(tmp_path, "verify").stdout == "Everything derived agrees with the journal, and all money adds up.\n"


def test_another_master_secret_is_refused_until_everything_has_moved_to_it(tmp_path: Path, dsn: str) -> None:
    server = {"BILLING_DATABASE_DSN": dsn}
    old, new = {**server, "BILLING_SECRET": "o" * 32}, {**server, "BILLING_SECRET": "n" * 32}
    both = new | {"BILLING_SECRET_OLD": "o" * 32}
    assert tollgate(tmp_path, "seed", "--demo", **old).returncode == 0
    for command in (["serve"], ["keys", "create", "k"]):
        refused = tollgate(tmp_path, *command, PORT="0", **new)
        assert refused.returncode == 1
        assert refused.stderr == (
            "tollgate: BILLING_SECRET: must be the secret that this database was sealed with; this is another one\n"
        )
    missing = tollgate(tmp_path, "worker", **server)
    assert missing.stderr.startswith("tollgate: BILLING_SECRET: is missing")
    assert list(tmp_path.iterdir()) == []
    without = tollgate(tmp_path, "keys", "rotate-secret", **old)
    assert without.stderr.startswith("tollgate: BILLING_SECRET_OLD: is missing")
    moved = tollgate(tmp_path, "keys", "rotate-secret", **both)
    assert moved.stdout == "4 customers moved. BILLING_SECRET_OLD is not needed any more.\n", moved.stderr
    assert tollgate(tmp_path, "seed", "--demo", **new).returncode == 0


def test_the_migrations_lead_to_the_tables_in_the_code(tmp_path: Path) -> None:
    checked = tollgate(tmp_path, "migrate", "--check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_hidden_in_log_lines_by_name_and_by_look() -> None:
    line = hide_secrets(
        None,
        "info",
        {
            "event": "connecting to postgresql://user:hunter2@host/db with Bearer hunter2",
            "admin_key": "hunter2",
            "headers": {"Authorization": "Bearer hunter2", "accept": "*/*"},
            "key": "tg_service_0123456789abcdef",
            "customer": "customer_01",
        },
    )
    assert "hunter2" not in str(line)
    assert line == {
        "event": "connecting to postgresql://user:[hidden]@host/db with Bearer [hidden]",
        "admin_key": "[hidden]",
        "headers": {"Authorization": "[hidden]", "accept": "*/*"},
        "key": "[hidden]",
        "customer": "customer_01",
    }


def test_settings_do_not_show_their_secrets() -> None:
    assert "hunter2" not in repr(DeploymentSettings.model_validate({"BILLING_ADMIN_KEY": "hunter2"}))
