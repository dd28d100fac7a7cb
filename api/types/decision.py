"""What a gate answers."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.scalars import JSON, Cursor
from api.types.computed import computed
from api.types.plan import Plan
from domain.catalog import Catalog
from domain.gate import DecisionReason
from service.snapshot import Answer


@strawberry.type(description="Whether a customer may use a feature, and why.")
class FeatureDecision:
    allowed: bool = strawberry.field(description="The answer.")
    reason: DecisionReason = strawberry.field(description="Why, for programs.")
    feature: str = strawberry.field(description="The key that was asked for.")
    limit: Decimal | None = strawberry.field(description="How much in the period; null: unlimited, or not a limit.")
    used: Decimal | None = strawberry.field(description="How much of it is used.")
    remaining: Decimal | None = strawberry.field(description="What was left before this use; null: unlimited.")
    resets_at: datetime | None = strawberry.field(description="When counting begins anew; null: never.")
    value: JSON | None = strawberry.field(description="VALUE: the setting.")
    trace: list[str] = strawberry.field(description="Each step that led here, in order, for people.")
    cheapest_plan: Plan | None = strawberry.field(
        description="Denied: the cheapest plan on sale that would allow it; null: none would, or allowed."
    )
    as_of: datetime = strawberry.field(description="The instant that it was decided for.")
    version: Cursor = strawberry.field(description="The position of the customer's journal that it was decided from.")

    def __init__(self, catalog: Catalog, answer: Answer) -> None:
        self._catalog = catalog
        self._cheapest = answer.cheapest_plan
        self.allowed = answer.allowed
        self.reason = answer.reason
        self.feature = answer.feature
        self.limit = answer.limit
        self.used = answer.used
        self.remaining = answer.remaining
        self.resets_at = answer.resets_at
        self.value = answer.value
        self.trace = list(answer.trace)
        self.as_of = answer.as_of
        self.version = Cursor(answer.version)

    @classmethod
    def of(cls, catalog: Catalog, answer: Answer) -> "FeatureDecision":
        """`catalog` is the one that the answer's plan is from."""
        return cls(catalog, answer)


computed(
    FeatureDecision,
    cheapest_plan=lambda self: None if self._cheapest is None else Plan.of(self._catalog, self._cheapest),
)
