"""Executing operations with graphql-core, without what repeats from request to request.

graphql-core's `execute` checks the schema, walks the document for fragments and collects the selected fields anew each
time. A cached `Operation` knows all that: here only the variables are coerced, and the collected fields of operations
without directives are kept with the operation. Plain attributes of leaf type skip the resolver machinery, which takes
most of the time of a small query. How graphql-core is made to do so is in `compat`; a compiled executor can later take
the place of its `Execution`.
"""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from graphql import GraphQLObjectType, assert_valid_schema
from graphql.execution import VariableValues, create_source_event_stream, get_variable_values

from graphql_edge.compat import NO_VARIABLES, Execution, Leaf, Plan, core_schema, is_awaitable, leaf_of
from graphql_edge.documents import Operation, Refused
from graphql_edge.errors import BAD_USER_INPUT
from graphql_edge.resolvers import call_directly

COERCION_ERRORS_MAX: Final = 10


class Executions:
    """Makes executions over one schema and keeps what is known about its types."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._schema = core_schema(schema)
        assert_valid_schema(self._schema)
        call_directly(schema)
        self._leaves: dict[GraphQLObjectType, Mapping[str, Leaf]] = {}
        self._weights: dict[GraphQLObjectType, int] = {}

    def coerce(self, operation: Operation, variables: Mapping[str, Any]) -> VariableValues:
        """The variables as the operation declares them, or Refused."""
        declared = operation.definition.variable_definitions
        if not declared:
            return NO_VARIABLES
        coerced = self._plan(operation).coerced(variables)
        if coerced is not None:
            return coerced
        values = get_variable_values(self._schema, declared, dict(variables), COERCION_ERRORS_MAX)
        if isinstance(values, list):
            raise Refused(BAD_USER_INPUT, *values)
        return values

    def prepare(
        self, operation: Operation, variables: VariableValues, context: Any, root_value: Any = None
    ) -> Execution:
        """An execution ready to start. Make a new one for each: it gathers errors and counts."""
        return Execution(self._plan(operation), variables, root_value, context, self.leaves, self.weight)

    async def source(self, execution: Execution) -> Any:
        """What the root field of a Live operation gives: an async iterable, or an ExecutionResult with errors."""
        stream = create_source_event_stream(execution)
        return await stream if is_awaitable(stream) else stream  # type: ignore[misc]

    def _plan(self, operation: Operation) -> Plan:
        """What the executions of the operation share, made with the first."""
        plan: Plan | None = operation.plan
        if plan is None:
            fragments = operation.document.fragments
            plan = operation.plan = Plan(self._schema, operation.definition, fragments, operation.static)
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
