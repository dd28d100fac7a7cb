"""Secrets that this machine makes for itself: one file each, readable by its owner only."""

import os
import secrets
from pathlib import Path


def keep_secret(path: Path) -> tuple[str, bool]:
    """The secret in `path`, made (43 random characters) when it is not there; and whether it was made now.

    Two processes that start together get the same secret, and a crash never leaves half of one: the file is
    written under another name and then linked, which fails if somebody was faster.
    """
    if path.exists():
        return path.read_text(encoding="ascii").strip(), False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return keep_secret(path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # data sealed with a secret must never outlive it
    finally:
        os.close(folder)
    return path.read_text(encoding="ascii").strip(), True
