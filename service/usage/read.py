"""Reads usage: figures of periods, histories by the calendar, and the events themselves."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from adapters.postgres.usage import events, periods
from adapters.postgres.usage.events import ALL, EventFilter, EventPosition
from adapters.postgres.usage.periods import UsageQuery
from domain.errors import invalid
from domain.period import Grain, Period, buckets
from service.usage.base import Base
from service.usage.events import RecordedEvent

POINTS_MAX = 1_000
PAGE_MAX = 100


class Point(NamedTuple):
    """What the meter read in the bucket that begins at `start`."""

    start: datetime
    value: Decimal


async def used_many(base: Base, asks: Sequence[UsageQuery]) -> list[Decimal]:
    """The figure of each, in a constant number of statements."""
    if not asks:
        return []
    async with base.driver() as driver:
        return await periods.used(driver, asks)


async def history(base: Base, ask: UsageQuery, by: Grain, zone: str) -> list[Point]:
    """The ask's period cut into buckets of the customer's calendar, up to the customer's present. Raises Refusal."""
    cut: list[Period] = []
    for bucket in buckets(ask.period, by, zone):
        if bucket.start > ask.at:
            break
        cut.append(bucket)
        if len(cut) > POINTS_MAX:
            raise invalid(f"the period has more than {POINTS_MAX} buckets", "period")
    figures = await used_many(base, [ask._replace(period=bucket) for bucket in cut])
    return [Point(bucket.start, value) for bucket, value in zip(cut, figures, strict=True)]


async def events_page(
    base: Base,
    customer_id: str,
    type: str,
    period: Period,
    after: EventPosition | None,
    first: int,
    chosen: EventFilter = ALL,
) -> list[RecordedEvent]:
    """Up to `first` (1 to 100) events of the type, corrections among them, in order of (time, source, id, revision):
    those of the last one are the `after` of the next page."""
    if not 1 <= first <= PAGE_MAX:
        raise invalid(f"must be 1 to {PAGE_MAX}", "first")
    async with base.driver() as driver:
        rows = await events.page(driver, customer_id, type, period, after, first, chosen)
    return [
        RecordedEvent(
            id=row.id,
            source=row.source,
            type=type,
            time=row.time,
            value=row.value,
            properties=row.properties,
            recorded_at=row.recorded_at,
            corrects=row.corrects,
            revision=row.revision,
            retracted=row.retracted,
            reason=row.reason,
            subscription_id=row.subscription_id,
        )
        for row in rows
    ]
