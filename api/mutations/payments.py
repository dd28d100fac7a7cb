"""Payments: asked for, recorded when money came in elsewhere, given back."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry

from api.context import Context, Info
from api.inputs.keyed import Keyed
from api.inputs.plans import MoneyInput
from api.inputs.request import owner_of
from api.loaders import AccountView
from api.mutations.once import once
from api.mutations.results import Documented, refusable
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.payment import Payment, Refund
from domain.access import Scope
from domain.books import payment as domain
from domain.books.payment import RefundTarget
from domain.commands import PayInvoice, RecordPayment, RefundPayment
from domain.events import PaymentRecorded, PaymentRequested, RefundRequested
from service.ids import new_id


@strawberry.input(description="An invoice to pay now.")
class PayInvoiceInput(Keyed):
    FIELDS: ClassVar = {"customer": "invoice_id", "method_id": "payment_method_id"}

    invoice_id: strawberry.ID = strawberry.field(description="Which invoice.")
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=None, description="How; the default way to pay when left out."
    )
    amount: Decimal | None = strawberry.field(
        default=None, description="How much, in the invoice's currency; all that is due when left out."
    )


@strawberry.input(description="What of a payment pays which invoice.")
class AllocationInput:
    invoice_id: strawberry.ID = strawberry.field(description="Which invoice.")
    amount: Decimal = strawberry.field(description="How much, in the payment's currency.")


@strawberry.input(
    description="Money that came in elsewhere, as by bank transfer. What no invoice needs becomes prepaid credit."
)
class RecordPaymentInput(Keyed):
    FIELDS: ClassVar = {"amount": "amount.amount", "currency": "amount.currency"}

    customer: CustomerRef = strawberry.field(description="Whose.")
    amount: MoneyInput = strawberry.field(description="How much came in.")
    invoice_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="Which invoices it pays, as far as it goes, in this order; with neither this nor allocations the "
        "open ones, the oldest first.",
    )
    allocations: list[AllocationInput] | None = strawberry.field(
        default=None, description="How much of it pays which invoice, instead of invoiceIds."
    )
    reference: str | None = strawberry.field(default=None, description="What the bank calls it.")
    received_at: datetime | None = strawberry.field(default=None, description="When; now when left out.")


@strawberry.input(description="Money to give back.")
class RefundPaymentInput(Keyed):
    FIELDS: ClassVar = {"customer": "payment_id"}

    payment_id: strawberry.ID = strawberry.field(description="Of which payment.")
    amount: Decimal | None = strawberry.field(
        default=None, description="How much, in its currency; all that can be given back when left out."
    )
    to: RefundTarget | None = strawberry.field(
        default=RefundTarget.METHOD, description="Back the way it came, or to prepaid credit."
    )
    reason: str | None = strawberry.field(default=None, description="Why.")


@strawberry.type(description="What came of payInvoice: the payment as it stands, also when it is still under way.")
class PayInvoicePayload:
    payment: Payment | None = strawberry.field(default=None, description="The payment.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of recordPayment.")
class RecordPaymentPayload(Documented):
    payment: Payment | None = strawberry.field(default=None, description="The payment.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of refundPayment: the refund as it stands, also when it is still on its way.")
class RefundPaymentPayload:
    refund: Refund | None = strawberry.field(default=None, description="The refund.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class PaymentMutations:
    @strawberry.mutation(
        description="Charge a way to pay with what is due on an invoice, once. Answers when the provider has, or when "
        "that takes too long: then the payment is PENDING and goes on by itself."
    )
    @refusable(PayInvoicePayload)
    async def pay_invoice(self, info: Info, input: PayInvoiceInput) -> PayInvoicePayload:
        context = info.context
        context.require(Scope.PAYMENTS_WRITE)
        customer_id = await owner_of(context, input.invoice_id, "invoice_id")
        command = PayInvoice(new_id("payment"), input.invoice_id, input.payment_method_id, input.amount)
        recorded = await once(context, "payInvoice", input, customer_id, command)
        requested = recorded.event(PaymentRequested)
        assert requested is not None
        await context.runtime.charging.settle(customer_id, requested.payment.id)
        view = await _as_it_stands(context, customer_id)
        return PayInvoicePayload(payment=Payment.of(view, _payment(view, requested.payment.id)))

    @strawberry.mutation(description="Write down money that came in elsewhere.")
    @refusable(RecordPaymentPayload)
    async def record_payment(self, info: Info, input: RecordPaymentInput) -> RecordPaymentPayload:
        context = info.context
        context.require(Scope.PAYMENTS_WRITE)
        customer_id = await context.customer_id(input.customer)
        command = RecordPayment(
            payment_id=new_id("payment"),
            amount=input.amount.amount,
            currency=input.amount.currency,
            reference=input.reference,
            allocations=tuple(
                domain.Allocation(allocation.invoice_id, allocation.amount) for allocation in input.allocations or ()
            ),
            invoice_ids=tuple(input.invoice_ids or ()),
            received_at=input.received_at,
        )
        recorded = await once(context, "recordPayment", input, customer_id, command)
        written = recorded.event(PaymentRecorded)
        assert written is not None
        view = await context.view(recorded.state)
        payload = RecordPaymentPayload(payment=Payment.of(view, _payment(view, written.payment.id)))
        return payload.documented(view, recorded)

    @strawberry.mutation(
        description="Give a payment back, whole or in part. Credit that it brought is taken back first. The invoice "
        "stays paid: what takes it back is a credit note."
    )
    @refusable(RefundPaymentPayload)
    async def refund_payment(self, info: Info, input: RefundPaymentInput) -> RefundPaymentPayload:
        context = info.context
        context.require(Scope.PAYMENTS_WRITE)
        customer_id = await owner_of(context, input.payment_id, "payment_id")
        command = RefundPayment(
            new_id("refund"), input.payment_id, input.amount, input.to or RefundTarget.METHOD, input.reason
        )
        recorded = await once(context, "refundPayment", input, customer_id, command)
        requested = recorded.event(RefundRequested)
        assert requested is not None
        await context.runtime.charging.settle(customer_id, requested.refund.id)
        view = await _as_it_stands(context, customer_id)
        payment = _payment(view, input.payment_id)
        refund = next(refund for refund in payment.refunds if refund.id == requested.refund.id)
        return RefundPaymentPayload(refund=Refund.of(view, payment, refund))


async def _as_it_stands(context: Context, customer_id: str) -> AccountView:
    """After the provider was asked: what a retry is answered with, too, since money that moved has moved."""
    context.changed()
    view = await context.loaders.views.load(customer_id)
    assert view is not None, "something was just recorded of them"
    return await context.loaders.with_books(view)


def _payment(view: AccountView, id: str) -> domain.Payment:
    return view.account.books.payments[id]
