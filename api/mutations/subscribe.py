"""Begin a subscription."""

from datetime import datetime

import strawberry

from api.context import Info
from api.mutations.answer import by, catalog_of, refusable, retry
from api.mutations.plan_inputs import PriceInput
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.subscription import Subscription
from domain.access import Scope
from domain.commands import Subscribe
from domain.events import SubscriptionCreated
from domain.period import Cadence
from service.ids import new_id


@strawberry.input(description="A new subscription.")
class SubscribeInput:
    customer: CustomerRef = strawberry.field(description="Whose.")
    plan: str = strawberry.field(description="The plan's key; its current version is bought.")
    cadence: Cadence | None = strawberry.field(
        default=None, description="In what rhythm; MONTH, or the shortest on offer, when left out."
    )
    quantity: int | None = strawberry.field(default=1, description="Seats.")
    start_at: datetime | None = strawberry.field(default=None, description="When it begins; now when left out.")
    billing_anchor: datetime | None = strawberry.field(
        default=None, description="Where its periods begin; its start, or the end of its trial, when left out."
    )
    trial_days: int | None = strawberry.field(
        default=None, description="Days of trial for this very subscription; the plan's rule when left out."
    )
    price_overrides: list[PriceInput] | None = strawberry.field(
        default=None, description="Prices that take the place of the plan's prices with the same key."
    )
    add_ons: list[str] | None = strawberry.field(default=None, description="Keys of plans added to it.")
    idempotency_key: str = strawberry.field(description="Yours, new for each request and the same for its retries.")


@strawberry.type(description="What came of subscribe.")
class SubscribePayload:
    subscription: Subscription | None = strawberry.field(default=None, description="The new subscription.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class SubscribeMutation:
    @strawberry.mutation(description="Put a customer on a plan.")
    @refusable(SubscribePayload)
    async def subscribe(self, info: Info, input: SubscribeInput) -> SubscribePayload:
        context = info.context
        context.require(Scope.SUBSCRIPTIONS_WRITE)
        customer_id = await context.customer_id(input.customer)
        catalog = await catalog_of(context)

        def command() -> Subscribe:
            return Subscribe(
                subscription_id=new_id("subscription"),
                plan=catalog.on_sale(input.plan, "plan"),
                quantity=1 if input.quantity is None else input.quantity,
                cadence=input.cadence,
                start_at=input.start_at,
                anchor=input.billing_anchor,
                trial_days=input.trial_days,
                overrides=tuple(price.price() for price in input.price_overrides or ()),
                add_ons=tuple(catalog.on_sale(key, "addOns", str(i)) for i, key in enumerate(input.add_ons or ())),
            )

        recorded = await context.runtime.record(
            customer_id, command, by(context), retry=retry(context, "subscribe", input)
        )
        created = recorded.event(SubscriptionCreated)
        assert created is not None
        held = recorded.state.subscription(created.subscription.id)
        standing = await context.standing(recorded.state)
        return SubscribePayload(subscription=Subscription.of(standing, held))
