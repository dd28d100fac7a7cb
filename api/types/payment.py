"""Payments, what they pay, and what of them was given back."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.loaders import AccountView
from api.types.computed import computed
from api.types.node import Node
from api.types.payment_method import PaymentMethod, method_of
from api.types.values import Money
from domain import money
from domain.access import Scope
from domain.books import payment as domain

if TYPE_CHECKING:
    from api.types.customer import Customer
    from api.types.invoice import Invoice


@strawberry.type(description="Money of a payment that is given back.")
class Refund(Node):
    payment: "Payment" = strawberry.field(description="Of which payment.")
    amount: Money = strawberry.field(description="How much.")
    to: domain.RefundTarget = strawberry.field(description="Where it goes.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    settled_at: datetime | None = strawberry.field(description="When it went through; null: not yet, or it failed.")
    failure: str | None = strawberry.field(description="Why it did not go through.")
    reason: str | None = strawberry.field(description="Why it was given back.")

    def __init__(self, view: AccountView, payment: domain.Payment, refund: domain.Refund) -> None:
        self._view = view
        self._payment = payment
        self.id = strawberry.ID(refund.id)
        self.amount = Money.of(money.Money(refund.amount, payment.currency))
        self.to = refund.to
        self.created_at = refund.created_at
        self.settled_at = refund.settled_at
        self.failure = refund.failure
        self.reason = refund.reason

    @classmethod
    def of(cls, view: AccountView, payment: domain.Payment, refund: domain.Refund) -> "Refund":
        """One of the payment's refunds."""
        return cls(view, payment, refund)


@strawberry.type(description="What of a payment pays an invoice.")
class Allocation:
    payment: "Payment" = strawberry.field(description="By which payment.")
    amount: Money = strawberry.field(description="How much of it.")

    def __init__(self, view: AccountView, payment: domain.Payment, allocation: domain.Allocation) -> None:
        self._view = view
        self._payment = payment
        self._invoice_id = allocation.invoice_id
        self.amount = Money.of(money.Money(allocation.amount, payment.currency))

    @strawberry.field(description="Which invoice it pays.")
    async def invoice(self, info: Info) -> Annotated["Invoice", strawberry.lazy("api.types.invoice")]:
        from api.types.invoice import invoice_of  # the two types speak of each other

        found = await invoice_of(info.context, self._view, self._invoice_id)
        assert found is not None, f"a payment pays {self._invoice_id}, which is not there"
        return found


@strawberry.type(description="Money that came in, or was asked for.")
class Payment(Node):
    customer: Annotated["Customer", strawberry.lazy("api.types.customer")] = strawberry.field(description="Whose.")
    amount: Money = strawberry.field(description="How much.")
    status: domain.PaymentStatus = strawberry.field(description="Where it stands.")
    provider: str = strawberry.field(
        description="Who collects it: `manual` where it came in elsewhere and was recorded, `none` where there was no "
        "way to pay."
    )
    method: PaymentMethod | None = strawberry.field(description="Which way to pay is charged.")
    allocations: list[Allocation] = strawberry.field(description="Which invoices it pays.")
    to_credit: Money = strawberry.field(description="What is above them, and became prepaid credit.")
    failure: str | None = strawberry.field(
        description="Why it failed: DECLINED, INSUFFICIENT_FUNDS, METHOD_EXPIRED, METHOD_REFUSED, ACTION_REQUIRED, "
        "NO_METHOD, PROVIDER_ERROR, or NOT_NEEDED where the invoice had been settled meanwhile."
    )
    action_since: datetime | None = strawberry.field(
        description="Since when it waits for the customer to confirm it; null: it does not."
    )
    created_at: datetime = strawberry.field(description="When it was asked for or came in.")
    settled_at: datetime | None = strawberry.field(description="When it was known to have come in or failed.")
    refunds: list[Refund] = strawberry.field(description="What was given back of it, oldest first.")
    refunded: Money = strawberry.field(description="How much that is, also what is still on its way.")

    def __init__(self, view: AccountView, payment: domain.Payment) -> None:
        self._view = view
        self._payment = payment
        self.id = strawberry.ID(payment.id)
        self.status = payment.status
        self.provider = payment.provider
        self.failure = None if payment.failure is None else str(payment.failure)
        self.action_since = payment.action_since if payment.waiting else None
        self.created_at = payment.created_at
        self.settled_at = payment.settled_at

    @strawberry.field(
        description="What the bank calls it; or, for those with the scope provider:read, the payment provider."
    )
    def reference(self, info: Info) -> str | None:
        shown = self.provider == domain.MANUAL or info.context.may(Scope.PROVIDER_READ)
        return self._payment.reference if shown else None

    @strawberry.field(
        description="What the customer is to open or confirm before it goes on, as the provider says when this is "
        "asked; empty: something, but the provider does not say what; null: nothing, or the provider does not answer."
    )
    async def action(self, info: Info) -> str | None:
        return await info.context.runtime.confirming.action_of(self._view.account, self._payment)

    @classmethod
    def of(cls, view: AccountView, payment: domain.Payment) -> "Payment":
        """A payment of a view with books."""
        return cls(view, payment)

    def _money(self, amount: Decimal) -> Money:
        return Money.of(money.Money(amount, self._payment.currency))


def _customer(self: Payment) -> "Customer":
    from api.types.customer import Customer  # the two types speak of each other

    return Customer.of(self._view)


computed(
    Payment,
    customer=_customer,
    amount=lambda self: self._money(self._payment.amount),
    method=lambda self: method_of(self._view, self._payment.method_id),
    allocations=lambda self: [
        Allocation(self._view, self._payment, allocation) for allocation in self._payment.allocations
    ],
    to_credit=lambda self: self._money(self._payment.to_credit),
    refunds=lambda self: [Refund.of(self._view, self._payment, refund) for refund in self._payment.refunds],
    refunded=lambda self: self._money(self._payment.refunded),
)
computed(Refund, payment=lambda self: Payment.of(self._view, self._payment))
computed(Allocation, payment=lambda self: Payment.of(self._view, self._payment))
