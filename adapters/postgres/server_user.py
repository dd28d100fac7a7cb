"""Whom the embedded PostgreSQL runs as. It refuses to be root, so root has to become somebody else for it."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
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

    def own(self, path: Path) -> None:
        """Give the folder to this user with everything in it, unless it is theirs already."""
        if path.stat().st_uid == self.uid:
            return
        for folder, _, files in os.walk(path):
            for name in (folder, *(os.path.join(folder, file) for file in files)):
                os.chown(name, self.uid, -1, follow_symlinks=False)


IN_NAMESPACE = ServerUser(("unshare", "--user", f"--map-user={NOBODY}", "--"), uid=0)
"""In a user namespace of its own the server takes itself for nobody. Outside it is root, but without
capabilities, so the data stay root's."""

_REACH_DATA = "-all,+dac_override"
AS_NOBODY = ServerUser(
    (
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        f"--inh-caps={_REACH_DATA}",
        f"--ambient-caps={_REACH_DATA}",
        f"--bounding-set={_REACH_DATA}",
        f"--pdeathsig={signal.SIGQUIT.name}",  # changing the user forgets the one that was set before
        "--",
    ),
    uid=NOBODY,
)
"""Where namespaces are refused (in most containers): nobody, with one capability, to reach the binaries and
the data wherever they are, be it in a home that only root may enter. So nothing has to be copied or moved."""


@cache
def server_user() -> ServerUser:
    """An ordinary user stays who they are; root becomes nobody in the first way that works here."""
    if os.geteuid() != 0:
        return ServerUser((), uid=os.geteuid())
    for user in (IN_NAMESPACE, AS_NOBODY):
        if shutil.which(user.command[0]) and _works(user):
            return user
    raise EmbeddedDatabaseError(
        "PostgreSQL refuses to run as root, and root may not become anybody else here: start Tollgate as an "
        "ordinary user, or set BILLING_DATABASE_DSN to the address of a PostgreSQL 15 or newer"
    )


def _works(user: ServerUser) -> bool:
    return subprocess.run([*user.command, "true"], capture_output=True, check=False).returncode == 0
