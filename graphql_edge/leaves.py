"""What most of a response is made of: plain attributes of leaf type, read and written without a resolver."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from types import NoneType
from typing import Any, Final, NamedTuple

from graphql import GraphQLField, get_nullable_type, is_leaf_type, is_non_null_type
from graphql.pyutils.is_awaitable import is_awaitable as graphql_is_awaitable
from strawberry.types.field import StrawberryField

_PLAIN: Final = frozenset({str, int, float, bool, NoneType, dict, list, tuple, Decimal, datetime, date})


def is_awaitable(value: Any) -> bool:
    """graphql-core's test, with a short cut for what results are made of."""
    return type(value) not in _PLAIN and graphql_is_awaitable(value)


class Leaf(NamedTuple):
    """A plain attribute of leaf type: how to read it and how to write it into the result."""

    read: Callable[[Any], Any]
    coerce: Callable[[Any], Any]
    nullable: bool


def leaf_of(field: GraphQLField) -> Leaf | None:
    """How to read the field directly; None if it has a resolver, arguments to look at, or a selection."""
    type_ = get_nullable_type(field.type)
    definition = field.extensions.get("strawberry-definition")
    if (
        not is_leaf_type(type_)
        or not isinstance(definition, StrawberryField)
        or not getattr(field.resolve, "_is_default", False)
        or definition.default_resolver is not getattr
    ):
        return None
    return Leaf(attrgetter(definition.python_name), type_.coerce_output_value, not is_non_null_type(field.type))
