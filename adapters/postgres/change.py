"""What a transaction does to a stream: from this the views are updated."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from adapters.postgres.journal import JournalEntry
from adapters.postgres.ledger import PostedEntry


class StreamChange(NamedTuple):
    """The states before and after the entries (at least one), and what these post to the ledger."""

    before: Any
    after: Any
    entries: Sequence[JournalEntry]
    posted: Sequence[PostedEntry]
