"""Entries about to be appended: chained and folded one by one, so that each is decided on what the one before left."""

from datetime import datetime
from typing import Any, NamedTuple

from adapters.postgres import journal
from adapters.postgres.journal import Entry
from adapters.postgres.ledger import Posted
from adapters.postgres.states import Head
from domain.account import Account
from domain.events import AnyEvent
from domain.ledger import postings
from service.ids import new_id
from service.streams import Kind


class By(NamedTuple):
    """On whose behalf: the actor that the journal names, why, and which customers they may touch (None: all)."""

    actor: str
    visible: frozenset[str] | None = None
    reason: str | None = None
    cause: str | None = None


WORKER = By("worker")
TIME = "time"
"""The actor of what falls due by itself."""


class Draft:
    """`before` is the state it began with. `posted`: what the entries of an account do to the ledger. `present` and
    `own`: the state that the command found, and how many entries had fallen due by then."""

    def __init__(self, kind: Kind, stream_id: str, head: Head, state: Any, by: By, recorded_at: datetime) -> None:
        self.kind = kind
        self.stream_id = stream_id
        self.head = head
        self.before = self.present = self.state = state
        self.own = 0
        self.time = recorded_at
        self.entries: list[Entry] = []
        self.posted: list[Posted] = []
        self._by = by
        self._recorded_at = recorded_at

    def at(self, instant: datetime) -> datetime:
        """Within a stream time never goes back: what fell due before the last entry happens at that entry's instant."""
        return max(instant, self.head.effective_at or instant)

    def add(self, event: AnyEvent, at: datetime, *, actor: str | None = None) -> None:
        effective_at = self.at(at)
        entry = journal.sealed_entry(
            self.stream_id,
            self.head.seq + 1,
            new_id("event"),
            event,
            effective_at=effective_at,
            recorded_at=self._recorded_at,
            actor=actor or self._by.actor,
            reason=None if actor else self._by.reason,
            cause=None if actor else self._by.cause,
            previous=self.head.hash,
        )
        before, self.state = self.state, self.kind.evolve(self.state, event, effective_at)
        if isinstance(before, Account):
            found = postings(before, event, self.state, effective_at)  # type: ignore[arg-type]
            self.posted.append(Posted(entry.seq, effective_at, found))
        self.entries.append(entry)
        self.head = Head(entry.seq, entry.hash, effective_at, "")

    def decide_here(self, at: datetime) -> None:
        """All that follows is the command's."""
        self.present, self.own, self.time = self.state, len(self.entries), at

    def catch_up(self, at: datetime) -> None:
        """What fell due by itself is nobody's act."""
        for instant, event, _ in self.kind.due(self.state, at):
            self.add(event, instant, actor=TIME)
