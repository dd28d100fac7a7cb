"""What a customer has used."""

from datetime import datetime
from decimal import Decimal

import msgspec
import strawberry

from api.scalars import JSON
from api.types.computed import computed
from api.types.feature import Feature
from api.types.values import Period
from domain import period as calendar
from domain.catalog import Catalog
from domain.catalog import Feature as CatalogFeature
from domain.usage import percent
from service.usage import RecordedEvent


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
        counted: calendar.Period,
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
        share = percent(used, limit)
        self.percent = None if share is None else float(share)


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
    revision: int = strawberry.field(
        description="0 for the event as sent; of an event and its corrections the highest one counts."
    )
    retracted: bool = strawberry.field(description="Whether this correction takes the event back.")
    reason: str | None = strawberry.field(description="Why it was corrected.")
    subscription_id: strawberry.ID | None = strawberry.field(description="Which subscription it named.")

    @classmethod
    def of(cls, event: RecordedEvent) -> "UsageEvent":
        """As it was recorded."""
        return cls(
            id=event.id,
            source=event.source or None,
            type=event.type,
            time=event.time,
            value=event.value,
            properties=None if event.properties is None else JSON(msgspec.json.decode(event.properties)),
            recorded_at=event.recorded_at,
            corrects=event.corrects,
            revision=event.revision,
            retracted=event.retracted,
            reason=event.reason,
            subscription_id=None if event.subscription_id is None else strawberry.ID(event.subscription_id),
        )


computed(
    UsageMeter,
    feature=lambda self: Feature.of(self._catalog, self._feature),
    period=lambda self: Period.of(self._period),
)
