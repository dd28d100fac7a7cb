"""Invoices before they are final: what is put on them, what a line shall come to, closing them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

import strawberry

from api.context import Info
from api.inputs.keyed import Keyed, OfInvoice, Reasoned
from api.inputs.plans import MoneyInput
from api.inputs.request import owner_of
from api.mutations.once import once
from api.mutations.results import Documented, Invoiced, newest_invoice, refusable
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.invoice import Invoice, invoice_of
from api.types.values import PeriodInput
from domain.access import Scope
from domain.books import invoice as domain
from domain.commands import AddItem, AdjustLine, FinalizeInvoice, RemoveItem
from domain.errors import ErrorCode, Refusal
from domain.events import CreditNoteIssued, InvoiceFinalized, ItemAdded
from domain.exact import ONE
from domain.period import Period
from domain.tax import STANDARD_CATEGORY
from service.ids import new_id
from service.write.pending_events import PendingEvents


@strawberry.input(description="Something to charge for besides what plans cost.")
class AddInvoiceItemInput(Reasoned):
    FIELDS: ClassVar = {"unit_amount": "unit_amount.amount", "currency": "unit_amount.currency"}

    customer: CustomerRef = strawberry.field(description="Whom.")
    description: str = strawberry.field(description="What the line says.")
    quantity: Decimal = strawberry.field(default=ONE, description="How much of it; above 0.")
    unit_amount: MoneyInput = strawberry.field(description="For one; above 0, up to 12 decimals.")
    tax_category: str | None = strawberry.field(
        default=STANDARD_CATEGORY, description="Which of the seller's tax rates holds."
    )
    tax_inclusive: bool | None = strawberry.field(default=False, description="Whether the amount contains the tax.")
    period: PeriodInput | None = strawberry.field(default=None, description="When it is provided; now when left out.")
    invoice_now: bool | None = strawberry.field(
        default=False, description="On an invoice of its own, now, instead of on the next one."
    )


@strawberry.input(description="An item to take off again, while it waits for an invoice.")
class RemoveInvoiceItemInput(Reasoned):
    FIELDS: ClassVar = {"customer": "item_id"}

    item_id: strawberry.ID = strawberry.field(description="Which item.")


@strawberry.input(description="What a line of a draft shall come to, whatever the rules say.")
class AdjustInvoiceLineInput(Keyed):
    FIELDS: ClassVar = {"customer": "invoice_id", "draft_id": "invoice_id"}

    invoice_id: strawberry.ID = strawberry.field(description="The draft.")
    line_id: strawberry.ID = strawberry.field(description="Its line.")
    amount: Decimal = strawberry.field(
        description="In the invoice's currency, before tax (with it where the price contains it); 0: not charged."
    )
    reason: str = strawberry.field(description="Shown on the line, and in the journal.")


@strawberry.input(description="A draft to close now: of a period that is over, or in the middle of one.")
class FinalizeInvoiceInput(OfInvoice):
    FIELDS: ClassVar = {**OfInvoice.FIELDS, "draft_id": "invoice_id"}


@strawberry.type(description="What came of addInvoiceItem.")
class AddInvoiceItemPayload(Documented):
    item_id: strawberry.ID | None = strawberry.field(
        default=None, description="Names the item; a line says it as `itemId`."
    )
    invoice: Invoice | None = strawberry.field(
        default=None,
        description="The invoice made for it now; null: it waits for the next one. Where nothing runs that would bring "
        "one, it is made at once.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of removeInvoiceItem.")
class RemoveInvoiceItemPayload:
    item_id: strawberry.ID | None = strawberry.field(default=None, description="The item that is not there any more.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of adjustInvoiceLine.")
class AdjustInvoiceLinePayload(Invoiced):
    pass


@strawberry.type(description="What came of finalizeInvoice. Without an invoice: it came to credit notes alone.")
class FinalizeInvoicePayload(Invoiced, Documented):
    pass


@strawberry.type
class DraftMutations:
    @strawberry.mutation(description="Charge for something besides plans: on the next invoice, or on one of its own.")
    @refusable(AddInvoiceItemPayload)
    async def add_invoice_item(self, info: Info, input: AddInvoiceItemInput) -> AddInvoiceItemPayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await context.customer_id(input.customer)
        item = domain.Item(
            id=new_id("item"),
            description=input.description,
            quantity=input.quantity,
            unit_amount=input.unit_amount.amount,
            currency=input.unit_amount.currency,
            added_at=context.now,
            reason=input.reason,
            tax_category=STANDARD_CATEGORY if input.tax_category is None else input.tax_category,
            tax_inclusive=bool(input.tax_inclusive),
            period=None if input.period is None else Period(input.period.start, input.period.end),
        )
        command = AddItem(item, at_once=bool(input.invoice_now))
        recorded = await once(context, "addInvoiceItem", input, customer_id, command)
        added, made = recorded.event(ItemAdded), newest_invoice(recorded)
        assert added is not None
        view = await context.view(recorded.state)
        payload = AddInvoiceItemPayload(
            item_id=strawberry.ID(added.item.id), invoice=None if made is None else Invoice.of(view, made)
        )
        return payload.documented(view, recorded)

    @strawberry.mutation(description="Take an item off again that waits for an invoice.")
    @refusable(RemoveInvoiceItemPayload)
    async def remove_invoice_item(self, info: Info, input: RemoveInvoiceItemInput) -> RemoveInvoiceItemPayload:
        info.context.require(Scope.INVOICES_WRITE)
        customer_id = await owner_of(info.context, input.item_id, "item_id")
        await once(info.context, "removeInvoiceItem", input, customer_id, RemoveItem(input.item_id))
        info.context.changed()
        return RemoveInvoiceItemPayload(item_id=input.item_id)

    @strawberry.mutation(description="Say what a line of a draft shall come to.")
    @refusable(AdjustInvoiceLinePayload)
    async def adjust_invoice_line(self, info: Info, input: AdjustInvoiceLineInput) -> AdjustInvoiceLinePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await owner_of(context, input.invoice_id, "invoice_id")
        drafts = await context.loaders.drafts.load(customer_id) or ()

        def command() -> AdjustLine:
            return AdjustLine(input.invoice_id, domain.Adjustment(_key(drafts, input), input.amount, input.reason))

        recorded = await once(context, "adjustInvoiceLine", input, customer_id, command)
        context.changed()
        drafts = await context.loaders.drafts.load(customer_id) or ()
        draft = next((draft for draft in drafts if draft.id == input.invoice_id), None)
        view = await context.view(recorded.state)
        if draft is None:  # of a retry: it has become final since
            return AdjustInvoiceLinePayload(invoice=await invoice_of(context, view, input.invoice_id))
        return AdjustInvoiceLinePayload(invoice=Invoice.of(view, draft))

    @strawberry.mutation(description="Close a draft now, with the usage so far if its period still runs.")
    @refusable(FinalizeInvoicePayload)
    async def finalize_invoice(self, info: Info, input: FinalizeInvoiceInput) -> FinalizeInvoicePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await owner_of(context, input.invoice_id, "invoice_id")
        command = FinalizeInvoice(input.invoice_id)
        recorded = await once(context, "finalizeInvoice", input, customer_id, command, check=_comes_to_something)
        view = await context.view(recorded.state)
        invoice = await invoice_of(context, view, input.invoice_id)
        return FinalizeInvoicePayload(invoice=invoice).documented(view, recorded)


def _key(drafts: Sequence[domain.Invoice], input: AdjustInvoiceLineInput) -> str:
    """Of a draft's line. What is no draft (any more) is refused by the command itself."""
    draft = next((draft for draft in drafts if draft.id == input.invoice_id), None)
    if draft is None:
        return ""
    found = next((line.key for line in draft.lines if line.id == input.line_id), None)
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, "the draft has no such line", "line_id")
    return found


def _comes_to_something(draft: PendingEvents) -> None:
    if not any(isinstance(event, InvoiceFinalized | CreditNoteIssued) for event in draft.events):
        raise Refusal(ErrorCode.CONFLICT, "there is nothing to bill", "invoice_id")
