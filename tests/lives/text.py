"""A life as a text: who the customer is and what is sold, then what happened, one act a line.

    zone Europe/Paris
    plan a: FLAT 30; PER_SEAT 7
    2026-06-01 subscribe s1 a quantity=2
    2026-06-17 cancel s1

So a failing life can be read, cut short and kept as a case.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple


class Act(NamedTuple):
    """At an instant (UTC): a verb, what it is about, and terms by name."""

    at: datetime
    verb: str
    about: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()

    def term(self, name: str, default: str | None = None) -> str | None:
        return dict(self.terms).get(name, default)

    def __str__(self) -> str:
        return " ".join([moment(self.at), self.verb, *self.about, *(f"{name}={value}" for name, value in self.terms)])


class Life(NamedTuple):
    """`head`: the lines before the acts, in their order."""

    head: tuple[str, ...]
    acts: tuple[Act, ...]

    def __str__(self) -> str:
        return "\n".join([*self.head, *map(str, self.acts)])

    def heads(self, word: str) -> list[str]:
        """What follows the word in each line of the head that begins with it."""
        return [line.removeprefix(f"{word} ") for line in self.head if line.startswith(f"{word} ")]

    def fact(self, word: str, default: str = "") -> str:
        return next(iter(self.heads(word)), default)


def act(at: datetime, verb: str, *about: str, **terms: object) -> Act:
    return Act(at, verb, about, tuple((name, str(value)) for name, value in terms.items() if value is not None))


def parsed(text: str) -> Life:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip() and not line.strip().startswith("#")]
    acts = [line for line in lines if line[0].isdigit()]
    return Life(tuple(line for line in lines if not line[0].isdigit()), tuple(map(_act, acts)))


def moment(at: datetime) -> str:
    """2026-06-04, or 2026-06-04T10:30."""
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat()
    return text.removesuffix("T00:00:00").removesuffix(":00")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _act(line: str) -> Act:
    at, verb, *words = line.split()
    return Act(instant(at), verb, tuple(_plain(words)), tuple(_named(words)))


def _plain(words: Iterable[str]) -> Iterable[str]:
    return (word for word in words if "=" not in word)


def _named(words: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, _, value in (word.partition("=") for word in words) if value)
