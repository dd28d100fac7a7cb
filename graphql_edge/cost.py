"""The static cost of an operation: how many objects it may answer with, at worst, before it is executed.

The rule. A leaf field costs 0. A field that answers with an object costs 1. What stands inside a list counts as often
as the list can be long:

- a field with `first`/`last` (a connection): the one that is given, literally or by variable, capped at PAGE_MAX;
  PAGE_MAX when none or both are. The edges, nodes and pageInfo that make up the page are part of it: 0;
- a list asked for by a required list argument (`nodes(ids: …)`): the length of that argument;
- any other list: LIST_DEFAULT.

Fragments count at each spread, every branch of an interface counts, @skip and @include are taken as not skipping.
Introspection costs INTROSPECTION in all: its answer never changes and is kept.

    { customers(first: 50) { edges { node { name plan { name } features { key } } } } }
      50 × (1 customer + 1 plan + 10 features) + 1 connection = 601

Sizes that come from variables stay symbols: a cost is a polynomial in them, made once per document. For most it is a
plain number; for the rest, a request only fills in its own sizes.

Besides, a document that is not known yet costs READING to read, also if it is then refused: parsing and validation take
milliseconds, and nonsense is always new.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql_edge.errors import TooComplex

PAGE_MAX: Final = 100
LIST_DEFAULT: Final = 10
INTROSPECTION: Final = 50
READING: Final = 10
TERMS_MAX: Final = 64
_CEILING: Final = 10**12  # beyond any limit; keeps the numbers of a fragment bomb small

Monomial = tuple[str, ...]  # names of variables, sorted; () is the constant term
Polynomial = dict[Monomial, int]

ZERO: Final[Polynomial] = {}


def constant(value: int) -> Polynomial:
    """A cost that no variable changes."""
    return {(): value} if value else {}


def add(one: Polynomial, other: Polynomial) -> Polynomial:
    """The cost of both."""
    if not one:
        return other
    if not other:
        return one
    total = dict(one)
    for monomial, coefficient in other.items():
        total[monomial] = min(_CEILING, total.get(monomial, 0) + coefficient)
    return _bounded(total)


def times(cost: Polynomial, size: "int | str") -> Polynomial:
    """The cost of a list of `size` such things; a name stands for the variable of that name."""
    if isinstance(size, int):
        return {monomial: min(_CEILING, coefficient * size) for monomial, coefficient in cost.items() if size}
    return _bounded({tuple(sorted((*monomial, size))): coefficient for monomial, coefficient in cost.items()})


def _bounded(cost: Polynomial) -> Polynomial:
    if len(cost) > TERMS_MAX:
        raise TooComplex("Too many list sizes in this document depend on variables.")
    return cost


def evaluate(cost: Polynomial, variables: Mapping[str, Any], defaults: Mapping[str, int]) -> int:
    """The cost with the sizes that this request gives. `variables` are raw: a wrong type is refused later, by
    coercion, and counts as the worst case here."""
    sizes: dict[str, int] = {}
    total = 0
    for monomial, coefficient in cost.items():
        for name in monomial:
            size = sizes.get(name)
            if size is None:
                size = sizes[name] = size_of(variables[name]) if name in variables else defaults.get(name, PAGE_MAX)
            coefficient *= size
        total += coefficient
    return total


def size_of(value: Any) -> int:
    """How many things a `first`, a `last` or a list of ids asks for."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, 0), PAGE_MAX)
    return PAGE_MAX
