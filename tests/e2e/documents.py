"""Documents made from the schema: every field of it, with arguments that fit."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from api.schema import schema

SCHEMA = schema._schema
LEAST: dict[str, Any] = {
    "Decimal": "1",
    "Int": 1,
    "Boolean": True,
    "JSON": 1,
    "DateTime": "2026-01-01T00:00:00Z",
    "Currency": "USD",
}
TOKENS_MAX = 900
"""With what stands around them, a document may have 1,000."""
_TOKEN = re.compile(r'"[^"]*"|\w+|[^\s\w,]')
NOBODY = "customer_01m7xzqmprem6tw0sa0ez4t5hj"

Value = Callable[[str, GraphQLArgument], Any]
"""What to give for an argument of a nested field, as it is written in a document."""


def least(type_: GraphQLInputType) -> Any:
    """A value of an input type, with nothing in it that may be left out."""
    if isinstance(type_, GraphQLNonNull):
        return least(type_.of_type)
    if isinstance(type_, GraphQLList):
        return []
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        if type_.is_one_of:
            return {"id": NOBODY}
        required = (name for name, field in type_.fields.items() if is_required_input_field(field))
        return {name: least(type_.fields[name].type) for name in required}
    return LEAST.get(type_.name, "x")


def selections(type_: Any, value: Value, depth: int = 4, but_not: Collection[str] = ()) -> list[str]:
    """Everything below a type, in as many selections as it takes: one for each type that it may be, and its fields
    apart where together they would be longer than a document may be. `but_not`: fields to leave out wherever they
    are."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInterfaceType):
        each = ((one, selections(one, value, depth, but_not)) for one in SCHEMA.get_possible_types(named))
        return [f"{{ ... on {one.name} {below} }}" for one, found in each for below in found]
    whole = selection(named, value, depth, but_not)
    if _tokens(whole) < TOKENS_MAX:
        return [whole]
    found, together = [], ""
    for name in named.fields:
        one = _longest(named, name, value, depth, but_not)
        if together and _tokens(together) + _tokens(one) > TOKENS_MAX:
            found.append(f"{{ __typename {together} }}")
            together = ""
        together += f" {one}"
    return [*found, f"{{ __typename {together} }}"]


def _longest(type_: GraphQLObjectType, name: str, value: Value, depth: int, but_not: Collection[str]) -> str:
    """One field of a type, as deep as a document may be long."""
    while True:
        found = " ".join(_fields(type_, value, depth, but_not, only=name))
        if _tokens(found) < TOKENS_MAX or depth == 1:
            return found
        depth -= 1


def _tokens(document: str) -> int:
    return len(_TOKEN.findall(document))


def selection(type_: Any, value: Value, depth: int, but_not: Collection[str] = ()) -> str:
    """Everything below a type, to a depth; empty for a leaf."""
    named = get_named_type(type_)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLInterfaceType):
        each = (
            f"... on {one.name} {selection(one, value, depth, but_not)}" for one in SCHEMA.get_possible_types(named)
        )
        return "{ __typename " + " ".join(each) + " }"
    assert isinstance(named, GraphQLObjectType)
    return "{ __typename " + " ".join(_fields(named, value, depth, but_not)) + " }"


def _fields(
    type_: GraphQLObjectType, value: Value, depth: int, but_not: Collection[str], only: str | None = None
) -> Iterator[str]:
    for name, field in type_.fields.items():
        if name in but_not or only not in (None, name):
            continue
        if is_leaf_type(get_named_type(field.type)):
            yield name + arguments(field, value)
        elif depth > 1:
            # Under a name of its own, since one type of an interface may call by it what another does not have.
            below = selection(field.type, value, depth - 1, but_not)
            yield f"{type_.name}_{name}: {name}{arguments(field, value)} {below}"


def arguments(field: GraphQLField, value: Value) -> str:
    """Those that are required, and `first`, which we require of lists."""
    given = [
        f"{name}: {value(name, argument)}"
        for name, argument in field.args.items()
        if is_required_argument(argument) or name == "first"
    ]
    return f"({', '.join(given)})" if given else ""
