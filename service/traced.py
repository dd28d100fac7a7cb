"""The write path with a span for each command and for what is read to bill. Without tracing the plain classes run, at
no cost.

A batch of due work is one span: its accounts are advanced side by side, and one span each would say little."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from adapters.postgres.connection import Connection, Engine
from adapters.tracing import Tracing, current, failed
from domain.engine import Answer, Question
from domain.errors import Refusal
from service.clock import Clock
from service.draft import By, Draft
from service.record import CaughtUp, Record, Recorded
from service.sources import Source
from service.streams import kind_of


class TracedRecord(Record):
    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        changed: Callable[[str], None],
        tracing: Tracing,
    ) -> None:
        super().__init__(engine, clock, changed)
        self._tracing = tracing

    async def __call__(self, stream_id: str, command: Any, by: By, **terms: Any) -> Recorded:
        with self._tracing.span("record", {"tollgate.stream": kind_of(stream_id).name}) as span:
            try:
                recorded = await super().__call__(stream_id, command, by, **terms)
            except Refusal as refusal:
                failed(span, refusal.code.value)
                raise
            span.set_attribute("tollgate.events", len(recorded.entries))
            return recorded

    async def catch_up(self, customer_ids: Collection[str]) -> Mapping[str, CaughtUp]:
        with self._tracing.span("catch up", {"tollgate.accounts": len(customer_ids)}):
            return await super().catch_up(customer_ids)

    async def _decide(
        self, connection: Connection, stream_id: str, command: Any, by: By, check: Callable[[Draft], None] | None
    ) -> Recorded:
        name = type(command).__name__  # only here is it known: it may have been made by a function
        span = current()
        span.update_name(f"record {name}")
        span.set_attribute("tollgate.command", name)
        return await super()._decide(connection, stream_id, command, by, check)

    def _source(self, connection: Connection) -> Source:
        return _TracedSource(super()._source(connection), self._tracing)


class _TracedSource:
    def __init__(self, source: Source, tracing: Tracing) -> None:
        self._source = source
        self._tracing = tracing

    async def told(self, questions: Sequence[Question]) -> Sequence[Answer]:
        first = min(one.at for one in questions).isoformat()
        with self._tracing.span("bill", {"tollgate.at": first, "tollgate.accounts": len(questions)}):
            return await self._source.told(questions)
