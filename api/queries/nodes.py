"""Anything by its id."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry

from adapters.postgres.reads import webhooks
from api.context import Context, Info
from api.types.api_key import ApiKey
from api.types.clock import TestClock
from api.types.coupon import Coupon
from api.types.customer import Customer
from api.types.entitlement_grant import EntitlementGrant
from api.types.feature import Feature, Meter
from api.types.found import credit_note_or_invoice, draft, money_of
from api.types.node import Node
from api.types.plan import Plan, PlanVersion
from api.types.price import Price
from api.types.subscription import ScheduledChange, Subscription
from api.types.webhook import Webhook
from domain.access import Scope
from graphql_edge.cost import PAGE_MAX
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from service.ids import prefix_of

Find = Callable[[Context, str], Awaitable[Node | None]]


@strawberry.type
class NodeQueries:
    @strawberry.field(
        description="Anything that has an id. Null: there is no such thing, none that the credentials may see, or (of "
        "planned changes and prices of a subscription's own) it is no longer part of anything."
    )
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Node | None:
        return await find(info.context, id)

    @strawberry.field(description="The same for several, in the order asked for; at most 100.")
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Their ids.")]
    ) -> list[Node | None]:
        if len(ids) > PAGE_MAX:
            raise ClientError(f"At most {PAGE_MAX} ids.", code=BAD_USER_INPUT)
        return list(await asyncio.gather(*(find(info.context, id) for id in ids)))


async def find(context: Context, id: str) -> Node | None:
    """What has this id. Raises Forbidden if the credentials lack the scope for all of its kind."""
    prefix = prefix_of(id)
    if prefix is None:
        return None
    scope, look = _KINDS.get(prefix, (Scope.CUSTOMERS_READ, _owned_thing))
    context.require(scope)
    return await look(context, id)


async def _customer(context: Context, id: str) -> Node | None:
    view = await context.loaders.views.load(id)
    return None if view is None else Customer.of(view)


async def _owned_thing(context: Context, id: str) -> Node | None:
    """Part of an account: a subscription, a planned change, a grant."""
    customer_id = await context.loaders.owners.load(id)
    view = None if customer_id is None else await context.loaders.views.load(customer_id)
    if view is None:
        return None
    for subscription in view.account.subscriptions:
        if subscription.id == id:
            return Subscription.of(view, subscription)
        for planned in subscription.scheduled:
            if planned.id == id:
                return ScheduledChange.of(view, subscription, planned)
    grant = view.account.grant(id)
    return None if grant is None else EntitlementGrant.of(view.catalog, grant)


async def _invoice(context: Context, id: str) -> Node | None:
    return await credit_note_or_invoice(context, id) or await draft(context, id)


async def _coupon(context: Context, id: str) -> Node | None:
    catalog = (await context.loaders.catalog_snapshot()).catalog
    return next((Coupon.of(coupon) for coupon in catalog.coupons if coupon.id == id), None)


async def _clock(context: Context, id: str) -> Node | None:
    clock = await context.loaders.clocks.load(id)
    return None if clock is None else TestClock.of(clock)


async def _webhook(context: Context, id: str) -> Node | None:
    notice = await webhooks.by_id(context.runtime.engine, id)
    return None if notice is None else Webhook(notice)


async def _key(context: Context, id: str) -> Node | None:
    key = await context.loaders.keys.load(id)
    return None if key is None else ApiKey.of(key)


async def _feature(context: Context, id: str) -> Node | None:
    catalog = (await context.loaders.catalog_snapshot()).catalog
    return next((Feature.of(catalog, feature) for feature in catalog.features if feature.id == id), None)


async def _meter(context: Context, id: str) -> Node | None:
    catalog = (await context.loaders.catalog_snapshot()).catalog
    return next((Meter.of(meter) for meter in catalog.meters if meter.id == id), None)


async def _plan(context: Context, id: str) -> Node | None:
    catalog = (await context.loaders.catalog_snapshot()).catalog
    return next((Plan.of(catalog, plan) for plan in catalog.plans if plan.id == id), None)


async def _version(context: Context, id: str) -> Node | None:
    catalog = (await context.loaders.catalog_snapshot()).catalog
    versions = (version for plan in catalog.plans for version in plan.versions)
    return next((PlanVersion.of(catalog, version) for version in versions if version.id == id), None)


async def _price(context: Context, id: str) -> Node | None:
    catalog = (await context.loaders.catalog_snapshot()).catalog
    prices = (price for plan in catalog.plans for version in plan.versions for price in version.terms.prices)
    return next((Price.of(catalog, price) for price in prices if price.id == id), None)


_KINDS: dict[str, tuple[Scope, Find]] = {
    "customer": (Scope.CUSTOMERS_READ, _customer),
    "clock": (Scope.CUSTOMERS_READ, _clock),
    "invoice": (Scope.INVOICES_READ, _invoice),
    "note": (Scope.INVOICES_READ, credit_note_or_invoice),
    "credit": (Scope.INVOICES_READ, money_of),
    "payment": (Scope.INVOICES_READ, money_of),
    "refund": (Scope.INVOICES_READ, money_of),
    "method": (Scope.INVOICES_READ, money_of),
    "redemption": (Scope.INVOICES_READ, money_of),
    "coupon": (Scope.SETTINGS_READ, _coupon),
    "webhook": (Scope.PROVIDER_READ, _webhook),
    "key": (Scope.KEYS_WRITE, _key),
    "feature": (Scope.CATALOG_READ, _feature),
    "meter": (Scope.CATALOG_READ, _meter),
    "plan": (Scope.CATALOG_READ, _plan),
    "version": (Scope.CATALOG_READ, _version),
    "price": (Scope.CATALOG_READ, _price),
}
