"""The embedded database: it ends with us however we end, loses nothing acknowledged, and starts again at once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres import embedded as module
from adapters.postgres.embedded import embedded
from adapters.postgres.server_user import AS_NOBODY, IN_NAMESPACE, NOBODY, EmbeddedDatabaseError, ServerUser

ROOT = Path(__file__).resolve().parents[2]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")

WRITER = """
import asyncio, sys
from pathlib import Path
import asyncpg
from adapters.postgres import embedded, server_user

async def write(dsn):
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE IF NOT EXISTS facts (n bigint)")
    n = 0
    while True:
        await connection.execute("INSERT INTO facts VALUES ($1)", n)
        print("acknowledged", n, flush=True)
        n += 1

if sys.argv[2:] == ["as nobody"]:
    embedded.server_user = lambda: server_user.AS_NOBODY
with embedded.embedded(Path(sys.argv[1]), progress=lambda step: print(step, flush=True)) as dsn:
    asyncio.run(write(dsn))
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose path is longer than a socket's may be."""
    yield tmp_path / ("long" * 30)
    wait_until_gone(tmp_path)
    if (tmp_path / ("long" * 30) / "socket").is_symlink():
        shutil.rmtree((tmp_path / ("long" * 30) / "socket").readlink())


@pytest.fixture
def writer(data_dir: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(data_dir), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def processes_in(folder: Path) -> list[str]:
    """The processes that work in a folder or below, as those of a PostgreSQL do in its data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while left := processes_in(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def read_until(process: subprocess.Popen[str], start: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(start):
            return line
    raise AssertionError(f"the process ended before it said {start!r}")


async def fetch(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.mark.parametrize("arguments", [(), pytest.param(("as nobody",), marks=root_only)])
async def test_kill_9_leaves_no_process_and_loses_nothing_acknowledged(
    data_dir: Path,
    writer: Callable[..., subprocess.Popen[str]],
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = writer(*arguments)
    read_until(process, "acknowledged 200")
    assert len(processes_in(data_dir)) > 3
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    last = max([200, *(int(line.split()[1]) for line in process.stdout.readlines())])
    process.wait()
    wait_until_gone(data_dir)
    if arguments:
        monkeypatch.setattr(module, "server_user", lambda: AS_NOBODY)
    started = time.monotonic()
    with embedded(data_dir) as dsn:
        assert time.monotonic() - started < 5
        assert await fetch(dsn, "SELECT max(n) FROM facts") >= last  # type: ignore[operator]
        assert await fetch(dsn, "SELECT count(*) = max(n) + 1 FROM facts")


async def test_a_dying_server_is_waited_for_and_never_shared(
    data_dir: Path, writer: Callable[..., subprocess.Popen[str]]
) -> None:
    for _ in range(3):
        process = writer()
        read_until(process, "acknowledged 20")
        process.send_signal(signal.SIGKILL)
        process.wait()
        with embedded(data_dir) as dsn:  # at once, while the old server is still ending
            assert await fetch(dsn, "SELECT max(n) FROM facts") >= 20  # type: ignore[operator]


def test_killed_while_the_database_is_made_it_is_made_again(
    data_dir: Path, writer: Callable[..., subprocess.Popen[str]]
) -> None:
    process = writer()
    read_until(process, "Making")
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    with embedded(data_dir, fsync=False):
        pass
    assert not (data_dir / "postgres.new").exists()


async def test_a_second_process_shares_the_running_database(
    data_dir: Path, writer: Callable[..., subprocess.Popen[str]]
) -> None:
    process = writer()
    read_until(process, "acknowledged 0")
    said: list[str] = []
    with embedded(data_dir, progress=said.append) as dsn:
        assert said == []  # nothing had to be started
        assert await fetch(dsn, "SELECT count(*) > 0 FROM facts")
    read_until(process, "acknowledged")  # leaving did not stop it


def test_a_recycled_pid_is_not_taken_for_the_server(data_dir: Path) -> None:
    with embedded(data_dir, fsync=False):
        file = (data_dir / "postgres" / "postmaster.pid").read_text()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            lines = [str(stranger.pid), *file.splitlines()[1:]]
            (data_dir / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
            with embedded(data_dir, fsync=False):
                assert stranger.poll() is None
        finally:
            stranger.kill()


async def test_a_password_is_asked_for_and_there_is_no_network_listener(data_dir: Path) -> None:
    with embedded(data_dir, fsync=False) as dsn:
        assert await fetch(dsn, "SHOW listen_addresses") == ""
        socket_folder = dsn.rpartition("host=")[2]
        assert Path(socket_folder).stat().st_mode & 0o777 == 0o700
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(host=socket_folder, user="tollgate", password="wrong", database="postgres")
    assert not Path(socket_folder).exists()


def test_data_of_another_version_are_refused_with_both_versions(data_dir: Path) -> None:
    with embedded(data_dir, fsync=False):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedDatabaseError, match="made by PostgreSQL 16, and this release of Tollgate brings 18"):
        embedded(data_dir).__enter__()


def test_a_server_that_does_not_start_says_why(data_dir: Path) -> None:
    with embedded(data_dir, fsync=False):
        pass
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("work_mem = 'plenty'\n")
    with pytest.raises(EmbeddedDatabaseError, match='invalid value for parameter "work_mem"'):
        embedded(data_dir).__enter__()


def test_a_data_folder_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedDatabaseError, match=r"BILLING_DATA_DIR: .* must be a folder this user may write to"):
        embedded(tmp_path / "file" / "data").__enter__()


@root_only
async def test_the_data_follow_when_root_has_to_run_the_server_in_another_way(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_as(user: ServerUser) -> None:
        monkeypatch.setattr(module, "server_user", lambda: user)

    run_as(IN_NAMESPACE)
    with embedded(data_dir, fsync=False) as dsn:
        await fetch(dsn, "CREATE TABLE kept AS SELECT 1 AS n")
        assert (data_dir / "postgres").stat().st_uid == 0
    for user in (AS_NOBODY, IN_NAMESPACE):
        run_as(user)
        with embedded(data_dir, fsync=False) as dsn:
            assert await fetch(dsn, "SELECT n FROM kept") == 1
            assert (data_dir / "postgres" / "base").stat().st_uid == user.uid


@root_only
def test_an_ordinary_user_runs_it_directly(tmp_path: Path) -> None:
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    packages = Path(asyncpg.__file__).parents[1]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = f"import sys; sys.path.insert(0, {str(packages)!r}); import asyncpg"
    candidates = [sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"]
    interpreter = next(
        (path for path in candidates if shutil.which(path) and not _fails([*become, path, "-c", wanted])), None
    )
    if interpreter is None:
        pytest.skip(f"no Python {version} here that an ordinary user may run, with our packages in reach")
    home = Path("/tmp") / f"tollgate-test-{os.getpid()}"
    home.mkdir(mode=0o700)
    try:
        shutil.chown(home, NOBODY, NOBODY)
        process = subprocess.Popen(
            [*become, interpreter, "-c", WRITER, str(home / "data")],
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{packages}"},
        )
        read_until(process, "acknowledged 10")
        socket_folder = (home / "data" / "socket").readlink()
        assert (home / "data" / "postgres").stat().st_uid == NOBODY
        process.kill()
        process.communicate()
        wait_until_gone(home)
    finally:
        shutil.rmtree(home)
    shutil.rmtree(socket_folder)


def _fails(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode != 0
