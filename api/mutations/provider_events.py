"""What support does about payment providers: handle what they told once more, and compare with them."""

import asyncio
from datetime import datetime, timedelta

import strawberry

from api.context import Info
from api.inputs.request import by
from api.mutations.results import refusable
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.webhook import Reconciliation, Webhook
from domain.access import Scope
from domain.errors import ErrorCode, Refusal, invalid
from domain.providers.provider import Unknown
from service.ids import prefix_of

RANGE_MAX = timedelta(days=31)
ANSWER_S_MAX = 60.0


@strawberry.input(description="A webhook to handle once more.")
class ReplayWebhookInput:
    id: strawberry.ID = strawberry.field(description="Which one.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input(description="What to compare with the payment providers: a customer, or a time.")
class ReconcileInput:
    customer: CustomerRef | None = strawberry.field(default=None, description="All of this customer.")
    since: datetime | None = strawberry.field(default=None, description="What was made there from then on.")
    until: datetime | None = strawberry.field(default=None, description="And before then; now when left out.")
    dry_run: bool | None = strawberry.field(default=False, description="Only say what differs; record nothing.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.type(description="What came of replayWebhook: the webhook as it stands, also when it failed again.")
class ReplayWebhookPayload:
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of reconcile.")
class ReconcilePayload:
    reconciliation: Reconciliation | None = strawberry.field(default=None, description="What was found.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class ProviderEventMutations:
    @strawberry.mutation(
        description="Handle what a payment provider told once more, now, whatever became of it before. Done again, it "
        "changes nothing. Needs the scope provider:write."
    )
    @refusable(ReplayWebhookPayload)
    async def replay_webhook(self, info: Info, input: ReplayWebhookInput) -> ReplayWebhookPayload:
        context = info.context
        context.require(Scope.PROVIDER_WRITE)
        known = prefix_of(input.id) == "webhook"
        notice = await context.runtime.handling.replay(input.id, by(context, input.reason)) if known else None
        if notice is None:
            raise Refusal(ErrorCode.NOT_FOUND, "no such webhook", "id")
        context.changed()
        return ReplayWebhookPayload(webhook=Webhook(notice))

    @strawberry.mutation(
        description="Compare what the payment providers have with our books: what is safe is recorded, the rest is "
        "told as drift of the customer. Done again, it changes nothing. Needs the scope provider:write."
    )
    @refusable(ReconcilePayload)
    async def reconcile(self, info: Info, input: ReconcileInput) -> ReconcilePayload:
        context = info.context
        context.require(Scope.PROVIDER_WRITE)
        reconciliation, actor = context.runtime.reconciliation, by(context, input.reason)
        dry_run = input.dry_run is True
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                if input.customer is not None:
                    if input.since is not None or input.until is not None:
                        raise invalid("a customer and a time exclude each other", "since")
                    view = await context.customer(input.customer)
                    if view is None:
                        raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
                    report = await reconciliation.of(view.customer.id, dry_run, actor)
                else:
                    since, until = _time(input, context.now)
                    report = await reconciliation.between(since, until, dry_run, actor)
        except Unknown as unknown:
            raise Refusal(ErrorCode.PROVIDER_UNAVAILABLE, str(unknown)) from None
        except TimeoutError:
            raise Refusal(ErrorCode.PROVIDER_UNAVAILABLE, "it takes too long: ask for less at a time") from None
        context.changed()
        return ReconcilePayload(reconciliation=Reconciliation.of(report))


def _time(input: ReconcileInput, now: datetime) -> tuple[datetime, datetime]:
    """Raises Refusal."""
    if input.since is None:
        raise invalid("give a customer or a time", "since")
    until = input.until or now
    if not input.since < until <= now:
        raise invalid("must lie after since, and not in the future", "until")
    if until - input.since > RANGE_MAX:
        raise invalid(f"must be at most {RANGE_MAX.days} days after since", "until")
    return input.since, until
