"""An amount spread over its period, and the layers in which it was charged: what goes back comes off the layer that was
charged last, wherever it lies."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple


class Cell(NamedTuple):
    """So much for each step (a microsecond, a day) from `start` up to `end`."""

    start: int
    end: int
    each: Fraction


Spread = tuple[Cell, ...]


def whole_spread(amount: Fraction) -> Spread:
    """What is of no part of the period more than of another."""
    return (Cell(0, 1, amount),)


def total(spread: Spread) -> Fraction:
    return sum(((cell.end - cell.start) * cell.each for cell in spread), Fraction(0))


def charged(layers: Sequence[Spread], wanted: Spread) -> tuple[list[Spread], Spread]:
    """What stands of each layer once `wanted` is what is charged, the latest giving way first; and what is more."""
    edges = sorted({edge for spread in (wanted, *layers) for cell in spread for edge in (cell.start, cell.end)})
    steps = list(pairwise(edges))
    left = [_at(wanted, a) for a, _ in steps]
    found = []
    for layer in layers:
        kept = [min(_at(layer, a), rest) for (a, _), rest in zip(steps, left, strict=True)]
        left = [rest - part for rest, part in zip(left, kept, strict=True)]
        found.append(_cells(steps, kept))
    return found, _cells(steps, left)


def _at(spread: Spread, place: int) -> Fraction:
    return sum((cell.each for cell in spread if cell.start <= place < cell.end), Fraction(0))


def _cells(steps: Iterable[tuple[int, int]], each: Iterable[Fraction]) -> Spread:
    return tuple(Cell(a, b, part) for (a, b), part in zip(steps, each, strict=True) if part)
