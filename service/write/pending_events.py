"""What is about to be recorded, on whose behalf. Entries are made of it at the very end: by then the documents
among the events have got their numbers."""

from datetime import datetime
from typing import Any, NamedTuple

from adapters.postgres import journal
from adapters.postgres.journal import JournalEntry
from adapters.postgres.ledger import PostedEntry
from adapters.postgres.states import StreamHead
from domain.account import Account
from domain.engine import Pending
from domain.ledger import postings
from service.ids import new_id
from service.write.streams import StreamKind


class By(NamedTuple):
    """On whose behalf: the actor that the journal names, why, and which customers they may touch (None: all)."""

    actor: str
    visible: frozenset[str] | None = None
    reason: str | None = None
    cause: str | None = None


WORKER = By("worker")
TIME = "time"
"""The actor of what falls due by itself."""


class PendingEvents(Pending[Any]):
    """What is pending in a stream, of which `head` says where it stood."""

    def __init__(
        self, kind: StreamKind, stream_id: str, head: StreamHead, state: Any, by: By, recorded_at: datetime
    ) -> None:
        super().__init__(state, head.effective_at, kind.evolve)
        self.kind = kind
        self.stream_id = stream_id
        self.head = head
        self._by = by
        self._recorded_at = recorded_at

    def sealed(self) -> list[JournalEntry]:
        """The entries, chained to the stream's last one."""
        entries: list[JournalEntry] = []
        seq, previous = self.head.seq, self.head.hash
        for fact in self.facts:
            seq += 1
            entry = journal.sealed_entry(
                self.stream_id,
                seq,
                new_id("event"),
                fact.event,
                effective_at=fact.at,
                recorded_at=self._recorded_at,
                actor=TIME if fact.by_time else self._by.actor,
                reason=None if fact.by_time else self._by.reason,
                cause=None if fact.by_time else self._by.cause,
                previous=previous,
            )
            previous = entry.hash
            entries.append(entry)
        return entries

    def posted(self) -> list[PostedEntry]:
        """What each of an account's entries does to the ledger."""
        found: list[PostedEntry] = []
        before = self.before
        if not isinstance(before, Account):
            return found
        for seq, fact in enumerate(self.facts, self.head.seq + 1):
            found.append(PostedEntry(seq, fact.at, postings(before, fact.event, fact.after, fact.at)))  # type: ignore[arg-type]
            before = fact.after
        return found
