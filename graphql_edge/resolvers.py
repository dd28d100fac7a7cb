"""Calling Strawberry's resolvers without finding out each time how.

Strawberry looks up names, annotations and types of every argument at every call: 40 µs for canUse(customer, feature,
quantity), a quarter of the request. All of it is known when the schema is made. Here each plain resolver gets a
function that converts what its arguments need (input objects; everything else is ready) and calls it. Whatever is out
of the ordinary (extensions, permissions, global ids, generic inputs, an unexpected null) stays with Strawberry.
"""

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry.relay.types import GlobalID
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some
from strawberry.types.unset import UNSET

Convert = Callable[[Any], Any]
Resolve = Callable[..., Any]


class _Unusual(Exception):
    """Strawberry has to do this one."""


def call_directly(schema: GraphQLSchema) -> int:
    """Give the plain resolvers of a Strawberry schema their direct calls; how many there are."""
    strawberry_schema = getattr(schema, "_strawberry_schema", None)
    if strawberry_schema is None or strawberry_schema.exception_handlers:
        return 0
    converters = _Converters(strawberry_schema.config)
    direct = 0
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field in type_.fields.values():
                resolve = _direct(field, converters)
                if resolve is not None:
                    field.resolve = resolve
                    direct += 1
    return direct


def _direct(field: GraphQLField, converters: "_Converters") -> Resolve | None:
    definition = field.extensions.get("strawberry-definition")
    original = field.resolve
    if (
        original is None
        or not isinstance(definition, StrawberryField)
        or definition.base_resolver is None
        or definition.is_subscription
        or definition.extensions
        or type(definition).get_result is not StrawberryField.get_result
    ):
        return None
    resolver = definition.base_resolver
    function: Resolve = resolver.wrapped_func  # type: ignore[assignment]
    config = converters.config
    try:
        arguments = [
            (config.name_converter.from_argument(argument), argument.python_name, converters.of(argument.type))
            for argument in definition.arguments
        ]
    except _Unusual:
        return None
    on_self = resolver.self_parameter is not None
    sources = [one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one is not None]
    infos = [] if resolver.info_parameter is None else [resolver.info_parameter.name]
    info_class = config.info_class

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        try:
            passed = {python_name: convert(given[name]) for name, python_name, convert in arguments if name in given}
        except _Unusual:
            return original(source, info, **given)
        for name in sources:
            passed[name] = source
        for name in infos:
            passed[name] = info_class(_raw_info=info, _field=definition)
        return function(source, **passed) if on_self else function(**passed)

    return resolve


def _same(value: Any) -> Any:
    return value


class _Converters:
    """From what graphql-core has coerced to what resolvers are annotated with."""

    def __init__(self, config: StrawberryConfig) -> None:
        self.config = config
        self._inputs: dict[type, Convert] = {}

    def of(self, type_: Any) -> Convert:
        """The conversion for a type; _Unusual if Strawberry has to do it."""
        if isinstance(type_, StrawberryMaybe):
            return self._maybe(type_)
        if isinstance(type_, StrawberryOptional):
            return self.of(type_.of_type)
        if isinstance(type_, StrawberryList):
            each = self.of(type_.of_type)
            return lambda values: values if values is None or values is UNSET else [each(value) for value in values]
        if isinstance(type_, LazyType):
            return self.of(type_.resolve_type())
        definition = get_object_definition(type_)
        if definition is not None:
            return self._input(type_, definition)
        if type_ is GlobalID:
            raise _Unusual
        return _same  # a scalar or an enum, of which graphql-core has made Python values

    def _maybe(self, type_: StrawberryMaybe) -> Convert:
        inner = self.of(type_.of_type)
        nullable = isinstance(type_.of_type, StrawberryOptional)

        def convert(value: Any) -> Any:
            if value is None and not nullable:
                raise _Unusual
            return Some(inner(value))

        return convert

    def _input(self, type_: type, definition: StrawberryObjectDefinition) -> Convert:
        if not definition.is_input or definition.from_input is not None or definition.is_graphql_generic:
            raise _Unusual
        known = self._inputs.get(type_)
        if known is not None:
            return known
        fields: list[tuple[str, str, Convert]] = []
        absent: dict[str, None] = {}

        def convert(value: Any) -> Any:
            if value is None or value is UNSET:
                return value
            given = absent | {python: inner(value[name]) for name, python, inner in fields if name in value}
            return type_(**given)

        self._inputs[type_] = convert  # before its fields: an input may contain itself
        try:
            for field in definition.fields:
                name = self.config.name_converter.from_field(field)
                fields.append((name, field.python_name, self.of(field.resolve_type(type_definition=definition))))
                if field.default_value is MISSING and field.default_factory is MISSING:
                    absent[field.python_name] = None
        except _Unusual:
            self._inputs.clear()  # some may hold this half-made one
            raise
        return convert
