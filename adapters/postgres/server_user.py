"""Whom the embedded PostgreSQL runs as. It refuses to be root, so root has to become somebody else for it; and
initdb refuses whoever has no name, as the numbers that containers are started with often have none."""

import os
import pwd
import shlex
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.problem import Problem

NOBODY = 65534


class EmbeddedDatabaseError(Problem):
    """The embedded database cannot run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The words before a command that make it run as this user, and the owner its files must have outside."""

    command: tuple[str, ...]
    uid: int

    def own(self, cluster: Path) -> None:
        """Give the data to this user with everything in them, unless they are theirs already. The folder itself
        comes last, so that whoever is killed meanwhile begins again."""
        owner = cluster.stat().st_uid
        if owner == self.uid:
            return
        try:
            for folder, _, files in os.walk(cluster, topdown=False, onerror=_fail):
                for name in (*(os.path.join(folder, file) for file in files), folder):
                    os.chown(name, self.uid, -1, follow_symlinks=False)
        except PermissionError as error:
            raise EmbeddedDatabaseError(
                f"BILLING_DATA_DIR: {cluster} belongs to user {owner}, and only root may give it to user "
                f"{self.uid}: chown -R {self.uid} {shlex.quote(str(cluster.parent))}"
            ) from error


def _fail(error: OSError) -> None:
    raise error


_IN_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", "--")
"""In a user namespace of its own the server takes itself for nobody. Outside it is who we are, but without
capabilities, so the data stay ours."""

_BECOME_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
_REACH = "-all,+dac_override"
_AS_NOBODY = (
    *_BECOME_NOBODY,
    f"--inh-caps={_REACH}",
    f"--ambient-caps={_REACH}",
    f"--bounding-set={_REACH}",
    # access(2), by which PostgreSQL checks its binaries, drops the capabilities of all but root, unless told so.
    "--securebits=+no_setuid_fixup",
    f"--pdeathsig={signal.SIGQUIT.name}",  # changing the user forgets the one that was set before
    "--",
)
"""Where namespaces are refused (in most containers): nobody, with one capability, to reach the binaries and
the data wherever they are, be it in a home that only root may enter. So nothing has to be copied or moved."""


def server_user(binaries: Path, data_dir: Path, socket_folder: Path) -> ServerUser:
    """The first way to be a user of PostgreSQL's liking that reaches all of these folders. Raises
    EmbeddedDatabaseError when there is none, or when it would lay the data open."""
    for user in _ways(os.geteuid()):
        if _reaches(user, binaries, data_dir, socket_folder):
            if user.command == _AS_NOBODY:
                _refuse_nobody(data_dir)
            return user
    raise EmbeddedDatabaseError(
        f"PostgreSQL refuses to run as {_who()}, and nobody else whom we may become here reaches {binaries} and "
        f"{data_dir}: start Tollgate as an ordinary user, or set BILLING_DATABASE_DSN to the address of a "
        f"PostgreSQL 15 or newer"
    )


def _ways(uid: int) -> Iterator[ServerUser]:
    if uid != 0 and _has_name(uid):
        yield ServerUser((), uid)
    else:
        yield ServerUser(_IN_NAMESPACE, uid)
    if uid == 0:
        yield ServerUser(_AS_NOBODY, NOBODY)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _who() -> str:
    return "root" if os.geteuid() == 0 else f"user {os.geteuid()}, who has no name in /etc/passwd"


def _reaches(user: ServerUser, binaries: Path, *folders: Path) -> bool:
    """Whether it can enter the folders, and run a binary that looks for itself in the way that all of them do."""
    enter_all = 'for folder in "$@"; do cd "$folder" || exit; done; exec "$0" --bindir'
    return _succeeds(*user.command, "sh", "-c", enter_all, str(binaries / "pg_config"), *map(str, folders))


def _refuse_nobody(data_dir: Path) -> None:
    """The server's files are nobody's, and so may be other services: only the way to the files keeps those out."""
    if _succeeds(*_BECOME_NOBODY, "--", "sh", "-c", 'cd "$0"', str(data_dir)):
        raise EmbeddedDatabaseError(
            f"BILLING_DATA_DIR: anybody may enter {data_dir}, where the database would belong to nobody (user "
            f"{NOBODY}), as others may be: chmod go-rwx {shlex.quote(str(data_dir))}, or name a new folder"
        )


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:  # no unshare, or no setpriv
        return False
