"""What a transaction does to a stream, for the views to be brought along."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from adapters.postgres.journal import JournalEntry
from adapters.postgres.ledger import PostedEntry


class StreamChange(NamedTuple):
    """The states before and after the entries, which are at least one, and what they do to the ledger."""

    before: Any
    after: Any
    entries: Sequence[JournalEntry]
    posted: Sequence[PostedEntry]
