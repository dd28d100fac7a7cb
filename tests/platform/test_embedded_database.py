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

from adapters.postgres.embedded import embedded
from adapters.postgres.server_user import EmbeddedDatabaseError

ROOT = Path(__file__).resolve().parents[2]
WRITER = ROOT / "tests" / "platform" / "fact_writer.py"


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose path is longer than a socket's may be."""
    yield tmp_path / ("long" * 30)
    wait_until_gone(tmp_path)
    if (tmp_path / ("long" * 30) / "socket").is_symlink():
        shutil.rmtree((tmp_path / ("long" * 30) / "socket").readlink())


@pytest.fixture
def writer(data_dir: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(WRITER), str(data_dir)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def read_in(folder: Path, file: str) -> list[str]:
    """That file of /proc, for each process that works in a folder or below, as a PostgreSQL's do in its data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append((process / file).read_text())
        except OSError:
            continue
    return found


def processes_in(folder: Path) -> list[str]:
    """The commands of the processes that work in a folder or below."""
    return [command.replace("\0", " ") for command in read_in(folder, "cmdline")]


def wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + 60
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


async def test_kill_9_leaves_no_process_and_loses_nothing_acknowledged(
    data_dir: Path, writer: Callable[[], subprocess.Popen[str]]
) -> None:
    process = writer()
    read_until(process, "acknowledged 200")
    assert len(processes_in(data_dir)) > 3
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    last = max([200, *(int(line.split()[1]) for line in process.stdout.readlines())])
    process.wait()
    wait_until_gone(data_dir)
    with embedded(data_dir) as dsn:
        assert await fetch(dsn, "SELECT max(n) FROM facts") >= last  # type: ignore[operator]
        assert await fetch(dsn, "SELECT count(*) = max(n) + 1 FROM facts")


async def test_a_dying_server_is_waited_for_and_never_shared(
    data_dir: Path, writer: Callable[[], subprocess.Popen[str]]
) -> None:
    for _ in range(3):
        process = writer()
        acknowledged = int(read_until(process, "acknowledged").split()[1])
        process.send_signal(signal.SIGKILL)
        process.wait()
        with embedded(data_dir) as dsn:  # at once, while the old server is still ending
            assert await fetch(dsn, "SELECT max(n) FROM facts") >= acknowledged  # type: ignore[operator]


def test_killed_while_the_database_is_made_it_is_made_again(
    data_dir: Path, writer: Callable[[], subprocess.Popen[str]]
) -> None:
    process = writer()
    read_until(process, "Making")
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    with embedded(data_dir, fsync=False):
        pass
    assert not (data_dir / "postgres.new").exists()


async def test_a_second_process_shares_the_running_database(
    data_dir: Path, writer: Callable[[], subprocess.Popen[str]]
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


def test_an_empty_folder_made_for_us_becomes_ours_alone(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    with embedded(data_dir, fsync=False):
        assert data_dir.stat().st_mode & 0o777 == 0o700
