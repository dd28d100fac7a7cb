"""Changes of a running subscription, now or later. Whatever the change, one command decides it."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import strawberry

from api.context import Context, Info
from api.loaders import Standing
from api.mutations.answer import by, catalog_of, holder, refusable, retry, user_error
from api.types.errors import UserError
from api.types.subscription import ScheduledChange, Subscription
from domain import subscription as domain
from domain.access import Scope
from domain.commands import AccountCommand, CancelScheduledChange, ChangeSubscription, RevokeCancellation
from domain.errors import Refusal
from domain.events import ChangeScheduled, ChangeWithdrawn
from domain.period import Cadence
from domain.policy import ChangeTiming
from service.ids import new_id


@strawberry.input
class Keyed:
    idempotency_key: str = strawberry.field(description="Yours, new for each request and the same for its retries.")


@strawberry.input
class OfSubscription(Keyed):
    subscription_id: strawberry.ID = strawberry.field(description="Which subscription.")


@strawberry.input
class Timed(OfSubscription):
    timing: ChangeTiming | None = strawberry.field(default=ChangeTiming.NOW, description="When.")
    at: datetime | None = strawberry.field(default=None, description="For timing AT.")
    replace_scheduled: bool | None = strawberry.field(
        default=False, description="Withdraw planned changes that conflict, instead of being refused for them."
    )


@strawberry.input(description="A move to another plan, cadence or quantity.")
class ChangePlanInput(Timed):
    plan: str = strawberry.field(description="The plan's key; its current version is bought.")
    cadence: Cadence | None = strawberry.field(default=None, description="The present one when left out.")
    quantity: int | None = strawberry.field(default=None, description="The present one when left out.")


@strawberry.input(description="Another number of seats.")
class ChangeQuantityInput(Timed):
    quantity: int = strawberry.field(description="From then on.")


@strawberry.input(description="A plan added to a subscription, or another quantity of one that is there.")
class AddAddOnInput(Timed):
    add_on: str = strawberry.field(description="The key of the plan to add.")
    quantity: int = strawberry.field(default=1, description="How many; its limits count that often.")


@strawberry.input(description="An add-on to take away.")
class RemoveAddOnInput(Timed):
    add_on: str = strawberry.field(description="The key of the added plan.")


@strawberry.input(description="A pause: no rights while it lasts; periods go on.")
class PauseSubscriptionInput(Timed):
    resumes_at: datetime | None = strawberry.field(default=None, description="When it ends by itself.")


@strawberry.input(description="The end of a pause.")
class ResumeSubscriptionInput(Timed):
    pass


@strawberry.input(description="The end of a subscription.")
class CancelSubscriptionInput(Timed):
    timing: ChangeTiming | None = strawberry.field(default=ChangeTiming.PERIOD_END, description="When.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input(description="A planned cancellation to call off.")
class RevokeCancellationInput(OfSubscription):
    pass


@strawberry.input(description="A planned change to call off.")
class CancelScheduledChangeInput(Keyed):
    id: strawberry.ID = strawberry.field(description="Of the planned change.")


@strawberry.type
class Changed:
    subscription: Subscription | None = strawberry.field(default=None, description="The subscription as it is now.")
    scheduled: ScheduledChange | None = strawberry.field(
        default=None, description="The change, when it is planned for later."
    )
    conflicts: list[ScheduledChange] = strawberry.field(
        default_factory=list, description="The planned changes for which it was refused."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of changePlan.")
class ChangePlanPayload(Changed):
    pass


@strawberry.type(description="What came of changeQuantity.")
class ChangeQuantityPayload(Changed):
    pass


@strawberry.type(description="What came of addAddOn.")
class AddAddOnPayload(Changed):
    pass


@strawberry.type(description="What came of removeAddOn.")
class RemoveAddOnPayload(Changed):
    pass


@strawberry.type(description="What came of pauseSubscription.")
class PauseSubscriptionPayload(Changed):
    pass


@strawberry.type(description="What came of resumeSubscription.")
class ResumeSubscriptionPayload(Changed):
    pass


@strawberry.type(description="What came of cancelSubscription.")
class CancelSubscriptionPayload(Changed):
    pass


@strawberry.type(description="What came of revokeCancellation.")
class RevokeCancellationPayload(Changed):
    pass


@strawberry.type(description="What came of cancelScheduledChange.")
class CancelScheduledChangePayload(Changed):
    pass


P = TypeVar("P", bound=Changed)


async def _change(
    payload: type[P],
    context: Context,
    operation: str,
    input: Timed,
    change: domain.Change | Callable[[], domain.Change],
    reason: str | None = None,
    usual: ChangeTiming = ChangeTiming.NOW,
) -> P:
    """`change` is a function where making it may be refused: a retry is answered though its plan was archived since."""

    def command() -> ChangeSubscription:
        return ChangeSubscription(
            subscription_id=input.subscription_id,
            change_id=new_id("change"),
            change=change() if callable(change) else change,
            timing=input.timing or usual,
            effective_at=input.at,
            replace_scheduled=bool(input.replace_scheduled),
        )

    return await _recorded(payload, context, operation, input, input.subscription_id, command, reason)


async def _recorded(
    payload: type[P],
    context: Context,
    operation: str,
    input: Keyed,
    about: str,
    command: AccountCommand | Callable[[], AccountCommand],
    reason: str | None = None,
) -> P:
    """`about`: the subscription or planned change that the command is about, which tells whose account it is."""
    context.require(Scope.SUBSCRIPTIONS_WRITE)
    customer_id = await holder(context, about, "subscriptionId" if isinstance(input, OfSubscription) else "id")
    same = retry(context, operation, input)
    try:
        recorded = await context.runtime.record(customer_id, command, by(context, reason), retry=same)
    except Refusal as refusal:
        standing = await context.loaders.standings.load(customer_id)
        return payload(
            conflicts=[planned for id in refusal.conflicts if standing and (planned := _planned(standing, id))],
            user_errors=[user_error(refusal)],
        )
    account = recorded.state
    withdrawn = recorded.event(ChangeWithdrawn)
    held = account.subscription(about) or account.subscription(withdrawn.subscription_id if withdrawn else "")
    assert held is not None
    standing = await context.standing(account)
    later = recorded.event(ChangeScheduled)
    scheduled = None if later is None else _planned(standing, later.scheduled.id)
    return payload(subscription=Subscription.of(standing, held), scheduled=scheduled)


def _planned(standing: Standing, id: str) -> ScheduledChange | None:
    for held in standing.account.subscriptions:
        for planned in held.scheduled:
            if planned.id == id:
                return ScheduledChange.of(standing, held, planned)
    return None


@strawberry.type
class SubscriptionMutations:
    @strawberry.mutation(description="Move a subscription to another plan, cadence or quantity, now or later.")
    @refusable(ChangePlanPayload)
    async def change_plan(self, info: Info, input: ChangePlanInput) -> ChangePlanPayload:
        catalog = await catalog_of(info.context)

        def change() -> domain.Change:
            return domain.ChangePlan(catalog.on_sale(input.plan, "plan"), input.cadence, input.quantity)

        return await _change(ChangePlanPayload, info.context, "changePlan", input, change)

    @strawberry.mutation(description="Change the number of seats.")
    @refusable(ChangeQuantityPayload)
    async def change_quantity(self, info: Info, input: ChangeQuantityInput) -> ChangeQuantityPayload:
        change = domain.ChangeQuantity(input.quantity)
        return await _change(ChangeQuantityPayload, info.context, "changeQuantity", input, change)

    @strawberry.mutation(description="Add a plan to a subscription, or change how many of it there are.")
    @refusable(AddAddOnPayload)
    async def add_add_on(self, info: Info, input: AddAddOnInput) -> AddAddOnPayload:
        catalog = await catalog_of(info.context)

        def change() -> domain.Change:
            return domain.AddAddOn(catalog.on_sale(input.add_on, "addOn"), input.quantity)

        return await _change(AddAddOnPayload, info.context, "addAddOn", input, change)

    @strawberry.mutation(description="Take an add-on away.")
    @refusable(RemoveAddOnPayload)
    async def remove_add_on(self, info: Info, input: RemoveAddOnInput) -> RemoveAddOnPayload:
        change = domain.RemoveAddOn(input.add_on)
        return await _change(RemoveAddOnPayload, info.context, "removeAddOn", input, change)

    @strawberry.mutation(description="Suspend a subscription's rights.")
    @refusable(PauseSubscriptionPayload)
    async def pause_subscription(self, info: Info, input: PauseSubscriptionInput) -> PauseSubscriptionPayload:
        change = domain.Pause(input.resumes_at)
        return await _change(PauseSubscriptionPayload, info.context, "pauseSubscription", input, change)

    @strawberry.mutation(description="Give a paused subscription its rights again.")
    @refusable(ResumeSubscriptionPayload)
    async def resume_subscription(self, info: Info, input: ResumeSubscriptionInput) -> ResumeSubscriptionPayload:
        return await _change(ResumeSubscriptionPayload, info.context, "resumeSubscription", input, domain.Resume())

    @strawberry.mutation(description="End a subscription: now, at the end of its period, or at a date.")
    @refusable(CancelSubscriptionPayload)
    async def cancel_subscription(self, info: Info, input: CancelSubscriptionInput) -> CancelSubscriptionPayload:
        change = domain.Cancel(input.reason)
        payload = CancelSubscriptionPayload
        usual = ChangeTiming.PERIOD_END
        return await _change(payload, info.context, "cancelSubscription", input, change, input.reason, usual)

    @strawberry.mutation(description="Call off a planned cancellation.")
    @refusable(RevokeCancellationPayload)
    async def revoke_cancellation(self, info: Info, input: RevokeCancellationInput) -> RevokeCancellationPayload:
        command, id = RevokeCancellation(input.subscription_id), input.subscription_id
        return await _recorded(RevokeCancellationPayload, info.context, "revokeCancellation", input, id, command)

    @strawberry.mutation(description="Call off a planned change.")
    @refusable(CancelScheduledChangePayload)
    async def cancel_scheduled_change(
        self, info: Info, input: CancelScheduledChangeInput
    ) -> CancelScheduledChangePayload:
        command = CancelScheduledChange(input.id)
        return await _recorded(
            CancelScheduledChangePayload, info.context, "cancelScheduledChange", input, input.id, command
        )
