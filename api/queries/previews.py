"""What changes would come to: decided by the code that makes them, and nothing is written."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import strawberry

from api.context import Context, Info
from api.inputs.changes import (
    AddAddOnInput,
    CancelSubscriptionInput,
    ChangePlanInput,
    ChangeQuantityInput,
    Charged,
    RemoveAddOnInput,
)
from api.inputs.fields import user_error
from api.inputs.keyed import asked
from api.inputs.request import by, catalog_of, owner_of
from api.inputs.subscribe import SubscribeInput
from api.types.invoice_line import InvoiceLine, Origin
from api.types.quote import EntitlementChange, Quote
from api.types.subscription import ScheduledChange, planned_of
from api.types.values import Money
from domain import money
from domain.access import Scope
from domain.catalog import Catalog
from domain.commands import AccountCommand
from domain.errors import Refusal
from domain.rights.entitlement import Entitlement
from domain.rights.gate import FeatureUsage
from service.gates.snapshot import UsageOfEntitlement
from service.write import quotes
from service.write.coupons import check_left

_AS_THE_CHANGE = "The same input as that of the change. Its quote and idempotencyKey do not matter here."


@strawberry.type
class PreviewQueries:
    @strawberry.field(description="What `subscribe` would come to.")
    async def preview_subscribe(
        self, info: Info, input: Annotated[SubscribeInput, strawberry.argument(description=_AS_THE_CHANGE)]
    ) -> Quote:
        context = info.context
        _check_scopes(context)
        try:
            customer_id = await context.customer_id(input.customer)
            catalog = await catalog_of(context)
            coupon = input.redeems(catalog)
            if coupon is not None:
                await check_left(context.runtime.engine, coupon)
            return await _quoted(context, catalog, customer_id, input.command(catalog), asked(input))
        except Refusal as refusal:
            return Quote(user_errors=[user_error(refusal, input)])

    @strawberry.field(description="What `changePlan` would come to.")
    async def preview_plan_change(
        self, info: Info, input: Annotated[ChangePlanInput, strawberry.argument(description=_AS_THE_CHANGE)]
    ) -> Quote:
        return await _change(info.context, input)

    @strawberry.field(description="What `changeQuantity` would come to.")
    async def preview_quantity_change(
        self, info: Info, input: Annotated[ChangeQuantityInput, strawberry.argument(description=_AS_THE_CHANGE)]
    ) -> Quote:
        return await _change(info.context, input)

    @strawberry.field(description="What `addAddOn` would come to.")
    async def preview_add_on(
        self, info: Info, input: Annotated[AddAddOnInput, strawberry.argument(description=_AS_THE_CHANGE)]
    ) -> Quote:
        return await _change(info.context, input)

    @strawberry.field(description="What `removeAddOn` would come to.")
    async def preview_add_on_removal(
        self, info: Info, input: Annotated[RemoveAddOnInput, strawberry.argument(description=_AS_THE_CHANGE)]
    ) -> Quote:
        return await _change(info.context, input)

    @strawberry.field(description="What `cancelSubscription` would come to.")
    async def preview_cancellation(
        self, info: Info, input: Annotated[CancelSubscriptionInput, strawberry.argument(description=_AS_THE_CHANGE)]
    ) -> Quote:
        return await _change(info.context, input)


def _check_scopes(context: Context) -> None:
    context.require(Scope.CUSTOMERS_READ)
    context.require(Scope.INVOICES_READ)


async def _change(context: Context, input: Charged) -> Quote:
    _check_scopes(context)
    try:
        customer_id = await owner_of(context, input.subscription_id, "subscription_id")
        catalog = await catalog_of(context)
        try:
            return await _quoted(context, catalog, customer_id, input.command(catalog), asked(input))
        except Refusal as refusal:
            conflicts = await _conflicts(context, customer_id, refusal)
            if not conflicts:
                raise
            input.replace_scheduled = True
            quote = await _quoted(context, catalog, customer_id, input.command(catalog), asked(input))
            quote.conflicts = conflicts
            return quote
    except Refusal as refusal:
        return Quote(user_errors=[user_error(refusal, input)])


async def _quoted(
    context: Context, catalog: Catalog, customer_id: str, command: AccountCommand, asked: dict[str, Any]
) -> Quote:
    lasting = timedelta(minutes=catalog.settings.quote_minutes)
    found = await context.runtime.quotes.preview(customer_id, command, by(context), asked, lasting)
    assert found.account.customer is not None
    currency = found.account.customer.currency
    shown = _in(currency)
    upcoming = found.next_invoice
    return Quote(
        token=found.token,
        expires_at=found.expires_at,
        effective_at=found.effective_at,
        due_now=shown(found.outcome.due_now),
        credited=shown(found.outcome.credited),
        lines=[InvoiceLine.of(catalog, line, currency, Origin(customer_id)) for line in found.outcome.lines],
        next_invoice=None if upcoming is None else shown(upcoming.total),
        next_invoice_at=None if upcoming is None else upcoming.issued_at,
        entitlement_changes=await _rights(context, catalog, customer_id, found),
    )


async def _rights(context: Context, catalog: Catalog, customer_id: str, found: quotes.Quote) -> list[EntitlementChange]:
    """Each with what is used in its period, as of when rights would change."""
    rights = [right for change in found.changes for right in (change.before, change.after) if right is not None]
    metered = [right for right in rights if right.period is not None]
    wanted = [UsageOfEntitlement(customer_id, right, found.effective_at) for right in metered]
    usages = dict(zip(map(id, metered), await context.runtime.usage.reads.of(wanted), strict=True))

    def used(right: Entitlement | None) -> tuple[Entitlement, FeatureUsage | None] | None:
        return None if right is None else (right, usages.get(id(right)))

    return [EntitlementChange.of(catalog, used(change.before), used(change.after)) for change in found.changes]


async def _conflicts(context: Context, customer_id: str, refusal: Refusal) -> list[ScheduledChange]:
    view = await context.loaders.views.load(customer_id) if refusal.conflicts else None
    if view is None:
        return []
    found = (planned_of(view, id) for id in refusal.conflicts)
    return [planned for planned in found if planned is not None]


def _in(currency: str) -> Callable[[Any], Money]:
    return lambda amount: Money.of(money.Money(amount, currency))
