"""A failing life cut short: acts, plans and terms are left out as long as it still fails."""

from collections.abc import Callable, Iterator

from .text import Life


def shrunk(life: Life, fails: Callable[[Life], bool]) -> Life:
    while True:
        shorter = next((shorter for shorter in _shorter(life) if fails(shorter)), None)
        if shorter is None:
            return life
        life = shorter


def _shorter(life: Life) -> Iterator[Life]:
    """Less first where it is most: the last acts."""
    for n in reversed(range(len(life.acts))):
        if len(life.acts) > 1:
            yield life._replace(acts=(*life.acts[:n], *life.acts[n + 1 :]))
    for n, line in enumerate(life.head):
        if not (line.startswith("plan ") and _named(life, line)):
            yield life._replace(head=(*life.head[:n], *life.head[n + 1 :]))
    for n, line in enumerate(life.head):
        word, _, terms = line.partition(": ")
        parts = terms.split("; ")
        for at in range(len(parts)) if terms and len(parts) > 1 else ():
            cut = "; ".join([*parts[:at], *parts[at + 1 :]])
            yield life._replace(head=(*life.head[:n], f"{word}: {cut}", *life.head[n + 1 :]))
    for n, act in enumerate(life.acts):
        for at in range(len(act.terms)):
            less = act._replace(terms=(*act.terms[:at], *act.terms[at + 1 :]))
            yield life._replace(acts=(*life.acts[:n], less, *life.acts[n + 1 :]))
        midnight = act._replace(at=act.at.replace(hour=0, minute=0, second=0, microsecond=0))
        if midnight != act and (n == 0 or life.acts[n - 1].at <= midnight.at):
            yield life._replace(acts=(*life.acts[:n], midnight, *life.acts[n + 1 :]))


def _named(life: Life, line: str) -> bool:
    name = line.removeprefix("plan ").partition(":")[0]
    return any(name in act.about or any(name in value.split(",") for _, value in act.terms) for act in life.acts)
