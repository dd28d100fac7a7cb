"""Where a customer stands with billing."""

from datetime import datetime

import strawberry

from api.context import Info
from api.loaders import AccountView
from api.types.invoice import Invoice, invoice_of
from api.types.values import Money
from domain.access import Scope
from domain.billing_status import BillingState, billing_status


@strawberry.type(description="Where a customer stands with billing.")
class BillingStatus:
    state: BillingState = strawberry.field(description="In one word.")
    message: str | None = strawberry.field(description="Words that a page can show; null when all is simply well.")
    owed: list[Money] = strawberry.field(
        description="What final invoices come to that are not paid, one for each currency, also what is not due yet."
    )
    next_payment_attempt_at: datetime | None = strawberry.field(description="When a payment is tried next.")
    grace_until: datetime | None = strawberry.field(
        description="While something is overdue: until when rights are (or were) kept all the same."
    )
    as_of: datetime = strawberry.field(description="The instant that it speaks of.")
    _view: strawberry.Private[AccountView | None] = None

    @classmethod
    def of(cls, view: AccountView) -> "BillingStatus":
        """At the instant of the view."""
        status = billing_status(view.account, view.at)
        return cls(
            state=status.state,
            message=status.message,
            owed=[Money.of(amount) for amount in status.owed],
            next_payment_attempt_at=status.next_payment_attempt_at,
            grace_until=status.grace_until,
            as_of=view.at,
            _view=view,
        )

    @classmethod
    def before(cls, at: datetime) -> "BillingStatus":
        """Before the customer was there."""
        return cls(
            state=BillingState.NONE, message=None, owed=[], next_payment_attempt_at=None, grace_until=None, as_of=at
        )

    @strawberry.field(
        description="Invoices of which something has fallen due and is not paid, the most urgent first. Needs the "
        "scope invoices:read."
    )
    async def overdue(self, info: Info) -> list[Invoice]:
        info.context.require(Scope.INVOICES_READ)
        if self._view is None or not self._view.account.owing.overdue(self.as_of):
            return []
        view = await info.context.loaders.with_books(self._view)
        late = [owed.id for owed in view.account.books.open if owed.fell_due_at <= self.as_of]
        found = [await invoice_of(info.context, view, id) for id in late]
        return [entitlement for entitlement in found if entitlement is not None]

    @strawberry.field(
        description="When the next invoice becomes final, if nothing else happens. Null: as things are, none will come."
    )
    async def next_invoice_at(self, info: Info) -> datetime | None:
        if self._view is None:
            return None
        drafts = await info.context.loaders.drafts_at(self._view)
        return max(drafts[0].issued_at, self.as_of) if drafts else None
