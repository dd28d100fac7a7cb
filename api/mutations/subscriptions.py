"""Changes of a running subscription, now or later. Whatever the change, one command decides it."""

from collections.abc import Callable
from typing import TypeVar

import strawberry

from api.context import Context, Info
from api.inputs.changes import (
    AddAddOnInput,
    CancelSubscriptionInput,
    ChangePlanInput,
    ChangeQuantityInput,
    Charged,
    OfSubscription,
    PauseSubscriptionInput,
    RemoveAddOnInput,
    ResumeSubscriptionInput,
    Timed,
)
from api.inputs.keyed import Keyed
from api.mutations.answer import by, catalog_of, holder, refusable, retry, user_error
from api.mutations.made import Documented, invoice_made
from api.mutations.quoted import held_to, quote_of
from api.types.errors import UserError
from api.types.invoice import Invoice
from api.types.subscription import ScheduledChange, Subscription, planned_of
from domain.access import Scope
from domain.commands import AccountCommand, CancelScheduledChange, RevokeCancellation
from domain.errors import Refusal
from domain.events import ChangeScheduled, ChangeWithdrawn
from service.quotes import Bound


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


async def _change(payload: type[P], context: Context, operation: str, input: Timed, reason: str | None = None) -> P:
    context.require(Scope.SUBSCRIPTIONS_WRITE)
    customer_id = await holder(context, input.subscription_id, "subscriptionId")
    bound = None
    if isinstance(input, Charged):
        if input.charged_from is not None:
            context.require(Scope.INVOICES_WRITE)
        bound = quote_of(context, customer_id, input)
    catalog = await catalog_of(context)

    def command() -> AccountCommand:
        """Made when it is needed: a retry is answered though its plan was archived since."""
        return input.command(catalog, None if bound is None else bound.since)

    return await _recorded(payload, context, operation, input, input.subscription_id, command, reason, bound)


async def _recorded(
    payload: type[P],
    context: Context,
    operation: str,
    input: Keyed,
    about: str,
    command: AccountCommand | Callable[[], AccountCommand],
    reason: str | None = None,
    bound: Bound | None = None,
) -> P:
    """`about`: the subscription or planned change that the command is about, which tells whose account it is."""
    context.require(Scope.SUBSCRIPTIONS_WRITE)
    customer_id = await holder(context, about, "subscriptionId" if isinstance(input, OfSubscription) else "id")
    same, check = retry(context, operation, input), None if bound is None else bound.check
    try:
        with held_to(None if isinstance(input, Charged) and input.charged_from is not None else bound):
            recorded = await context.runtime.record(customer_id, command, by(context, reason), retry=same, check=check)
    except Refusal as refusal:
        standing = await context.loaders.standings.load(customer_id)
        return payload(
            conflicts=[planned for id in refusal.conflicts if standing and (planned := planned_of(standing, id))],
            user_errors=[user_error(refusal)],
        )
    account = recorded.state
    withdrawn = recorded.event(ChangeWithdrawn)
    held = account.subscription(about) or account.subscription(withdrawn.subscription_id if withdrawn else "")
    assert held is not None
    standing = await context.standing(account)
    later = recorded.event(ChangeScheduled)
    scheduled = None if later is None else planned_of(standing, later.scheduled.id)
    answer = payload(subscription=Subscription.of(standing, held), scheduled=scheduled)
    if isinstance(answer, Billed):
        made = invoice_made(recorded)
        answer.invoice = None if made is None else Invoice.of(standing, made)
        answer.documented(standing, recorded)
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
        return await _change(CancelSubscriptionPayload, info.context, "cancelSubscription", input, input.reason)

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
