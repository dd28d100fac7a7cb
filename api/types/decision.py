"""What a gate answers."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.scalars import JSON, Cursor
from api.types.computed import computed
from api.types.plan import Plan
from domain.rights.gate import DecisionReason
from service.gates.snapshot import GateAnswer


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

    def __init__(self, answer: GateAnswer) -> None:
        decision = answer.decision
        self._answer = answer
        self.allowed = decision.allowed
        self.reason = decision.reason
        self.feature = decision.feature
        self.limit = decision.limit
        self.used = decision.used
        self.remaining = decision.remaining
        self.resets_at = decision.resets_at
        self.value = decision.value
        self.trace = list(decision.trace)
        self.as_of = answer.as_of
        self.version = Cursor(answer.version)

    @classmethod
    def of(cls, answer: GateAnswer) -> "FeatureDecision":
        """As it was decided."""
        return cls(answer)


computed(
    FeatureDecision,
    cheapest_plan=lambda self: (
        None if self._answer.cheapest is None else Plan.of(self._answer.catalog, self._answer.cheapest)
    ),
)
