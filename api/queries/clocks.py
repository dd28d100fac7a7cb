"""Test clocks."""

from typing import Annotated

import strawberry

from adapters.postgres.reads import clocks
from api.context import Info
from api.types.clock import TestClock
from api.types.connection import Connection, Edge, page
from domain.access import Scope
from service.ids import prefix_of


@strawberry.type
class ClockQueries:
    @strawberry.field(description="A test clock. Whoever sees a customer sees the clock that the customer lives by.")
    async def test_clock(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> TestClock | None:
        info.context.require(Scope.CUSTOMERS_READ)
        clock = await info.context.loaders.clocks.load(id) if prefix_of(id) == "clock" else None
        return None if clock is None else TestClock.of(clock)

    @strawberry.field(description="Test clocks, oldest first.")
    async def test_clocks(
        self,
        info: Info,
        first: Annotated[
            int | None,
            strawberry.argument(description="At most this many, from the start. One of first and last is required."),
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
        last: Annotated[
            int | None,
            strawberry.argument(description="At most this many, from the end. One of first and last is required."),
        ] = None,
        before: Annotated[str | None, strawberry.argument(description="What comes before this cursor.")] = None,
    ) -> Connection[TestClock]:
        context = info.context
        context.require(Scope.CUSTOMERS_READ)
        request = page("clocks", first=first, after=after, last=last, before=before)
        found = await clocks.page(
            context.runtime.engine,
            context.visible,
            limit=request.read,
            after=request.after,
            before=request.before,
            backwards=request.backwards,
        )
        shown, page_info = request.connection(found, lambda clock: clock.id)
        edges = [Edge(cursor=cursor, node=TestClock.of(clock)) for cursor, clock in shown]
        return Connection(edges=edges, page_info=page_info)
