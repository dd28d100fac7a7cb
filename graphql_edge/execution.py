"""Executing one operation with graphql-core, without what repeats from request to request.

graphql-core's `execute` checks the schema, walks the document for fragments and collects the selected fields anew each
time. A cached `Operation` knows all that: here only the variables are coerced, and the collected fields of operations
without directives are kept with the operation. Plain attributes of leaf type skip the resolver machinery, which takes
most of the time of a small query. A compiled executor can later take the place of `Execution` behind `Executions`.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    assert_valid_schema,
    default_field_resolver,
    default_type_resolver,
    is_non_null_type,
)
from graphql.execution import Executor, create_source_event_stream
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_variable_values,
    input_is_nested_too_deeply,
)
from graphql.pyutils import Path, Undefined, gather_with_cancel
from graphql.utilities import coerce_input_value
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_edge.documents import Operation, Refused
from graphql_edge.errors import BAD_USER_INPUT
from graphql_edge.leaves import Leaf, is_awaitable, leaf_of
from graphql_edge.resolvers import call_directly

COERCION_ERRORS_MAX: Final = 10

_NESTED: Final = frozenset({dict, list})
_NO_VARIABLES: Final = VariableValues({}, {})


class Plan:
    """What the executions of one operation share; `root` only when no directive can change the selection."""

    __slots__ = ("fragments", "root", "root_type", "signatures", "sub_fields")

    def __init__(
        self,
        operation: Operation,
        root_type: GraphQLObjectType,
        signatures: list[tuple[str, GraphQLVariableSignature]],
    ) -> None:
        self.root_type = root_type
        self.signatures = signatures
        self.fragments = {
            name: FragmentDetails(definition) for name, definition in operation.document.fragments.items()
        }
        self.root: CollectedFields | None = None
        self.sub_fields: dict[Any, Any] = {}  # graphql-core's own memo, keyed by the lists that `root` keeps alive


class Execution(Executor[Any]):
    """One execution. `objects` counts the objects it answers with: the actual cost, by the rule of `cost`."""

    objects: int
    executions: "Executions"
    plan: Plan
    operation_extensions: None = None  # read by Strawberry's Info

    # Strawberry's Info expects the coerced variables as a dict.
    build_resolve_info = StrawberryGraphQLCoreExecutionContext.build_resolve_info

    def start(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Execute; the result is awaitable only if a resolver's was."""
        plan = self.plan
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
        leaves = self.executions.leaves(parent_type)
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
        self.objects += self.executions.weight(return_type)
        return super().collect_and_execute_subfields(return_type, field_details_list, path, result, position_context)


class Executions:
    """Makes executions over one schema and keeps what is known about its types."""

    def __init__(self, schema: GraphQLSchema) -> None:
        assert_valid_schema(schema)
        call_directly(schema)
        self.schema = schema
        self._leaves: dict[GraphQLObjectType, Mapping[str, Leaf]] = {}
        self._weights: dict[GraphQLObjectType, int] = {}

    def coerce(self, operation: Operation, variables: Mapping[str, Any]) -> VariableValues:
        """The variables as the operation declares them, or Refused."""
        declared = operation.definition.variable_definitions
        if not declared:
            return _NO_VARIABLES
        return self._coerced(self.plan(operation), variables) or self._coerced_or_refused(operation, variables)

    def _coerced(self, plan: Plan, variables: Mapping[str, Any]) -> VariableValues | None:
        # graphql-core makes the signatures from the document anew each time. This is its way for values that are
        # there and right; None sends all others, the deep ones, too, through its own function.
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, signature in plan.signatures:
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

    def _coerced_or_refused(self, operation: Operation, variables: Mapping[str, Any]) -> VariableValues:
        declared = operation.definition.variable_definitions or ()
        values = get_variable_values(self.schema, declared, dict(variables), COERCION_ERRORS_MAX)
        if isinstance(values, list):
            raise Refused(BAD_USER_INPUT, *values)
        return values

    def prepare(
        self, operation: Operation, variables: VariableValues, context: Any, root_value: Any = None
    ) -> Execution:
        """An execution ready to start. Make a new one for each: it gathers errors and counts."""
        plan = self.plan(operation)
        execution = Execution(
            self.schema,
            operation.document.fragments,
            plan.fragments,
            root_value,
            context,
            operation.definition,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=is_awaitable,  # type: ignore[arg-type]
        )
        execution.objects = 0
        execution.executions = self
        execution.plan = plan
        if plan.root is not None:
            execution._relevant_sub_fields = plan.sub_fields
        return execution

    async def source(self, execution: Execution) -> Any:
        """What the root field of a Live operation gives: an async iterable, or an ExecutionResult with errors."""
        stream = create_source_event_stream(execution)
        return await stream if is_awaitable(stream) else stream  # type: ignore[misc]

    def plan(self, operation: Operation) -> Plan:
        """What the executions of the operation share, made with the first."""
        plan: Plan | None = operation.plan
        if plan is not None:
            return plan
        root_type = self.schema.get_root_type(operation.kind)
        assert root_type is not None, "validation refuses operations that the schema has no root for"
        signatures = []
        for definition in operation.definition.variable_definitions or ():
            signature = get_variable_signature(self.schema, definition)
            assert isinstance(signature, GraphQLVariableSignature), "validation refuses types that are no input types"
            signatures.append((signature.name, signature))
        plan = operation.plan = Plan(operation, root_type, signatures)
        if operation.static:
            plan.root = collect_fields(self.schema, plan.fragments, _NO_VARIABLES, root_type, operation.definition)
        return plan

    def leaves(self, type_: GraphQLObjectType) -> Mapping[str, Leaf]:
        """The fields of a type that are plain attributes of leaf type, and __typename."""
        leaves = self._leaves.get(type_)
        if leaves is None:
            found = {name: leaf_of(field) for name, field in type_.fields.items()}
            leaves = {name: leaf for name, leaf in found.items() if leaf is not None}
            type_name = type_.name
            leaves["__typename"] = Leaf(lambda _source: type_name, str, nullable=False)
            self._leaves[type_] = leaves
        return leaves

    def weight(self, type_: GraphQLObjectType) -> int:
        """What one object of the type costs; see `cost`."""
        weight = self._weights.get(type_)
        if weight is None:
            name = type_.name
            free = name.endswith("Edge") or name == "PageInfo" or name.startswith("__")
            weight = self._weights[type_] = 0 if free else 1
        return weight
