"""From a decoded request to a response, the same for HTTP, sockets and event streams."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import msgspec
import strawberry
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import VariableValues

from graphql_edge import cost, errors
from graphql_edge.compat import core_schema
from graphql_edge.contract import Allowance, Call, Collaborators
from graphql_edge.documents import Documents, Operation, Refused
from graphql_edge.errors import ClientError
from graphql_edge.execution import Executions
from graphql_edge.limits import Limits
from graphql_edge.request import GraphQLRequest, decode_object, starts_with

Payload = dict[str, Any]

_encoder = msgspec.json.Encoder()


@dataclass(slots=True, eq=False)
class Prepared:
    """An operation that may be executed: chosen, coerced, within its limits and paid for."""

    engine: "Engine"
    operation: Operation
    raw_variables: dict[str, Any]
    variables: VariableValues
    call: Call
    requested: int
    allowance: Allowance | None

    def start(self) -> Payload | Awaitable[Payload]:
        """Execute a query or mutation: its response, awaitable only if a resolver was, or somebody watches."""
        observe = self.engine.collaborators.observe
        if observe is None:
            return self._started()
        watched: Payload | Awaitable[Payload] = observe(self.operation, self._started)
        return watched

    def _started(self) -> Payload | Awaitable[Payload]:
        operation = self.operation
        if operation.answer is not None:
            return self.payload(ExecutionResult(operation.answer), 0)
        engine = self.engine
        execution = engine.executions.prepare(operation, self.variables, engine.collaborators.context(self.call))
        result = execution.start()
        if isinstance(result, ExecutionResult):
            if operation.constant and not result.errors:
                operation.answer = result.data
            return self.payload(result, execution.objects)

        async def finish() -> Payload:
            return self.payload(await result, execution.objects)

        return finish()

    def payload(self, result: ExecutionResult, actual: int) -> Payload:
        """The response to a finished execution; gives back the cost that was not used."""
        figures = {"requested": self.requested, "actual": actual}
        allowance = self.allowance
        if allowance is not None:
            if actual < self.requested:
                spend = self.engine.collaborators.spend
                allowance = spend(self.call.principal, actual - self.requested) or allowance
            figures["limit"] = allowance.limit
            figures["remaining"] = allowance.remaining
        payload: Payload = {"data": result.data}
        if result.errors:
            payload["errors"] = errors.executed(result.errors, self.call.request_id)
        payload["extensions"] = {"cost": figures}
        return payload


class Engine:
    """One schema with its documents, executions, limits and callbacks."""

    def __init__(self, schema: strawberry.Schema, collaborators: Collaborators, limits: Limits) -> None:
        self.collaborators = collaborators
        self.limits = limits
        self.documents = Documents(core_schema(schema), limits, collaborators.batches)
        self.executions = Executions(schema)

    async def reauthorize(self, principal: Any) -> None:
        """Raises Unauthenticated when the credentials do not hold any more."""
        doubt = self.collaborators.reauthorize(principal)
        if doubt is not None:
            await doubt

    def operation(self, request: GraphQLRequest, principal: Any) -> Operation:
        """The operation that a request means, or Refused; RateLimited if its document would have to be read."""
        document = self.documents.known(request.query)
        if document is None:
            self.collaborators.spend(principal, cost.READING)
            document = self.documents.get(request.query)
        return document.operation(request.operation_name)

    def prepare(self, operation: Operation, request: GraphQLRequest, principal: Any, request_id: str) -> Prepared:
        """The operation with this request's variables, its cost taken from the budget. Refused or RateLimited."""
        variables, batch = self._variables(operation, request)
        requested = operation.cost(variables)
        most = self.limits.document.cost_max
        if requested > most:
            raise Refused(
                errors.TOO_COMPLEX,
                GraphQLError(f"The operation may cost {requested}, more than {most}: ask for shorter lists."),
            )
        coerced = self.executions.coerce(operation, variables)
        allowance = self.collaborators.spend(principal, requested)
        call = Call(principal, request_id, batch)
        return Prepared(self, operation, variables, coerced, call, requested, allowance)

    def _variables(self, operation: Operation, request: GraphQLRequest) -> tuple[dict[str, Any], Any]:
        if operation.batch is None or not starts_with(request.variables, b"{"):
            return decode_object(request.variables, "variables"), None
        try:
            return operation.batch.take(request.variables)
        except ClientError as error:
            raise Refused(error.code, GraphQLError(error.message)) from None

    def refusal(self, error: Exception, request_id: str) -> tuple[int, list[dict[str, Any]]]:
        """The status and errors of a request that was not executed. What nobody expected is logged and hidden."""
        if isinstance(error, Refused):
            return 400, errors.refused(error.errors, error.code, request_id)
        if isinstance(error, ClientError):
            return error.status, [errors.simple(error.message, error.code, request_id)]
        errors.log.error("unexpected error (request %s)", request_id, exc_info=error)
        return 500, [errors.simple("Internal error.", errors.INTERNAL, request_id)]


def encode(payload: Payload, request_id: str) -> bytes:
    """The response as JSON. A value that JSON has no form for is our own mistake: INTERNAL."""
    try:
        return _encoder.encode(payload)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        errors.log.error("response cannot be encoded (request %s)", request_id, exc_info=error)
        failed = {"data": None, "errors": [errors.simple("Internal error.", errors.INTERNAL, request_id)]}
        return _encoder.encode(failed)


def is_live(operation: Operation) -> bool:
    """Whether the operation answers more than once."""
    return operation.kind is OperationType.SUBSCRIPTION
