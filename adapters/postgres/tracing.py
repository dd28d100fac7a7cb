"""Statements as spans: their text with places for values, never the values.

Both ways to the database are watched where they meet it: SQLAlchemy's, and that of the driver itself, which usage
takes. OpenTelemetry's instrumentation of SQLAlchemy would see the first only (and refuses SQLAlchemy 2.1).
"""

from contextvars import ContextVar
from time import time_ns
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from sqlalchemy import event

from adapters.postgres.connection import Engine

TEXT_LENGTH_MAX = 4_000

_PASSED_OVER = frozenset({";", "BEGIN;", "ROLLBACK;"})
"""The pool's pings, and the frame of what only reads."""

_by_sqlalchemy: ContextVar[bool] = ContextVar("by_sqlalchemy", default=False)
"""Whether the statement that runs is SQLAlchemy's, and seen already."""


def trace_statements(engine: Engine, tracer: Tracer) -> None:
    """Each statement inside a span becomes one of its own. Pings of the pool and the worker's looking around have no
    trace to belong to."""

    def begins(connection: Any, _cursor: Any, _text: str, _values: Any, context: Any, _many: bool) -> None:
        context._began_at = time_ns()
        _by_sqlalchemy.set(True)

    def ended(connection: Any, _cursor: Any, text: str, _values: Any, context: Any, _many: bool) -> None:
        _by_sqlalchemy.set(False)
        _told(tracer, text, context._began_at, time_ns(), None)

    def broke(raised: Any) -> None:
        _by_sqlalchemy.set(False)
        began_at = getattr(raised.execution_context, "_began_at", None)
        if raised.statement and began_at is not None:
            _told(tracer, raised.statement, began_at, time_ns(), raised.original_exception)

    def logged(query: Any) -> None:
        if not _by_sqlalchemy.get():
            now = time_ns()
            _told(tracer, query.query, now - int(query.elapsed * 1e9), now, query.exception)

    def connected(connection: Any, _record: object) -> None:
        connection.driver_connection.add_query_logger(logged)

    event.listen(engine.sync_engine, "before_cursor_execute", begins)
    event.listen(engine.sync_engine, "after_cursor_execute", ended)
    event.listen(engine.sync_engine, "handle_error", broke)
    event.listen(engine.sync_engine, "connect", connected)


def _told(tracer: Tracer, text: str, began_at: int, ended_at: int, error: BaseException | None) -> None:
    # The driver tells of a statement a moment later: the span that it belongs to may have ended.
    if text in _PASSED_OVER or not trace.get_current_span().get_span_context().trace_flags.sampled:
        return
    words = text.split(None, 1)
    span = tracer.start_span(
        words[0].upper().rstrip(";"),
        kind=SpanKind.CLIENT,
        attributes={"db.system.name": "postgresql", "db.query.text": text.strip()[:TEXT_LENGTH_MAX]},
        start_time=began_at,
    )
    if error is not None:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))
    span.end(ended_at)
