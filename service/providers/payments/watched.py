"""A provider whose calls are timed, counted and traced, whatever it can be asked for. What breaks on the way to it
(OSError) is raised as Unknown, so that nobody takes it for an outage of the database."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic
from typing import Any, TypeVar, cast

from adapters.metrics import Instruments
from adapters.tracing import SpanKind, Tracing
from domain.providers import provider as port

P = TypeVar("P")

OUTCOMES = frozenset(
    outcome.__name__
    for outcome in (port.Succeeded, port.Failed, port.NeedsAction, port.ChargedBack, port.Refused, port.Mirrored)
)
"""Named as they are; whatever else comes back is an answer."""


def watched(provider: P, name: str, instruments: Instruments, tracing: Tracing | None) -> P:
    """The same provider, watched. Its operations are its methods, so that there are not more of them than we wrote."""
    return cast(P, _Watched(provider, name, instruments, tracing))


class _Watched:
    def __init__(self, provider: object, name: str, instruments: Instruments, tracing: Tracing | None) -> None:
        self._provider = provider
        self._name = name
        self._instruments = instruments
        self._tracing = tracing

    def __getattr__(self, operation: str) -> Any:
        found = getattr(self._provider, operation)
        if operation == "listing" and found is not None:
            return watched(found, self._name, self._instruments, self._tracing)
        if inspect.isasyncgenfunction(found):
            return _listed(found)
        if not inspect.iscoroutinefunction(found):
            return found
        asked = self._asked(operation, found)
        setattr(self, operation, asked)  # found at once the next time
        return asked

    def _asked(self, operation: str, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def asked(*given: Any, **named: Any) -> Any:
            began, outcome, error = monotonic(), "Cancelled", True
            with self._span(operation) as span:
                try:
                    with _breaking_off():
                        answer = await ask(*given, **named)
                    outcome, error = type(answer).__name__, False
                    outcome = outcome if outcome in OUTCOMES else "Answered"
                    return answer
                except Exception as raised:
                    # A provider that says what it will not do, or that it takes days, has answered.
                    error = not isinstance(raised, port.Unsayable | port.Processing)
                    outcome = type(raised).__name__ if isinstance(raised, port.Unknown | port.Unsayable) else "Error"
                    raise
                finally:
                    if span is not None:
                        span.set_attribute("tollgate.outcome", outcome)
                    self._instruments.provider_called(self._name, operation, outcome, monotonic() - began, error=error)

        return asked

    def _span(self, operation: str) -> Any:
        if self._tracing is None:
            return nullcontext()
        attributes = {"tollgate.provider": self._name, "tollgate.operation": operation}
        return self._tracing.span(f"{self._name} {operation}", attributes, SpanKind.CLIENT)


def _listed(ask: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    async def listed(*given: Any, **named: Any) -> AsyncIterator[Any]:
        with _breaking_off():
            async for found in ask(*given, **named):
                yield found

    return listed


@contextmanager
def _breaking_off() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise port.Unknown(f"no answer: {type(error).__name__}") from error
