"""What a customer is charged, owes, has paid and may use up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from msgspec import Meta

from adapters.postgres.reads.documents import InvoicePageQuery
from api.context import Context, Info
from api.loaders import AccountView
from api.types.connection import Connection, Edge, Id, Page, page
from api.types.coupon import CouponRedemption
from api.types.credit import CreditGrant, credits_of
from api.types.invoice import Invoice
from api.types.payment import Payment
from api.types.payment_method import PaymentMethod, methods_of
from api.types.values import Money
from domain import money
from domain.access import Scope
from domain.books import invoice as domain
from domain.books.invoice import InvoiceStatus

Place = tuple[Annotated[datetime, Meta(tz=True)], Id]
"""Where something stands in a list that is ordered by time: the newest first."""

_FIRST = "At most this many, from the start. One of first and last is required; 1 to 100."
_LAST = "At most this many, from the end. One of first and last is required; 1 to 100."
_AFTER = "What follows this cursor."
_BEFORE = "What comes before this cursor."
STATUS = "Only those in one of these."


@strawberry.type(description="What a customer is charged, owes, has paid and may use up.")
class CustomerMoney:
    _view: strawberry.Private[AccountView]

    @strawberry.field(
        description="What the next invoice would be, if it were made now: what will recur, and the usage so far. Null: "
        "as things are, none will come. Needs the scope invoices:read, as all about money."
    )
    async def upcoming_invoice(self, info: Info) -> Invoice | None:
        view = await _with_books(info, self._view)
        drafts = await info.context.loaders.drafts.load(view.customer.id)
        return Invoice.of(view, drafts[0]) if drafts else None

    @strawberry.field(
        description="Their invoices, the newest first. So drafts come first: of the running period, then of one that "
        "is over, if it still waits for late usage."
    )
    async def invoices(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description=_FIRST)] = None,
        after: Annotated[str | None, strawberry.argument(description=_AFTER)] = None,
        last: Annotated[int | None, strawberry.argument(description=_LAST)] = None,
        before: Annotated[str | None, strawberry.argument(description=_BEFORE)] = None,
        status: Annotated[list[InvoiceStatus] | None, strawberry.argument(description=STATUS)] = None,
    ) -> Connection[Invoice]:
        request = page(
            "invoices", self._view.customer.id, first=first, after=after, last=last, before=before, key=Place
        )
        view = await _with_books(info, self._view)
        found = request.newest(
            [
                *await _drafts(info.context, view.customer.id, status),
                *await _final(info.context, view.customer.id, request, status),
            ],
            _place,
        )
        edges, page_info = request.connection(found, _place)
        return Connection(
            edges=[Edge(cursor=cursor, node=Invoice.of(view, invoice)) for cursor, invoice in edges],
            page_info=page_info,
        )

    @strawberry.field(description="Their credits, oldest first, also those that are used up.")
    async def credits(
        self,
        info: Info,
        active: Annotated[
            bool | None, strawberry.argument(description="Only those that can (or cannot) still be used.")
        ] = None,
    ) -> list[CreditGrant]:
        return credits_of(await _with_books(info, self._view), active)

    @strawberry.field(description="What they owe, one for each currency, also what is not due yet. None: nothing.")
    def balance(self) -> list[Money]:
        owed = self._view.account.owing.amounts
        return [Money.of(money.Money(amount, currency)) for currency, amount in owed.items()]

    @strawberry.field(description="Ways to pay that can be used: the default one first, then the newest.")
    async def payment_methods(self, info: Info) -> list[PaymentMethod]:
        return methods_of(await _with_books(info, self._view))

    @strawberry.field(description="Their payments, the newest first, also those that failed.")
    async def payments(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description=_FIRST)] = None,
        after: Annotated[str | None, strawberry.argument(description=_AFTER)] = None,
        last: Annotated[int | None, strawberry.argument(description=_LAST)] = None,
        before: Annotated[str | None, strawberry.argument(description=_BEFORE)] = None,
    ) -> Connection[Payment]:
        request = page(
            "payments", self._view.customer.id, first=first, after=after, last=last, before=before, key=Place
        )
        view = await _with_books(info, self._view)
        found = request.newest(view.account.books.payments.values(), lambda payment: (payment.created_at, payment.id))
        edges, page_info = request.connection(found, lambda payment: (payment.created_at, payment.id))
        return Connection(
            edges=[Edge(cursor=cursor, node=Payment.of(view, payment)) for cursor, payment in edges],
            page_info=page_info,
        )

    @strawberry.field(description="The coupons that they redeemed, oldest first, also those that are used up.")
    async def coupons(self, info: Info) -> list[CouponRedemption]:
        view = await _with_books(info, self._view)
        redemptions = sorted(
            view.account.books.redemptions, key=lambda redemption: (redemption.redeemed_at, redemption.id)
        )
        return [CouponRedemption.of(redemption) for redemption in redemptions]


async def _with_books(info: Info, view: AccountView) -> AccountView:
    info.context.require(Scope.INVOICES_READ)
    return await info.context.loaders.with_books(view)


async def _drafts(context: Context, customer_id: str, status: list[InvoiceStatus] | None) -> Sequence[domain.Invoice]:
    if status is not None and InvoiceStatus.DRAFT not in status:
        return ()
    return await context.loaders.drafts.load(customer_id) or ()


async def _final(
    context: Context, customer_id: str, request: Page, status: list[InvoiceStatus] | None
) -> Sequence[domain.Invoice]:
    final = final_statuses(status)
    if final is not None and not final:
        return ()
    wanted = InvoicePageQuery(customer_id, request.read, request.after, request.before, request.backwards, final)
    return await context.loaders.invoices.load(wanted) or ()


def final_statuses(status: list[InvoiceStatus] | None) -> frozenset[str] | None:
    """The statuses that final invoices can have; None: all of them."""
    return None if status is None else frozenset(str(state) for state in status if state is not InvoiceStatus.DRAFT)


def _place(invoice: domain.Invoice) -> Place:
    return invoice.issued_at, invoice.id
