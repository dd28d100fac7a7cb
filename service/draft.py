"""What is about to be recorded, event by event, so that each is decided on what the one before left. Entries are made
of it at the very end: by then the documents among the events have got their numbers."""

from collections.abc import Callable, Sequence
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


class Fact(NamedTuple):
    """An event at its instant, and the state that it left. `by_time`: it fell due, and is nobody's act."""

    event: AnyEvent
    at: datetime
    by_time: bool
    after: Any


class Draft:
    """`before` is the state it began with, `head` where its stream stood. `present` and `own`: the state that the
    command found, and how many events had fallen due by then."""

    def __init__(self, kind: Kind, stream_id: str, head: Head, state: Any, by: By, recorded_at: datetime) -> None:
        self.kind = kind
        self.stream_id = stream_id
        self.head = head
        self.before = self.present = self.state = state
        self.own = 0
        self.time = recorded_at
        self.facts: list[Fact] = []
        self._by = by
        self._recorded_at = recorded_at
        self._last_at = head.effective_at

    @property
    def events(self) -> Sequence[AnyEvent]:
        """The command's own, and what follows from it."""
        return [fact.event for fact in self.facts[self.own :]]

    def at(self, instant: datetime) -> datetime:
        """Within a stream time never goes back: what fell due before the last entry happens at that entry's instant."""
        return max(instant, self._last_at or instant)

    def add(self, event: AnyEvent, at: datetime, *, by_time: bool = False) -> None:
        self._last_at = self.at(at)
        self.state = self.kind.evolve(self.state, event, self._last_at)
        self.facts.append(Fact(event, self._last_at, by_time, self.state))

    def decide_here(self, at: datetime) -> None:
        """All that follows is the command's."""
        self.present, self.own, self.time = self.state, len(self.facts), at

    def catch_up(self, at: datetime) -> None:
        """What fell due by itself is nobody's act."""
        for instant, event, _ in self.kind.due(self.state, at):
            self.add(event, instant, by_time=True)

    def reword(self, word: Callable[[Fact], AnyEvent]) -> None:
        """Every event in other words, and the states that they then lead to."""
        facts, self.facts = self.facts, []
        self.state, self._last_at = self.before, self.head.effective_at
        for fact in facts:
            self.add(word(fact), fact.at, by_time=fact.by_time)

    def sealed(self) -> list[Entry]:
        """The entries, chained to the stream's last one."""
        entries: list[Entry] = []
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

    def posted(self) -> list[Posted]:
        """What each of an account's entries does to the ledger."""
        found: list[Posted] = []
        before = self.before
        if not isinstance(before, Account):
            return found
        for seq, fact in enumerate(self.facts, self.head.seq + 1):
            found.append(Posted(seq, fact.at, postings(before, fact.event, fact.after, fact.at)))  # type: ignore[arg-type]
            before = fact.after
        return found
