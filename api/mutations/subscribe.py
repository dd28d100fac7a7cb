"""Begin a subscription."""

import strawberry

from api.context import Info
from api.inputs.keyed import asked
from api.inputs.request import by, catalog_of
from api.inputs.subscribe import SubscribeInput
from api.mutations.once import retry
from api.mutations.results import Documented, newest_invoice, refusable
from api.types.errors import UserError
from api.types.invoice import Invoice
from api.types.subscription import Subscription
from domain.access import Scope
from domain.commands import Subscribe
from domain.events import SubscriptionCreated
from service.write.coupons import counted


@strawberry.type(description="What came of subscribe.")
class SubscribePayload(Documented):
    subscription: Subscription | None = strawberry.field(default=None, description="The new subscription.")
    invoice: Invoice | None = strawberry.field(
        default=None, description="What is charged for it by now, the newest of several; null: nothing yet."
    )
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
        bound = context.runtime.quotes.bound(input.quote, customer_id, asked(input), input.start_at)

        def command() -> Subscribe:
            return input.command(catalog, bound.since)

        with bound.kept():
            recorded = await context.runtime.record(
                customer_id,
                command,
                by(context),
                retry=retry(context, "subscribe", input),
                also=counted(catalog, input.coupon),
                check=bound.check,
            )
        created = recorded.event(SubscriptionCreated)
        assert created is not None
        subscription = recorded.state.subscription(created.subscription.id)
        view = await context.view(recorded.state)
        made = newest_invoice(recorded)
        payload = SubscribePayload(
            subscription=Subscription.of(view, subscription),
            invoice=None if made is None else Invoice.of(view, made),
        )
        return payload.documented(view, recorded)
