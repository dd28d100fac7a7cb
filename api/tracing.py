"""Spans of requests and of the operations in them: by the operation's name, never by its document or variables, which
hold what people typed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.types import Message, Receive, Scope, Send

from graphql_edge.documents import Operation
from graphql_edge.endpoint import Front
from service.tracing import SpanKind, Tracing, caller, failed

T = TypeVar("T")

NAME_LENGTH_MAX = 100


@dataclass(frozen=True, slots=True)
class TracedFront(Front):
    """The application with a span for each HTTP request, in the trace that the caller names, if any."""

    tracing: Tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # each operation on a socket is a trace of its own
            await Front.__call__(self, scope, receive, send)
            return
        traceparent = next((value for name, value in scope["headers"] if name == b"traceparent"), None)
        parent = caller(None if traceparent is None else traceparent.decode("latin-1"))
        route = self.path if scope["path"] == self.path else ""  # other paths hold ids
        method = str(scope["method"])
        attributes = {"http.request.method": method, **({"http.route": route} if route else {})}
        with self.tracing.span(f"{method} {route}".strip(), attributes, SpanKind.SERVER, parent) as span:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        failed(span, str(message["status"]))
                await send(message)

            await Front.__call__(self, scope, receive, told)


def observing(tracing: Tracing) -> Callable[[Operation, Callable[[], Any]], Any]:
    """For the endpoint's `observe`: what starts an execution is given, its answer handed on."""

    def observe(operation: Operation, start: Callable[[], T | Awaitable[T]]) -> Awaitable[T]:
        kind = operation.kind.value
        name = operation.definition.name
        attributes = {"graphql.operation.type": kind}
        if name is not None:
            attributes["graphql.operation.name"] = name.value[:NAME_LENGTH_MAX]
        return _executed(tracing, " ".join(attributes.values()), attributes, start)

    return observe


async def _executed(
    tracing: Tracing, name: str, attributes: dict[str, str], start: Callable[[], T | Awaitable[T]]
) -> T:
    with tracing.span(name, attributes):
        started = start()
        return await started if isinstance(started, Awaitable) else started
