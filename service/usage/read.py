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
from domain.rights.gate import FeatureUsage
from service.gates.snapshot import UsageOfEntitlement
from service.usage.allowance import allowances
from service.usage.base import Base
from service.usage.events import RecordedEvent

POINTS_MAX = 1_000
PAGE_MAX = 100


class Point(NamedTuple):
    """What the meter read in the bucket that begins at `start`."""

    start: datetime
    value: Decimal


class UsageReads:
    """Reads the usage of customers whom the caller was found to see."""

    def __init__(self, base: Base) -> None:
        self._base = base

    async def of(self, wanted: Sequence[UsageOfEntitlement]) -> list[FeatureUsage]:
        """What each entitlement has used, held and carried over at its instant, in a constant number of statements."""
        if not wanted:
            return []
        async with self._base.driver() as driver:
            return await allowances(driver, await self._base.catalog(driver), wanted)

    async def used(self, queries: Sequence[UsageQuery]) -> list[Decimal]:
        """The figure of each, in a constant number of statements."""
        if not queries:
            return []
        async with self._base.driver() as driver:
            return await periods.used(driver, queries)

    async def history(self, query: UsageQuery, by: Grain, zone: str) -> list[Point]:
        """The query's period in buckets of the customer's calendar, none later than its `at`. Refuses more than
        1,000."""
        cut: list[Period] = []
        for bucket in buckets(query.period, by, zone):
            if bucket.start > query.at:
                break
            cut.append(bucket)
            if len(cut) > POINTS_MAX:
                raise invalid(f"the period has more than {POINTS_MAX} buckets", "period")
        figures = await self.used([query._replace(period=bucket) for bucket in cut])
        return [Point(bucket.start, value) for bucket, value in zip(cut, figures, strict=True)]

    async def events_page(
        self,
        customer_id: str,
        type: str,
        period: Period,
        after: EventPosition | None,
        first: int,
        chosen: EventFilter = ALL,
    ) -> list[RecordedEvent]:
        """Up to `first` (1 to 100) events of the type, corrections among them, in order of (time, source, id,
        revision): those of the last one are the `after` of the next page."""
        if not 1 <= first <= PAGE_MAX:
            raise invalid(f"must be 1 to {PAGE_MAX}", "first")
        async with self._base.driver() as driver:
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
