"""Invoices of all customers, and how they are made."""

from typing import Annotated

import strawberry

from adapters.postgres.reads import documents
from adapters.postgres.reads.documents import InvoicePageQuery, IssuedInvoice
from api.context import Context, Info
from api.types.connection import Connection, Edge, page
from api.types.coupon import Coupon
from api.types.customer_money import Place, final_statuses
from api.types.found import credit_note_or_invoice, draft
from api.types.invoice import Invoice
from api.types.settings import BillingSettings
from domain.access import Scope
from domain.books.invoice import InvoiceStatus
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from service.ids import prefix_of

NUMBER_CHARS_MAX = 100


@strawberry.type
class InvoiceQueries:
    @strawberry.field(description="An invoice, by exactly one of its id and its number. Needs the scope invoices:read.")
    async def invoice(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id; also of a draft.")] = None,
        number: Annotated[str | None, strawberry.argument(description="Its legal number.")] = None,
    ) -> Invoice | None:
        context = info.context
        context.require(Scope.INVOICES_READ)
        if (id is None) == (number is None):
            raise ClientError("Give one of id and number.", code=BAD_USER_INPUT)
        if number is not None:
            return await _by_number(context, number)
        assert id is not None
        if prefix_of(id) != "invoice":
            return None
        found = await credit_note_or_invoice(context, id) or await draft(context, id)
        return found if isinstance(found, Invoice) else None

    @strawberry.field(
        description="Final invoices of all customers that the credentials may see, the newest first. Drafts are asked "
        "for customer by customer. Needs the scope invoices:read."
    )
    async def invoices(
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
        status: Annotated[
            list[InvoiceStatus] | None,
            strawberry.argument(description="Only those in one of these; DRAFT finds none."),
        ] = None,
    ) -> Connection[Invoice]:
        context = info.context
        context.require(Scope.INVOICES_READ)
        request = page("all invoices", first=first, after=after, last=last, before=before, key=Place)
        statuses = final_statuses(status)
        wanted = InvoicePageQuery(None, request.read, request.after, request.before, request.backwards, statuses)
        found = await documents.page(context.runtime.engine, wanted, context.visible)
        edges, page_info = request.connection(found, lambda stored: (stored.invoice.issued_at, stored.invoice.id))
        nodes = await _shown(context, [stored for _, stored in edges])
        return Connection(
            edges=[Edge(cursor=cursor, node=node) for (cursor, _), node in zip(edges, nodes, strict=True)],
            page_info=page_info,
        )

    @strawberry.field(description="How this deployment bills. Needs the scope settings:read.")
    async def billing_settings(self, info: Info) -> BillingSettings:
        info.context.require(Scope.SETTINGS_READ)
        return BillingSettings.of((await info.context.loaders.catalog_snapshot()).catalog.settings)

    @strawberry.field(description="All coupons, oldest first, also archived ones. Needs the scope settings:read.")
    async def coupons(self, info: Info) -> list[Coupon]:
        info.context.require(Scope.SETTINGS_READ)
        return [Coupon.of(coupon) for coupon in (await info.context.loaders.catalog_snapshot()).catalog.coupons]


async def _by_number(context: Context, number: str) -> Invoice | None:
    if len(number) > NUMBER_CHARS_MAX:
        return None
    found = await documents.by_number(context.runtime.engine, number, context.visible)
    return None if found is None else (await _shown(context, [found]))[0]


async def _shown(context: Context, found: list[IssuedInvoice]) -> list[Invoice]:
    """The customers of the invoices are read together."""
    loaders = context.loaders
    views = await loaders.views.load_many([stored.customer_id for stored in found])
    wholes = await loaders.books_of.load_many([view for view in views if view is not None])
    by_customer = {view.customer.id: view for view in wholes if view is not None}
    return [Invoice.of(by_customer[stored.customer_id], stored.invoice) for stored in found]
