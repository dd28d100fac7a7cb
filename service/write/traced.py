"""The write path with a span for each command and for what is read to bill. Without tracing it is not wrapped, at no
cost.

A batch of due work is one span: its accounts are advanced side by side, and one span each would say little."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from adapters.postgres.connection import Connection, Engine
from adapters.tracing import Span, Tracing, failed
from domain.books.invoice import Invoice
from domain.engine import Answer, Question
from domain.errors import Refusal
from service.clock import Clock
from service.write.pending_events import By, PendingEvents
from service.write.record import CaughtUp, Record, Recorded, Recording
from service.write.sources import AnswerSource, NewestCatalog, Transaction
from service.write.streams import kind_of


class TracedRecord(Recording):
    def __init__(self, engine: Engine, clock: Clock, changed: Callable[[str], None], tracing: Tracing) -> None:
        self._tracing = tracing
        self._record = Record(engine, clock, changed, self._source)

    async def __call__(self, stream_id: str, command: Any, by: By, **terms: Any) -> Recorded:
        with self._tracing.span("record", {"tollgate.stream": kind_of(stream_id).name}) as span:
            try:
                recorded = await self._record(stream_id, lambda: _named(span, command), by, **terms)
            except Refusal as refusal:
                failed(span, refusal.code.value)
                raise
            span.set_attribute("tollgate.events", len(recorded.entries))
            return recorded

    async def catch_up(self, customer_ids: Collection[str]) -> Mapping[str, CaughtUp]:
        with self._tracing.span("catch up", {"tollgate.accounts": len(customer_ids)}):
            return await self._record.catch_up(customer_ids)

    async def preview(self, stream_id: str, command: Any, by: By) -> tuple[PendingEvents, Invoice | None]:
        return await self._record.preview(stream_id, command, by)

    def _source(self, connection: Connection, newest: NewestCatalog) -> AnswerSource:
        return _TracedSource(Transaction(connection, newest), self._tracing)


def _named(span: Span, command: Any) -> Any:
    """The command, by whose name the span is called: one that is made by a function has none before it is needed."""
    made = command() if callable(command) else command
    name = type(made).__name__
    span.update_name(f"record {name}")
    span.set_attribute("tollgate.command", name)
    return made


class _TracedSource:
    def __init__(self, source: AnswerSource, tracing: Tracing) -> None:
        self._source = source
        self._tracing = tracing

    async def answers(self, questions: Sequence[Question]) -> Sequence[Answer]:
        first = min(question.at for question in questions).isoformat()
        with self._tracing.span("bill", {"tollgate.at": first, "tollgate.accounts": len(questions)}):
            return await self._source.answers(questions)
