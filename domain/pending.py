"""What was decided on and is not written down yet, event by event: each is decided on what the one before left."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from domain.events import AnyEvent

S = TypeVar("S")


class Fact(NamedTuple):
    """An event at its instant, and the state that it left. `by_time`: it fell due, and is nobody's act."""

    event: AnyEvent
    at: datetime
    by_time: bool
    after: Any


class Pending(Generic[S]):
    """`before` is the state it began with, which stands since `since` (None: since ever). `present` and `own`: the
    state that the command found, and how many events had fallen due by then; `time`: the instant of the command."""

    time: datetime

    def __init__(self, state: S, since: datetime | None, evolve: Callable[[S, Any, datetime], S]) -> None:
        self.before: S = state
        self.present: S = state
        self.state: S = state
        self.own = 0
        self.facts: list[Fact] = []
        self._evolve = evolve
        self._since = self._last_at = since

    @property
    def events(self) -> Sequence[AnyEvent]:
        """The command's own, and what follows from it."""
        return [fact.event for fact in self.facts[self.own :]]

    def at(self, instant: datetime) -> datetime:
        """Within a stream time never goes back: what fell due before the last entry happens at that entry's instant."""
        return max(instant, self._last_at or instant)

    def after(self, facts: int) -> S:
        """The state that the first so many facts left."""
        return self.facts[facts - 1].after if facts else self.before

    def add(self, event: AnyEvent, at: datetime, *, by_time: bool = False) -> None:
        self._last_at = self.at(at)
        self.state = self._evolve(self.state, event, self._last_at)
        self.facts.append(Fact(event, self._last_at, by_time, self.state))

    def decide_here(self, at: datetime) -> datetime:
        """All that follows is the command's, at the instant returned."""
        self.present, self.own, self.time = self.state, len(self.facts), self.at(at)
        return self.time

    def reword(self, word: Callable[[AnyEvent], AnyEvent]) -> None:
        """Every event in other words, and the states that they then lead to. Up to the first that says something else
        all stays as it is."""
        words = [word(fact.event) for fact in self.facts]
        same = next((n for n, fact in enumerate(self.facts) if words[n] is not fact.event), len(words))
        facts, self.facts = self.facts, self.facts[:same]
        self.state = self.after(same)
        self._last_at = self.facts[-1].at if self.facts else self._since
        for event, fact in zip(words[same:], facts[same:], strict=True):
            self.add(event, fact.at, by_time=fact.by_time)
