"""Calling Strawberry's resolvers without finding out each time how.

Strawberry looks up names, annotations and types of every argument at every call: 40 µs for canUse(customer, feature,
quantity), a quarter of the request. All of it is known when the schema is made. Here each plain resolver gets a
function that converts what its arguments need (input objects; everything else is ready) and calls it. Whatever is out
of the ordinary (extensions, permissions, global ids, generic inputs, an unexpected null) stays with Strawberry.
"""

from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType
from strawberry import UNSET, LazyType, Some
from strawberry.relay import GlobalID
from strawberry.schema.config import StrawberryConfig

from graphql_edge.compat import (
    Convert,
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    Unusual,
    config_of,
    core_schema,
    direct,
    input_fields,
)


def call_directly(schema: strawberry.Schema) -> int:
    """Give the plain resolvers of a schema their direct calls; how many there are."""
    config = config_of(schema)
    if config is None:
        return 0
    converters = _Converters(config)
    called = 0
    for type_ in core_schema(schema).type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field in type_.fields.values():
                resolve = direct(field, config, converters.of)
                if resolve is not None:
                    field.resolve = resolve
                    called += 1
    return called


def _same(value: Any) -> Any:
    return value


class _Converters:
    """From what graphql-core has coerced to what resolvers are annotated with."""

    def __init__(self, config: StrawberryConfig) -> None:
        self._config = config
        self._inputs: dict[type, Convert] = {}

    def of(self, type_: Any) -> Convert:
        """The conversion for a type; Unusual if Strawberry has to do it."""
        if isinstance(type_, StrawberryMaybe):
            return self._maybe(type_)
        if isinstance(type_, StrawberryOptional):
            return self.of(type_.of_type)
        if isinstance(type_, StrawberryList):
            each = self.of(type_.of_type)
            return lambda values: values if values is None or values is UNSET else [each(value) for value in values]
        if isinstance(type_, LazyType):
            return self.of(type_.resolve_type())
        if type_ is GlobalID:
            raise Unusual
        return self._input(type_)

    def _maybe(self, type_: StrawberryMaybe) -> Convert:
        inner = self.of(type_.of_type)
        nullable = isinstance(type_.of_type, StrawberryOptional)

        def convert(value: Any) -> Any:
            if value is None and not nullable:
                raise Unusual
            return Some(inner(value))

        return convert

    def _input(self, type_: type) -> Convert:
        known = self._inputs.get(type_)
        if known is not None:
            return known
        declared = input_fields(type_, self._config)
        if declared is None:
            return _same  # a scalar or an enum, of which graphql-core has made Python values
        fields: list[tuple[str, str, Convert]] = []
        absent: dict[str, None] = {}

        def convert(value: Any) -> Any:
            if value is None or value is UNSET:
                return value
            given = absent | {python: inner(value[name]) for name, python, inner in fields if name in value}
            return type_(**given)

        self._inputs[type_] = convert  # before its fields: an input may contain itself
        try:
            for field in declared:
                fields.append((field.name, field.python_name, self.of(field.type)))
                if field.required:
                    absent[field.python_name] = None
        except Unusual:
            self._inputs.clear()  # some may hold this half-made one
            raise
        return convert
