"""Traces by OpenTelemetry: off unless there is somewhere to send them. Spans name operations, commands, provider calls
and statements; of what was asked, told or found they hold nothing, so that nobody's data can be in them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

__all__ = ["Span", "SpanKind", "Tracing", "open_tracing"]

Attributes = Mapping[str, str | int | bool]

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_traceparent = TraceContextTextMapPropagator()


class Tracing:
    """Spans of one application; `provider` collects them."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self.tracer = provider.get_tracer("tollgate")

    @contextmanager
    def span(
        self,
        name: str,
        attributes: Attributes | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Context | None = None,
    ) -> Iterator[Span]:
        """Inside, it is the parent of what begins. Of an error it keeps the type and not the message, which may repeat
        what somebody sent."""
        with self.tracer.start_as_current_span(
            name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                failed(span, type(error).__name__)
                raise

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def failed(span: Span, why: str) -> None:
    span.set_attribute("error.type", why)
    span.set_status(Status(StatusCode.ERROR))


def caller(traceparent: str | None) -> Context | None:
    """The trace that a caller says they are in (https://www.w3.org/TR/trace-context)."""
    return None if traceparent is None else _traceparent.extract({"traceparent": traceparent})


def open_tracing(endpoint: str | None) -> Tracing | None:
    """Spans go to the OTLP collector at `endpoint` (https://host:4318/v1/traces), or where OpenTelemetry's own
    variables say. None: neither names one, or OTEL_SDK_DISABLED is true."""
    given = endpoint or next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), None)
    if given is None or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    # Loaded only when it is wanted: it takes a while, and memory.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "tollgate"}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return Tracing(provider)
