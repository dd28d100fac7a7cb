"""Usage events: recorded in batches, each counted once; corrected by new events."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import strawberry

from api.context import Info
from api.mutations.once import retry
from api.mutations.results import refusable
from api.scalars import JSON
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from domain.access import Scope
from domain.errors import invalid
from service.usage import RecordedEvent, UsageEvent, UsageEventStatus, UsageOutcome
from service.usage.correct import Correction


@strawberry.input(description="One thing that happened. It counts once, however often it is sent.")
class UsageEventInput:
    id: str = strawberry.field(description="The sender's id of the event, unique within its source.")
    customer: CustomerRef = strawberry.field(description="Who used it.")
    type: str = strawberry.field(description="What happened; meters say which types they read.")
    time: datetime | None = strawberry.field(default=None, description="When; on arrival when left out.")
    value: Decimal | None = strawberry.field(default=None, description="What meters without a property read.")
    properties: JSON | None = strawberry.field(default=None, description="An object; meters read one of its values.")
    source: str | None = strawberry.field(default=None, description="Which sender, if there are several.")
    subscription_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Which of the customer's subscriptions is charged for it; when left out, the one begun first that "
        "prices the meter. Only for meters of SUM and COUNT. Limits count it like any other.",
    )

    def event(self, position: int) -> UsageEvent:
        """Raises Refusal."""
        if self.properties is not None and not isinstance(self.properties, dict):
            raise invalid("must be an object", "events", str(position), "properties")
        return UsageEvent(
            self.id,
            self.customer,
            self.type,
            self.time,
            self.value,
            self.properties,
            self.source,
            self.subscription_id,
        )


@strawberry.input(description="Up to 10,000 events. Sending them again is safe.")
class RecordUsageInput:
    events: list[UsageEventInput] = strawberry.field(description="In any order.")


@strawberry.input(description="What an event should have said.")
class CorrectUsageInput:
    customer: CustomerRef = strawberry.field(description="Whose event.")
    id: str = strawberry.field(description="The sender's id of the event.")
    source: str | None = strawberry.field(default=None, description="Its source, if it had one.")
    value: Decimal | None = strawberry.field(
        default=None, description="Its value from now on. With neither value nor properties it does not count any more."
    )
    properties: JSON | None = strawberry.field(default=None, description="Its properties from now on.")
    reason: str = strawberry.field(description="Why, kept with the correction.")
    idempotency_key: str = strawberry.field(description="Yours, new for each request and the same for its retries.")


@strawberry.type(description="What became of one event.")
class UsageResult:
    id: str = strawberry.field(description="The sender's id.")
    status: UsageEventStatus = strawberry.field(description="Whether it is counted.")
    message: str | None = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="What came of recordUsage. Events that were refused do not hold up the others.")
class RecordUsagePayload:
    accepted: int = strawberry.field(default=0, description="How many are counted now.")
    duplicates: int = strawberry.field(default=0, description="How many were counted before.")
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why all of it was refused; a single event's fault is in `results`."
    )
    ids: strawberry.Private[Sequence[str]] = ()
    outcomes: strawberry.Private[Sequence[UsageOutcome]] = ()

    @strawberry.field(description="What became of each event, in the order they were sent.")
    def results(self, only: list[UsageEventStatus] | None = None) -> list[UsageResult]:
        return [
            UsageResult(id=id, status=outcome.status, message=outcome.message)
            for id, outcome in zip(self.ids, self.outcomes, strict=True)
            if only is None or outcome.status in only
        ]


@strawberry.type(description="A usage event as it was corrected.")
class CorrectedUsage:
    id: str = strawberry.field(description="The sender's id of the event.")
    type: str = strawberry.field(description="What happened.")
    time: datetime = strawberry.field(description="When it happened; a correction counts where the event did.")
    value: Decimal | None = strawberry.field(description="Its value from now on.")
    retracted: bool = strawberry.field(description="Whether it does not count any more.")
    recorded_at: datetime = strawberry.field(description="When it was corrected.")

    @classmethod
    def of(cls, event: RecordedEvent) -> "CorrectedUsage":
        return cls(
            id=event.corrects or event.id,
            type=event.type,
            time=event.time,
            value=event.value,
            retracted=event.retracted,
            recorded_at=event.recorded_at,
        )


@strawberry.type(description="What came of correctUsage.")
class CorrectUsagePayload:
    event: CorrectedUsage | None = strawberry.field(default=None, description="The event as it counts now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class UsageMutations:
    @strawberry.mutation(description="Count usage. Answers when all that is accepted is on disk.")
    @refusable(RecordUsagePayload)
    async def record_usage(self, info: Info, input: RecordUsageInput) -> RecordUsagePayload:
        context = info.context
        context.require(Scope.USAGE_WRITE)
        events = context.usage_events
        if events is None:
            sent = [event.event(position) for position, event in enumerate(input.events)]
            outcomes = await context.runtime.usage.record(sent, context.visible)
            ids = [event.id for event in sent]
        else:  # decoded before execution, since graphql-core takes 100 µs for each
            outcomes = await context.runtime.usage.record(events, context.visible)
            ids = [event.id for event in events]
        context.changed()
        statuses = [outcome.status for outcome in outcomes]
        return RecordUsagePayload(
            accepted=statuses.count(UsageEventStatus.ACCEPTED),
            duplicates=statuses.count(UsageEventStatus.DUPLICATE),
            ids=ids,
            outcomes=outcomes,
        )

    @strawberry.mutation(description="Correct what an event said, or take it back. The event itself stays on record.")
    @refusable(CorrectUsagePayload)
    async def correct_usage(self, info: Info, input: CorrectUsageInput) -> CorrectUsagePayload:
        context = info.context
        context.require(Scope.USAGE_WRITE)
        if input.properties is not None and not isinstance(input.properties, dict):
            raise invalid("must be an object", "properties")
        corrected = await context.runtime.usage.correct(
            Correction(
                input.customer, input.source, input.id, input.value, input.properties, input.reason, context.visible
            ),
            retry(context, "correctUsage", input),
        )
        context.changed()
        return CorrectUsagePayload(event=CorrectedUsage.of(corrected))
