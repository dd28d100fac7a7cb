"""The id that ties a response to its log lines."""

import itertools
import re
import secrets

_accepted = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")
_process = secrets.token_hex(6)  # replicas do not share ids
_numbers = itertools.count(1)


def request_id(given: bytes | None) -> str:
    """The caller's X-Request-Id if it is one to put into logs and headers, a new one otherwise."""
    if given is not None and _accepted.fullmatch(given):
        return given.decode("ascii")
    return f"{_process}-{next(_numbers):x}"
