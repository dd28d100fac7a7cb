"""Single usage events in pages."""

from datetime import datetime
from functools import partial
from typing import Annotated

from msgspec import Meta

from api.context import Context
from api.types.connection import Connection, Edge, page
from api.types.usage import UsageEvent
from domain.catalog import Meter
from domain.period import Period
from service.usage import ALL, EventFilter, RecordedEvent

_Text = Annotated[str, Meta(pattern=r"\A[^\x00]{0,255}\Z")]
Place = tuple[Annotated[datetime, Meta(tz=True)], _Text, _Text, Annotated[int, Meta(ge=0, le=2**31 - 1)]]


async def events_connection(
    context: Context,
    customer_id: str,
    meter: Meter,
    period: Period,
    first: int | None,
    after: str | None,
    chosen: EventFilter = ALL,
) -> Connection[UsageEvent]:
    """The customer's events that a meter read in a period, those that are chosen. Raises ClientError. They are read one
    customer after the other (`Loaders.turn`)."""
    request = page("usage", customer_id, first=first, after=after, key=Place)
    read = partial(context.runtime.usage.reads.events_page, customer_id, meter.event_type, period, chosen=chosen)
    async with context.loaders.turn:
        found = await read(request.after, request.limit)
        if len(found) == request.limit:  # is there more?
            found += await read(_place(found[-1]), 1)
    edges, page_info = request.connection(found, _place)
    return Connection(
        edges=[Edge(cursor=cursor, node=UsageEvent.of(event)) for cursor, event in edges], page_info=page_info
    )


def _place(event: RecordedEvent) -> Place:
    return event.time, event.source, event.id, event.revision
