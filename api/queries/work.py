"""What was given up, for support."""

from typing import Annotated

import strawberry

from adapters.postgres.reads import given_up
from adapters.postgres.reads.given_up import WorkKind
from api.context import Info
from api.types.customer_ref import CustomerRef
from api.types.work import GivenUpWork
from domain.access import Scope
from graphql_edge.cost import PAGE_MAX


@strawberry.type
class WorkQueries:
    @strawberry.field(
        description="Work that was given up, of every kind, the longest due first: at most 100. Needs the scope "
        "provider:read."
    )
    async def given_up_work(
        self,
        info: Info,
        kind: Annotated[list[WorkKind] | None, strawberry.argument(description="Only of these kinds.")] = None,
        customer: Annotated[
            CustomerRef | None, strawberry.argument(description="Only what is about this customer.")
        ] = None,
    ) -> list[GivenUpWork]:
        context = info.context
        context.require(Scope.PROVIDER_READ)
        customer_id = None
        if customer is not None:
            view = await context.customer(customer)
            customer_id = "" if view is None else view.customer.id
        found = await given_up.oldest(context.runtime.engine, PAGE_MAX, kinds=kind, customer_id=customer_id)
        return [GivenUpWork(work) for work in found]
