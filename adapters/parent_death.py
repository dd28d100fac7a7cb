"""A child process that never outlives its parent, however the parent ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def ends_with(parent: int, by: signal.Signals) -> Callable[[], None]:
    """What a child has to call first to be sent `by` when process `parent` ends, kill -9 included.

    The kernel watches the *thread* that started the child, so start it from the main thread. The signal is
    kept across exec (also of `unshare`), not across a change of user (`setpriv` has an option of its own for
    that). Elsewhere than on Linux there is no such call: a parent that is killed leaves its children behind.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here: a forked child must not load

    def arrange() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0)
            if os.getppid() != parent:  # it ended before the call
                os.kill(os.getpid(), signal.SIGKILL)

    return arrange
