"""The database cannot be reached: one name for it, whatever the driver calls it."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.postgres.outage import is_outage


class DatabaseAway(Exception):
    """Passes by itself; the same work succeeds later. The message says no more than what kind of error it was."""


@contextmanager
def telling_outages() -> Iterator[None]:
    """Errors inside that come from an outage are raised as DatabaseAway."""
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise DatabaseAway(type(error).__name__) from error
        raise
