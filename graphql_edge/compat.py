"""All that this package knows of the inside of Strawberry and graphql-core, in one place.

Neither promises these names. What a release renames fails here at once, or `tests/graphql_edge/test_fast_way.py`, which
counts what the fast way spares; pyproject.toml bounds the releases to those that were tried.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import MISSING
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from types import NoneType
from typing import Any, Final, NamedTuple

import strawberry
from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    default_field_resolver,
    default_type_resolver,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution import Executor, VariableValues
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValueSource, input_is_nested_too_deeply
from graphql.pyutils import Path, gather_with_cancel
from graphql.pyutils.is_awaitable import is_awaitable as graphql_is_awaitable
from graphql.utilities import coerce_input_value
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.base import StrawberryList as StrawberryList
from strawberry.types.base import StrawberryMaybe as StrawberryMaybe
from strawberry.types.base import StrawberryOptional as StrawberryOptional
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

Convert = Callable[[Any], Any]
Resolve = Callable[..., Any]

NO_VARIABLES: Final = VariableValues({}, {})
_DEFINITION: Final = "strawberry-definition"
_PLAIN: Final = frozenset({str, int, float, bool, NoneType, dict, list, tuple, Decimal, datetime, date})
_NESTED: Final = frozenset({dict, list})


# ── the schema ───────────────────────────────────────────────────────────────────────────────────────────────────────
def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """What Strawberry has made for graphql-core."""
    return schema._schema


def graphiql() -> str:
    """Strawberry's page of GraphiQL."""
    return get_graphql_ide_html("graphiql")


def check_one_of_in_core(schema: strawberry.Schema) -> None:
    """Strawberry checks inputs of which exactly one field is given by an exception that nobody maps. Let graphql-core,
    which says what is wrong, and tells in introspection."""
    for type_ in core_schema(schema).type_map.values():
        if isinstance(type_, GraphQLInputObjectType) and type_.extensions[_DEFINITION].is_one_of:
            type_.is_one_of = True
            type_.out_type = GraphQLInputObjectType.out_type  # type: ignore[method-assign]


def _definition(field: GraphQLField) -> StrawberryField | None:
    """None: it is graphql-core's own, or of a class that reads in a way of its own."""
    definition = field.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryField) or type(definition).get_result is not StrawberryField.get_result:
        return None
    return definition


# ── plain attributes ─────────────────────────────────────────────────────────────────────────────────────────────────
class Leaf(NamedTuple):
    """A plain attribute of leaf type: how to read it and how to write it into the result."""

    read: Callable[[Any], Any]
    coerce: Callable[[Any], Any]
    nullable: bool


def leaf_of(field: GraphQLField) -> Leaf | None:
    """How to read the field directly; None if it has a resolver, an extension, a permission, or a selection."""
    type_ = get_nullable_type(field.type)
    definition = _definition(field)
    if (
        definition is None
        or not is_leaf_type(type_)
        or not definition.is_basic_field
        or definition.default_resolver is not getattr
    ):
        return None
    return Leaf(attrgetter(definition.python_name), type_.coerce_output_value, not is_non_null_type(field.type))


def is_awaitable(value: Any) -> bool:
    """graphql-core's test, with a short cut for what results are made of."""
    return type(value) not in _PLAIN and graphql_is_awaitable(value)


# ── resolvers ────────────────────────────────────────────────────────────────────────────────────────────────────────
class Unusual(Exception):
    """Strawberry has to do this one."""


class InputField(NamedTuple):
    """A field of an input class. `required`: by Python; in GraphQL it may still be left out."""

    name: str
    python_name: str
    type: Any
    required: bool


def config_of(schema: strawberry.Schema) -> StrawberryConfig | None:
    """None: the schema asks for what only Strawberry's own resolvers do."""
    return None if schema.exception_handlers else schema.config


def input_fields(type_: Any, config: StrawberryConfig) -> Iterator[InputField] | None:
    """The fields of an input class; None if it is none. Unusual if Strawberry has to make it."""
    definition = get_object_definition(type_)
    if definition is None:
        return None
    if not definition.is_input or definition.from_input is not None or definition.is_graphql_generic:
        raise Unusual
    return (
        InputField(
            config.name_converter.from_field(field),
            field.python_name,
            field.resolve_type(type_definition=definition),
            field.default_value is MISSING and field.default_factory is MISSING,
        )
        for field in definition.fields
    )


def direct(field: GraphQLField, config: StrawberryConfig, converter: Callable[[Any], Convert]) -> Resolve | None:
    """What calls the resolver of a field with its arguments converted, each by the converter of its type. None if the
    field has no resolver, or Strawberry has to call it."""
    definition = _definition(field)
    original = field.resolve
    if definition is None or original is None or definition.is_subscription or definition.extensions:
        return None
    resolver = definition.base_resolver
    if resolver is None:
        return None
    function: Resolve = resolver.wrapped_func  # type: ignore[assignment]
    try:
        arguments = [
            (config.name_converter.from_argument(argument), argument.python_name, converter(argument.type))
            for argument in definition.arguments
        ]
    except Unusual:
        return None
    on_self = resolver.self_parameter is not None
    sources = [one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one is not None]
    infos = [] if resolver.info_parameter is None else [resolver.info_parameter.name]
    info_class = config.info_class

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        try:
            passed = {python_name: convert(given[name]) for name, python_name, convert in arguments if name in given}
        except Unusual:
            return original(source, info, **given)
        for name in sources:
            passed[name] = source
        for name in infos:
            passed[name] = info_class(_raw_info=info, _field=definition)
        return function(source, **passed) if on_self else function(**passed)

    return resolve


# ── execution ────────────────────────────────────────────────────────────────────────────────────────────────────────
class Plan:
    """What the executions of one operation share; `root` only when no directive can change the selection."""

    __slots__ = (
        "definition",
        "fragment_definitions",
        "fragments",
        "root",
        "root_type",
        "schema",
        "signatures",
        "sub_fields",
    )

    def __init__(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        fragment_definitions: dict[str, FragmentDefinitionNode],
        static: bool,
    ) -> None:
        root_type = schema.get_root_type(definition.operation)
        assert root_type is not None, "validation refuses operations that the schema has no root for"
        self.schema = schema
        self.definition = definition
        self.root_type = root_type
        self.fragment_definitions = fragment_definitions
        self.fragments = {name: FragmentDetails(fragment) for name, fragment in fragment_definitions.items()}
        self.signatures: list[GraphQLVariableSignature] = []
        for variable in definition.variable_definitions or ():
            signature = get_variable_signature(schema, variable)
            assert isinstance(signature, GraphQLVariableSignature), "validation refuses types that are no input types"
            self.signatures.append(signature)
        self.root: CollectedFields | None = None
        self.sub_fields: dict[Any, Any] = {}  # graphql-core's own memo, keyed by the lists that `root` keeps alive
        if static:
            self.root = collect_fields(schema, self.fragments, NO_VARIABLES, root_type, definition)

    def coerced(self, variables: Mapping[str, Any]) -> VariableValues | None:
        """The variables as they are declared. graphql-core makes the signatures from the document anew each time; this
        is its way for values that are there and right. None: one is not, or is deep; its own function has to see it."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature in self.signatures:
            name = signature.name
            if name not in variables:
                if signature.default is not None or is_non_null_type(signature.type):
                    return None
                sources[name] = VariableValueSource(signature)
                continue
            value = variables[name]
            if type(value) in _NESTED and input_is_nested_too_deeply(value, signature.type):
                return None
            result = coerce_input_value(value, signature.type)
            if result is Undefined:
                return None
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = result
        return VariableValues(sources, coerced)


class Execution(Executor[Any]):
    """One execution. `objects` counts the objects it answers with, each by the `weight` of its type; `leaves` are the
    fields of a type that are read directly."""

    operation_extensions: None = None  # read by Strawberry's Info

    # Strawberry's Info expects the coerced variables as a dict.
    build_resolve_info = StrawberryGraphQLCoreExecutionContext.build_resolve_info

    def __init__(
        self,
        plan: Plan,
        variables: VariableValues,
        root_value: Any,
        context: Any,
        leaves: Callable[[GraphQLObjectType], Mapping[str, Leaf]],
        weight: Callable[[GraphQLObjectType], int],
    ) -> None:
        super().__init__(
            plan.schema,
            plan.fragment_definitions,
            plan.fragments,
            root_value,
            context,
            plan.definition,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=is_awaitable,  # type: ignore[arg-type]
        )
        self.objects = 0
        self._plan = plan
        self._leaves = leaves
        self._weight = weight
        if plan.root is not None:
            self._relevant_sub_fields = plan.sub_fields

    def start(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Execute; the result is awaitable only if a resolver's was."""
        plan = self._plan
        collected = plan.root or collect_fields(
            self.schema, self.fragments, self.variable_values, plan.root_type, self.operation
        )
        serially = self.operation.operation is OperationType.MUTATION
        try:
            data = self.execute_root_grouped_field_set(
                plan.root_type, self.root_value, collected.grouped_field_set, serially, None
            )
        except GraphQLError as error:
            return self._failed(error)
        if is_awaitable(data):
            return self._finish(data)  # type: ignore[arg-type]
        return ExecutionResult(data, self.collected_errors.errors or None)  # type: ignore[arg-type]

    async def run(self) -> ExecutionResult:
        """Execute to the end."""
        result = self.start()
        return result if isinstance(result, ExecutionResult) else await result

    async def _finish(self, data: Awaitable[dict[str, Any]]) -> ExecutionResult:
        try:
            return ExecutionResult(await data, self.collected_errors.errors or None)
        except GraphQLError as error:
            return self._failed(error)

    def _failed(self, error: GraphQLError) -> ExecutionResult:
        self.collected_errors.add(error, None)
        return ExecutionResult(None, self.collected_errors.errors)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        """As graphql-core's, with leaves read directly. A leaf that fails is resolved again in the usual way, which
        makes the right error of it."""
        results: dict[str, Any] = {}
        pending: list[str] = []
        leaves = self._leaves(parent_type)
        for response_name, details in grouped_field_set.items():
            leaf = leaves.get(details[0].node.name.value)
            if leaf is not None:
                try:
                    value = leaf.read(source_value)
                    if value is None:
                        if leaf.nullable:
                            results[response_name] = None
                            continue
                    elif not is_awaitable(value):
                        coerced = leaf.coerce(value)
                        if coerced is not None and coerced is not Undefined:
                            results[response_name] = coerced
                            continue
                except Exception:
                    pass
            try:
                result = self.execute_field(
                    parent_type, source_value, details, Path(path, response_name, parent_type.name), position_context
                )
            except Exception:
                if pending:
                    self.settle_in_background([results[name] for name in pending])
                raise
            if result is not Undefined:
                results[response_name] = result
                if is_awaitable(result):
                    pending.append(response_name)
        return self._gathered(results, pending) if pending else results

    async def _gathered(self, results: dict[str, Any], pending: list[str]) -> dict[str, Any]:
        if len(pending) == 1:
            results[pending[0]] = await results[pending[0]]
        else:
            values = await gather_with_cancel(*(results[name] for name in pending))
            results.update(zip(pending, values, strict=True))
        return results

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """As graphql-core's, counting the object."""
        self.objects += self._weight(return_type)
        return super().collect_and_execute_subfields(return_type, field_details_list, path, result, position_context)
