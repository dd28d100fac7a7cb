"""What is found by its id alone, among all that customers hold."""

from api.context import Context
from api.loaders import AccountView
from api.types.coupon import CouponRedemption
from api.types.credit import CreditGrant
from api.types.credit_note import CreditNote
from api.types.invoice import Invoice
from api.types.node import Node
from api.types.payment import Payment, Refund
from api.types.payment_method import method_of
from domain.books import invoice as domain


async def credit_note_or_invoice(context: Context, id: str) -> Invoice | CreditNote | None:
    """A final document. None: there is none that may be seen."""
    found = await context.loaders.documents.load(id)
    view = None if found is None else await context.loaders.views.load(found.customer_id)
    if found is None or view is None:
        return None
    whole = await context.loaders.with_books(view)
    if isinstance(found.content, domain.Invoice):
        return Invoice.of(whole, found.content)
    return CreditNote.of(whole, found.content)


async def draft(context: Context, id: str) -> Invoice | None:
    """An invoice that is not final yet."""
    view = await owner_view(context, id)
    drafts = () if view is None else await context.loaders.drafts.load(view.customer.id) or ()
    return next((Invoice.of(view, draft) for draft in drafts if view is not None and draft.id == id), None)


async def money_of(context: Context, id: str) -> Node | None:
    """A payment, a refund, a credit, a way to pay or a redemption."""
    view = await owner_view(context, id)
    if view is None:
        return None
    books = view.account.books
    if id in books.payments:
        return Payment.of(view, books.payments[id])
    if id in books.credits:
        return CreditGrant.of(view, books.credits[id])
    for payment in books.payments.values():
        for refund in payment.refunds:
            if refund.id == id:
                return Refund.of(view, payment, refund)
    redemption = next((redemption for redemption in books.redemptions if redemption.id == id), None)
    return CouponRedemption.of(redemption) if redemption is not None else method_of(view, id)


async def owner_view(context: Context, id: str) -> AccountView | None:
    """The view, with books, of whoever owns the thing with this id. None: nobody who may be seen."""
    customer_id = await context.loaders.owners.load(id)
    view = None if customer_id is None else await context.loaders.views.load(customer_id)
    return None if view is None else await context.loaders.with_books(view)
