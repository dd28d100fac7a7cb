"""Customers, and who is asking for them."""

from typing import Annotated

import strawberry

from adapters.postgres.reads import accounts
from adapters.postgres.reads.accounts import AccountSearch
from api.context import Context, Info
from api.types.connection import Connection, Edge, page
from api.types.customer import Customer
from api.types.customer_ref import CustomerRef
from api.types.subscription import Subscription
from api.types.viewer import Viewer
from domain.access import Scope
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from service.ids import prefix_of

SEARCH_CHARS_MAX = 500


@strawberry.type
class CustomerQueries:
    @strawberry.field(description="Who the credentials are, and what they may do.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer(info.context.principal)

    @strawberry.field(description="A customer.")
    async def customer(
        self, info: Info, ref: Annotated[CustomerRef, strawberry.argument(description="Whom.")]
    ) -> Customer | None:
        info.context.require(Scope.CUSTOMERS_READ)
        view = await info.context.customer(ref)
        return None if view is None else Customer.of(view)

    @strawberry.field(description="All customers that the credentials may see, oldest first.")
    async def customers(
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
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Only those with exactly this id, external id, mail address, name or word of their name, "
                "in any case; for those who may see them, also the payment provider's anonymous id, and the number of "
                "an invoice or a credit note."
            ),
        ] = None,
    ) -> Connection[Customer]:
        context = info.context
        context.require(Scope.CUSTOMERS_READ)
        request = page("customers", first=first, after=after, last=last, before=before)
        stored = await accounts.page(
            context.runtime.engine,
            context.visible,
            limit=request.read,
            after=request.after,
            before=request.before,
            backwards=request.backwards,
            search=None if search is None else _search(context, search),
        )
        shown, page_info = request.connection(await context.loaders.page(stored), lambda view: view.customer.id)
        edges = [Edge(cursor=cursor, node=Customer.of(view)) for cursor, view in shown]
        return Connection(edges=edges, page_info=page_info)

    @strawberry.field(description="A subscription.")
    async def subscription(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Subscription | None:
        context = info.context
        context.require(Scope.CUSTOMERS_READ)
        customer_id = await context.loaders.owners.load(id) if prefix_of(id) == "subscription" else None
        view = None if customer_id is None else await context.loaders.views.load(customer_id)
        subscription = None if view is None else view.account.subscription(id)
        return None if view is None or subscription is None else Subscription.of(view, subscription)


def _search(context: Context, text: str) -> AccountSearch:
    text = text.strip()
    if not 1 <= len(text) <= SEARCH_CHARS_MAX:
        raise ClientError(f"A search has 1 to {SEARCH_CHARS_MAX} characters.", code=BAD_USER_INPUT)
    kind = prefix_of(text)
    return AccountSearch(
        customer_id=text if kind == "customer" else None,
        anonymous_id=text if kind == "anon" and context.may(Scope.PROVIDER_READ) else None,
        hashes=context.runtime.vault.search_hashes(text),
        number=text if context.may(Scope.INVOICES_READ) else None,
    )
