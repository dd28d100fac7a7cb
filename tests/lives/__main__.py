"""python -m tests.lives --lives 10000 --seed 0 --jobs 2: tells of each of so many lives that fails, cut short."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from .draw import TOPICS, draw
from .laws import faults
from .live import live
from .shrink import shrunk
from .text import Life, parsed


class Failed(NamedTuple):
    seed: int
    life: Life
    faults: list[str]


def judged(life: Life, but: str = "") -> list[str]:
    """What is wrong with it, `but` for what begins with that word; a crash is, too."""
    try:
        return [fault for fault in faults(live(life)) if not but or fault.split()[0] != but]
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return [f"{type(error).__name__} at {where.name}: {error}"[:300]]


def kind(found: Sequence[str]) -> str:
    """What went wrong, without its figures: so that a life that is cut short fails in the same way."""
    return found[0].split()[0] if found else ""


def failing(seed: int, topics: Sequence[str] = TOPICS, shrink: bool = True, but: str = "") -> Failed | None:
    life = draw(seed, topics)
    found = judged(life, but)
    if not found:
        return None
    if shrink:
        life = shrunk(life, lambda shorter: kind(judged(shorter, but)) == kind(found))
    return Failed(seed, life, judged(life, but))


class _Look(NamedTuple):
    topics: tuple[str, ...]
    shrink: bool
    but: str

    def __call__(self, seed: int) -> Failed | None:
        return failing(seed, self.topics, self.shrink, self.but)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lives", description=__doc__)
    parser.add_argument("--lives", type=int, default=1_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the first one; each has the next number")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--most", type=int, default=20, help="how many that fail are told of")
    parser.add_argument("--topics", default=",".join(TOPICS), help="what they are about")
    parser.add_argument("--as-drawn", action="store_true", help="do not cut short what fails")
    parser.add_argument("--but", default="", help="leave out faults that begin with this word (as: unspent)")
    parser.add_argument("--text", type=argparse.FileType(), help="judge the life in this file instead")
    asked = parser.parse_args(argv)
    if asked.text:
        return _one(parsed(asked.text.read()))
    look = _Look(tuple(asked.topics.split(",")), not asked.as_drawn, asked.but)
    seeds = range(asked.seed, asked.seed + asked.lives)
    failures = 0
    with ProcessPoolExecutor(asked.jobs) as pool:
        for failed in pool.map(look, seeds, chunksize=20):
            if failed is not None:
                failures += 1
                if failures <= asked.most:
                    print(f"seed {failed.seed}:", *failed.faults, str(failed.life), "", sep="\n", flush=True)
    print(f"{asked.lives:,} lives, {failures:,} of them not as the rules want.")
    return 1 if failures else 0


def _one(life: Life) -> int:
    lived = live(life)
    print(*lived.timeline.ledger(), sep="\n")
    print(*(f"refused: {step.act}: {step.refusal}" for step in lived.done if step.refusal), sep="\n")
    found = faults(lived)
    print(*found or ["As the rules want."], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
