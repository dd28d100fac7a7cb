"""Changes of a running subscription, now or later. Whatever the change, one command decides it."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

import strawberry

from api.context import Context, Info
from api.inputs.changes import (
    AddAddOnInput,
    CancelSubscriptionInput,
    ChangePlanInput,
    ChangeQuantityInput,
    OfSubscription,
    PauseSubscriptionInput,
    RemoveAddOnInput,
    ResumeSubscriptionInput,
    Timed,
)
from api.inputs.fields import user_error
from api.inputs.keyed import Keyed
from api.inputs.request import catalog_of, owner_of
from api.mutations.once import once
from api.mutations.results import Documented, newest_invoice, refusable
from api.types.errors import UserError
from api.types.invoice import Invoice
from api.types.subscription import ScheduledChange, Subscription, planned_of
from domain.access import Scope
from domain.commands import AccountCommand, CancelScheduledChange, RevokeCancellation
from domain.errors import Refusal
from domain.events import ChangeScheduled, ChangeWithdrawn
from service.write.quotes import UNQUOTED, Bound


@strawberry.input(description="A planned cancellation to call off.")
class RevokeCancellationInput(OfSubscription):
    pass


@strawberry.input(description="A planned change to call off.")
class CancelScheduledChangeInput(Keyed):
    FIELDS: ClassVar = {"customer": "id", "change_id": "id"}

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


@strawberry.type
class Billed(Changed, Documented):
    invoice: Invoice | None = strawberry.field(
        default=None, description="What is charged for it now; null: nothing, or it gives something back (creditNotes)."
    )


@strawberry.type(description="What came of changePlan.")
class ChangePlanPayload(Billed):
    pass


@strawberry.type(description="What came of changeQuantity.")
class ChangeQuantityPayload(Billed):
    pass


@strawberry.type(description="What came of addAddOn.")
class AddAddOnPayload(Billed):
    pass


@strawberry.type(description="What came of removeAddOn.")
class RemoveAddOnPayload(Billed):
    pass


@strawberry.type(description="What came of pauseSubscription.")
class PauseSubscriptionPayload(Billed):
    pass


@strawberry.type(description="What came of resumeSubscription.")
class ResumeSubscriptionPayload(Billed):
    pass


@strawberry.type(description="What came of cancelSubscription.")
class CancelSubscriptionPayload(Billed):
    pass


@strawberry.type(description="What came of revokeCancellation.")
class RevokeCancellationPayload(Changed):
    pass


@strawberry.type(description="What came of cancelScheduledChange.")
class CancelScheduledChangePayload(Changed):
    pass


P = TypeVar("P", bound=Changed)


async def _change(payload: type[P], context: Context, operation: str, input: Timed) -> P:
    customer_id = await _owner(context, input.subscription_id, "subscription_id")
    bound, catalog = input.bound(context, customer_id), await catalog_of(context)

    def command() -> AccountCommand:
        """Made when it is needed: a retry is answered though its plan was archived since."""
        return input.command(catalog, bound.since)

    return await _recorded(payload, context, operation, input, customer_id, input.subscription_id, command, bound)


async def _owner(context: Context, id: str, field: str) -> str:
    """The id of the customer whose subscription, or planned change, shall be changed."""
    context.require(Scope.SUBSCRIPTIONS_WRITE)
    return await owner_of(context, id, field)


async def _recorded(
    payload: type[P],
    context: Context,
    operation: str,
    input: Keyed,
    customer_id: str,
    about: str,
    command: AccountCommand | Callable[[], AccountCommand],
    bound: Bound = UNQUOTED,
) -> P:
    """`about`: the subscription that the command changes, or the planned change that it calls off."""
    try:
        with bound.kept():
            recorded = await once(context, operation, input, customer_id, command, bound.check)
    except Refusal as refusal:
        view = await context.loaders.views.load(customer_id)
        return payload(
            conflicts=[planned for id in refusal.conflicts if view and (planned := planned_of(view, id))],
            user_errors=[user_error(refusal, input)],
        )
    account = recorded.state
    withdrawn = recorded.event(ChangeWithdrawn)
    subscription = account.subscription(about) or account.subscription(withdrawn.subscription_id if withdrawn else "")
    assert subscription is not None
    view = await context.view(account)
    later = recorded.event(ChangeScheduled)
    scheduled = None if later is None else planned_of(view, later.scheduled.id)
    answer = payload(subscription=Subscription.of(view, subscription), scheduled=scheduled)
    if isinstance(answer, Billed):
        made = newest_invoice(recorded)
        answer.invoice = None if made is None else Invoice.of(view, made)
        answer.documented(view, recorded)
    return answer


@strawberry.type
class SubscriptionMutations:
    @strawberry.mutation(description="Move a subscription to another plan, cadence or quantity, now or later.")
    @refusable(ChangePlanPayload)
    async def change_plan(self, info: Info, input: ChangePlanInput) -> ChangePlanPayload:
        return await _change(ChangePlanPayload, info.context, "changePlan", input)

    @strawberry.mutation(description="Change the number of seats.")
    @refusable(ChangeQuantityPayload)
    async def change_quantity(self, info: Info, input: ChangeQuantityInput) -> ChangeQuantityPayload:
        return await _change(ChangeQuantityPayload, info.context, "changeQuantity", input)

    @strawberry.mutation(description="Add a plan to a subscription, or change how many of it there are.")
    @refusable(AddAddOnPayload)
    async def add_add_on(self, info: Info, input: AddAddOnInput) -> AddAddOnPayload:
        return await _change(AddAddOnPayload, info.context, "addAddOn", input)

    @strawberry.mutation(description="Take an add-on away.")
    @refusable(RemoveAddOnPayload)
    async def remove_add_on(self, info: Info, input: RemoveAddOnInput) -> RemoveAddOnPayload:
        return await _change(RemoveAddOnPayload, info.context, "removeAddOn", input)

    @strawberry.mutation(description="Suspend a subscription's rights.")
    @refusable(PauseSubscriptionPayload)
    async def pause_subscription(self, info: Info, input: PauseSubscriptionInput) -> PauseSubscriptionPayload:
        return await _change(PauseSubscriptionPayload, info.context, "pauseSubscription", input)

    @strawberry.mutation(description="Give a paused subscription its rights again.")
    @refusable(ResumeSubscriptionPayload)
    async def resume_subscription(self, info: Info, input: ResumeSubscriptionInput) -> ResumeSubscriptionPayload:
        return await _change(ResumeSubscriptionPayload, info.context, "resumeSubscription", input)

    @strawberry.mutation(description="End a subscription: now, at the end of its period, or at a date.")
    @refusable(CancelSubscriptionPayload)
    async def cancel_subscription(self, info: Info, input: CancelSubscriptionInput) -> CancelSubscriptionPayload:
        return await _change(CancelSubscriptionPayload, info.context, "cancelSubscription", input)

    @strawberry.mutation(description="Call off a planned cancellation.")
    @refusable(RevokeCancellationPayload)
    async def revoke_cancellation(self, info: Info, input: RevokeCancellationInput) -> RevokeCancellationPayload:
        context, id = info.context, input.subscription_id
        customer_id = await _owner(context, id, "subscription_id")
        command = RevokeCancellation(id)
        return await _recorded(
            RevokeCancellationPayload, context, "revokeCancellation", input, customer_id, id, command
        )

    @strawberry.mutation(description="Call off a planned change.")
    @refusable(CancelScheduledChangePayload)
    async def cancel_scheduled_change(
        self, info: Info, input: CancelScheduledChangeInput
    ) -> CancelScheduledChangePayload:
        context, id = info.context, input.id
        customer_id = await _owner(context, id, "change_id")
        command = CancelScheduledChange(id)
        return await _recorded(
            CancelScheduledChangePayload, context, "cancelScheduledChange", input, customer_id, id, command
        )
