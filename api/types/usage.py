"""What a customer has used."""

from datetime import datetime
from decimal import Decimal

import msgspec
import strawberry

from adapters.postgres.reads.usage import PageRow
from api.scalars import JSON
from api.types.computed import computed
from api.types.feature import Feature
from api.types.values import Period
from domain import usage
from domain.catalog import Catalog
from domain.catalog import Feature as CatalogFeature


@strawberry.type(description="What a meter reads for a period, beside the limit.")
class UsageMeter:
    feature: Feature = strawberry.field(description="Of what.")
    used: Decimal = strawberry.field(description="The figure of the period.")
    limit: Decimal | None = strawberry.field(
        description="How much the customer may use in it; null: unlimited, or no limit holds for just this period."
    )
    remaining: Decimal | None = strawberry.field(description="What is left, less what is reserved; never below 0.")
    period: Period = strawberry.field(description="What is counted together.")
    percent: float | None = strawberry.field(description="How much of the limit is used, cut to 2 decimals.")
    as_of: datetime = strawberry.field(description="The instant up to which is counted.")

    def __init__(
        self,
        catalog: Catalog,
        feature: CatalogFeature,
        counted: period.Period,
        used: Decimal,
        as_of: datetime,
        *,
        limit: Decimal | None = None,
        remaining: Decimal | None = None,
    ) -> None:
        self._catalog = catalog
        self._feature = feature
        self._period = counted
        self.used = used
        self.limit = limit
        self.remaining = remaining
        self.as_of = as_of
        percent = usage.percent(used, limit)
        self.percent = None if percent is None else float(percent)


@strawberry.type(description="What a meter reads for one step of a history.")
class UsagePoint:
    start: datetime = strawberry.field(description="Where the step begins; it ends where the next one begins.")
    value: Decimal = strawberry.field(description="The figure of the step.")


@strawberry.type(description="One usage event as it was accepted, or a correction of one.")
class UsageEvent:
    id: str = strawberry.field(description="The sender's id.")
    source: str | None = strawberry.field(description="Which sender; ids are told apart by it.")
    type: str = strawberry.field(description="What happened.")
    time: datetime = strawberry.field(description="When it happened.")
    value: Decimal | None = strawberry.field(description="Its value, as sent.")
    properties: JSON | None = strawberry.field(description="What else was sent with it.")
    recorded_at: datetime = strawberry.field(description="When it was accepted.")
    corrects: str | None = strawberry.field(description="The id of the event that it corrects.")
    retracted: bool = strawberry.field(description="Whether this correction takes the event back.")
    reason: str | None = strawberry.field(description="Why it was corrected.")

    @classmethod
    def of(cls, type: str, row: PageRow) -> "UsageEvent":
        """As the row has it."""
        return cls(
            id=row.id,
            source=row.source or None,
            type=type,
            time=row.time,
            value=row.value,
            properties=None if row.properties is None else JSON(msgspec.json.decode(row.properties)),
            recorded_at=row.recorded_at,
            corrects=row.corrects,
            retracted=row.retracted,
            reason=row.reason,
        )


computed(
    UsageMeter,
    feature=lambda self: Feature.of(self._catalog, self._feature),
    period=lambda self: Period.of(self._period),
)
