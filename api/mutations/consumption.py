"""Using up limits: check and count in one step, or hold first and use later."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import strawberry

from api.context import Context, Info
from api.mutations.once import retry
from api.mutations.results import refusable
from api.types.customer_ref import CustomerRef
from api.types.decision import FeatureDecision
from api.types.errors import UserError
from domain.access import Scope
from domain.rights.gate import Decision
from service.gates.can_use import GateCustomer, explained
from service.usage import Reservation as Held
from service.usage import ReservationState
from service.usage.gate import UseRequest
from service.usage.reserve import Settling

_KEY = "Yours, new for each request and the same for its retries."
_SUBSCRIPTION = "Which of their subscriptions is charged for it, as in UsageEventInput."
_DENIED = "Why it was refused. A denied use is no refusal: it is in `decision`, and changes nothing."


@strawberry.input(description="A use of a metered feature.")
class ConsumeInput:
    customer: CustomerRef = strawberry.field(description="Who uses it.")
    feature: str = strawberry.field(description="The feature's key.")
    quantity: Decimal | None = strawberry.field(default=Decimal(1), description="How much.")
    subscription_id: strawberry.ID | None = strawberry.field(default=None, description=_SUBSCRIPTION)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A use that is about to happen.")
class ReserveUsageInput:
    FIELDS: ClassVar = {"ttl": "ttl_seconds"}

    customer: CustomerRef = strawberry.field(description="Who will use it.")
    feature: str = strawberry.field(description="The feature's key.")
    quantity: Decimal = strawberry.field(default=Decimal(1), description="How much at the most.")
    ttl_seconds: int = strawberry.field(default=300, description="How long it is held: 1 second to 1 day.")
    subscription_id: strawberry.ID | None = strawberry.field(default=None, description=_SUBSCRIPTION)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A reservation that was used.")
class CommitReservationInput:
    id: strawberry.ID = strawberry.field(description="Of the reservation.")
    quantity: Decimal | None = strawberry.field(
        default=None, description="How much of it was used; all of it when left out. The rest is given back."
    )
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A reservation that is not needed.")
class ReleaseReservationInput:
    id: strawberry.ID = strawberry.field(description="Of the reservation.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="A quantity held for a while: it counts against the limit until it is used or given back.")
class Reservation:
    id: strawberry.ID = strawberry.field(description="For commitReservation and releaseReservation.")
    feature: str = strawberry.field(description="The feature's key.")
    quantity: Decimal = strawberry.field(description="How much was held.")
    state: ReservationState = strawberry.field(description="Where it stands.")
    expires_at: datetime = strawberry.field(description="When it gives itself back.")
    committed: Decimal | None = strawberry.field(description="How much of it was used.")

    @classmethod
    def of(cls, reservation: Held) -> "Reservation":
        return cls(
            id=strawberry.ID(reservation.id),
            feature=reservation.feature,
            quantity=reservation.quantity,
            state=reservation.state,
            expires_at=reservation.expires_at,
            committed=reservation.committed,
        )


@strawberry.type(description="What came of consume.")
class ConsumePayload:
    decision: FeatureDecision | None = strawberry.field(
        default=None, description="Whether it was allowed, and so counted. Its figures are those after the use."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=_DENIED)


@strawberry.type(description="What came of reserveUsage.")
class ReserveUsagePayload:
    decision: FeatureDecision | None = strawberry.field(default=None, description="Whether it was allowed.")
    reservation: Reservation | None = strawberry.field(default=None, description="What is held, if it was allowed.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=_DENIED)


@strawberry.type(description="What came of commitReservation.")
class CommitReservationPayload:
    reservation: Reservation | None = strawberry.field(default=None, description="As it stands.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of releaseReservation.")
class ReleaseReservationPayload:
    reservation: Reservation | None = strawberry.field(default=None, description="As it stands.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


async def _shown(context: Context, ref: CustomerRef, decision: Decision, quantity: Decimal) -> FeatureDecision:
    context.changed()
    return FeatureDecision.of(
        await explained(context.runtime, context.principal, GateCustomer(ref.id, ref.external_id), decision, quantity)
    )


@strawberry.type
class ConsumptionMutations:
    @strawberry.mutation(description="Use a metered feature if that is allowed: check and count in one atomic step.")
    @refusable(ConsumePayload)
    async def consume(self, info: Info, input: ConsumeInput) -> ConsumePayload:
        context = info.context
        context.require(Scope.USAGE_WRITE)
        same = retry(context, "consume", input)
        quantity = Decimal(1) if input.quantity is None else input.quantity
        decision = await context.runtime.usage.consume(
            UseRequest(input.customer, input.feature, quantity, context.visible, input.subscription_id), same
        )
        return ConsumePayload(decision=await _shown(context, input.customer, decision, quantity))

    @strawberry.mutation(description="Hold a quantity of a metered feature if it may be used.")
    @refusable(ReserveUsagePayload)
    async def reserve_usage(self, info: Info, input: ReserveUsageInput) -> ReserveUsagePayload:
        context = info.context
        context.require(Scope.USAGE_WRITE)
        same = retry(context, "reserveUsage", input)
        ttl = timedelta(seconds=input.ttl_seconds)
        reserved = await context.runtime.usage.reserve(
            UseRequest(input.customer, input.feature, input.quantity, context.visible, input.subscription_id), ttl, same
        )
        return ReserveUsagePayload(
            decision=await _shown(context, input.customer, reserved.decision, input.quantity),
            reservation=None if reserved.reservation is None else Reservation.of(reserved.reservation),
        )

    @strawberry.mutation(description="Use what was held, or a part of it.")
    @refusable(CommitReservationPayload)
    async def commit_reservation(self, info: Info, input: CommitReservationInput) -> CommitReservationPayload:
        context = info.context
        context.require(Scope.USAGE_WRITE)
        same = retry(context, "commitReservation", input)
        reservation = await context.runtime.usage.commit_reservation(
            Settling(input.id, context.visible), input.quantity, same
        )
        context.changed()
        return CommitReservationPayload(reservation=Reservation.of(reservation))

    @strawberry.mutation(description="Give back what was held.")
    @refusable(ReleaseReservationPayload)
    async def release_reservation(self, info: Info, input: ReleaseReservationInput) -> ReleaseReservationPayload:
        context = info.context
        context.require(Scope.USAGE_WRITE)
        same = retry(context, "releaseReservation", input)
        reservation = await context.runtime.usage.release_reservation(Settling(input.id, context.visible), same)
        context.changed()
        return ReleaseReservationPayload(reservation=Reservation.of(reservation))
