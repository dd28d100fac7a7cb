"""What payment providers told, for support."""

from typing import Annotated

import strawberry

from adapters.postgres.reads import webhooks
from adapters.postgres.reads.webhooks import NoticeState
from api.context import Info
from api.types.connection import Connection, Edge, page
from api.types.customer_ref import CustomerRef
from api.types.webhook import Webhook
from domain.access import Scope


@strawberry.type
class ProviderEventQueries:
    @strawberry.field(
        description="What payment providers told, the newest first, and how it was handled. Needs the scope "
        "provider:read."
    )
    async def webhooks(
        self,
        info: Info,
        first: Annotated[
            int | None,
            strawberry.argument(description="At most this many, from the start. One of first and last is required."),
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
        last: Annotated[
            int | None,
            strawberry.argument(description="At most this many, from the end. One of first and last is required."),
        ] = None,
        before: Annotated[str | None, strawberry.argument(description="What comes before this cursor.")] = None,
        customer: Annotated[
            CustomerRef | None, strawberry.argument(description="Only what is about this customer.")
        ] = None,
        state: Annotated[
            list[NoticeState] | None, strawberry.argument(description="Only those in one of these states.")
        ] = None,
    ) -> Connection[Webhook]:
        context = info.context
        context.require(Scope.PROVIDER_READ)
        request = page("webhooks", first=first, after=after, last=last, before=before)
        customer_id = None
        if customer is not None:
            view = await context.customer(customer)
            customer_id = "" if view is None else view.customer.id
        found = await webhooks.page(
            context.runtime.engine,
            request.read,
            after=request.after,
            before=request.before,
            backwards=request.backwards,
            customer_id=customer_id,
            states=state,
        )
        edges, page_info = request.connection(found, lambda notice: notice.id)
        return Connection(
            edges=[Edge(cursor=cursor, node=Webhook(notice)) for cursor, notice in edges], page_info=page_info
        )
