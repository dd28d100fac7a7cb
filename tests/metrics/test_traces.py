"""Traces: what one subscribe leaves, and that nothing of anybody is in it."""

from collections.abc import AsyncIterator

import marked
import pytest_asyncio
from e2e.deployment import Deployment, serving, stock
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.tracing import Tracing


class Traced:
    """A running application and the spans that it has ended."""

    def __init__(self, deployment: Deployment, exporter: InMemorySpanExporter) -> None:
        self.api = deployment.api
        self.exporter = exporter

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def tree(self, root: str) -> list[str]:
        """The newest trace with this root: each span by name, below its parent and in order of their beginnings, with
        as many dots before it as it is deep. Statements that follow each other are one."""
        top = next(span for span in reversed(self.spans) if span.name == root)
        lines: list[str] = []

        def add(span: ReadableSpan, depth: int) -> None:
            statement = (span.attributes or {}).get("db.query.text") is not None
            line = "." * depth + ("SQL" if statement else span.name)
            if not (statement and lines and lines[-1] == line):
                lines.append(line)
            below = [one for one in self.spans if one.parent and one.parent.span_id == span.context.span_id]
            for one in sorted(below, key=lambda one: one.start_time or 0):
                add(one, depth + 1)

        add(top, 0)
        return lines


@pytest_asyncio.fixture
async def traced(dsn: str) -> AsyncIterator[Traced]:
    await stock(dsn)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with serving(dsn, tracing=Tracing(provider)) as running:
        yield Traced(running, exporter)


async def test_one_subscribe_is_one_tree(traced: Traced) -> None:
    await marked.appear(traced.api)
    await marked.subscribe(traced.api)
    assert traced.tree("POST /graphql") == [
        "POST /graphql",
        ".mutation Subscribe",
        "..SQL",
        "..record Subscribe",
        "...SQL",
        "...bill",
        "....SQL",
        "...SQL",
        "..SQL",
    ]


async def test_a_charge_is_a_call_of_its_provider_between_two_commands(traced: Traced) -> None:
    customer = await marked.appear(traced.api)
    await marked.subscribe(traced.api)
    assert await marked.pay(traced.api, customer, "succeeds") == "SUCCEEDED"
    found = [line.strip(".") for line in traced.tree("POST /graphql") if not line.endswith("SQL")]
    assert found == [
        "POST /graphql",
        "mutation",
        "record PayInvoice",
        "simulated link",
        "record LinkProvider",
        "simulated charge",
        "record SettlePayment",
    ]


async def test_no_span_says_anything_of_anybody(traced: Traced) -> None:
    await marked.live(traced.api)
    told = "\n".join(span.to_json() for span in traced.spans).lower()
    assert "record subscribe" in told
    assert "insert into journal" in told
    assert [mark for mark in marked.MARKS if mark in told] == []
