"""Invoices: what is put on a draft, closing it, and what may become of a final one besides being paid."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.context import Context, Info
from api.inputs.keyed import Keyed
from api.inputs.plans import MoneyInput
from api.mutations.answer import holder, once, refusable, renamed
from api.mutations.made import invoice_made
from api.types.credit_note import CreditNote
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.invoice import Invoice, invoice_of
from api.types.values import PeriodInput
from domain.access import Scope
from domain.books import invoice as domain
from domain.commands import (
    AddItem,
    AdjustLine,
    FinalizeInvoice,
    IssueCreditNote,
    PlanInstalments,
    RemoveItem,
    VoidInvoice,
    WriteOffInvoice,
)
from domain.errors import ErrorCode, Refusal, invalid
from domain.events import CreditNoteIssued, InvoiceFinalized, ItemAdded
from domain.period import Period
from domain.tax import STANDARD_CATEGORY
from service.draft import Draft
from service.ids import new_id
from service.record import Recorded

ONE = Decimal(1)


@strawberry.input
class Reasoned(Keyed):
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input
class OfInvoice(Reasoned):
    invoice_id: strawberry.ID = strawberry.field(description="Which invoice.")


@strawberry.input(description="Something to charge for besides what plans cost.")
class AddInvoiceItemInput(Reasoned):
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
    item_id: strawberry.ID = strawberry.field(description="Which item.")


@strawberry.input(description="What a line of a draft shall come to, whatever the rules say.")
class AdjustInvoiceLineInput(Keyed):
    invoice_id: strawberry.ID = strawberry.field(description="The draft.")
    line_id: strawberry.ID = strawberry.field(description="Its line.")
    amount: Decimal = strawberry.field(
        description="In the invoice's currency, before tax (with it where the price contains it); 0: not charged."
    )
    reason: str = strawberry.field(description="Shown on the line, and in the journal.")


@strawberry.input(description="A draft to close now: of a period that is over, or in the middle of one.")
class FinalizeInvoiceInput(OfInvoice):
    pass


@strawberry.input(description="An invoice to take back as if it had never been.")
class VoidInvoiceInput(OfInvoice):
    rebill: bool | None = strawberry.field(
        default=False, description="Bill what was on it again, at once, as it is right now."
    )


@strawberry.input(description="An invoice that nobody expects to be paid any more.")
class MarkUncollectibleInput(OfInvoice):
    pass


@strawberry.input(description="How much to credit of a line.")
class CreditNoteLineInput:
    line_id: strawberry.ID = strawberry.field(description="A line of the invoice.")
    amount: Decimal = strawberry.field(description="Before tax; with it where the price contains it.")


@strawberry.input(description="A final invoice to take back, whole or in part.")
class IssueCreditNoteInput(Keyed):
    invoice_id: strawberry.ID = strawberry.field(description="Which invoice.")
    lines: list[CreditNoteLineInput] | None = strawberry.field(
        default=None, description="How much of which lines; all that is left of the invoice when left out."
    )
    reason: str = strawberry.field(description="Why; the credit note says it.")


@strawberry.input(description="A part of an invoice, and when it falls due.")
class InstalmentInput:
    due_at: datetime = strawberry.field(description="When; each after the one before.")
    amount: Decimal = strawberry.field(description="How much, in the invoice's currency.")


@strawberry.input(description="An open invoice to be paid in parts.")
class PlanInstalmentsInput(OfInvoice):
    instalments: list[InstalmentInput] = strawberry.field(
        description="They come to what is due. They take the place of an earlier plan."
    )


@strawberry.type
class Invoiced:
    invoice: Invoice | None = strawberry.field(default=None, description="The invoice as it stands.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of addInvoiceItem.")
class AddInvoiceItemPayload:
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


@strawberry.type(description="What came of finalizeInvoice. Without an invoice: it came to something to give back.")
class FinalizeInvoicePayload(Invoiced):
    pass


@strawberry.type(description="What came of voidInvoice.")
class VoidInvoicePayload(Invoiced):
    rebilled: Invoice | None = strawberry.field(default=None, description="The one in its place, if that was asked.")


@strawberry.type(description="What came of markUncollectible.")
class MarkUncollectiblePayload(Invoiced):
    pass


@strawberry.type(description="What came of issueCreditNote.")
class IssueCreditNotePayload:
    credit_note: CreditNote | None = strawberry.field(default=None, description="The credit note.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of planInstalments.")
class PlanInstalmentsPayload(Invoiced):
    pass


async def final(context: Context, recorded: Recorded, id: str) -> Invoice | None:
    """A final invoice as a command left it."""
    return await invoice_of(context, await context.standing(recorded.state), id)


@strawberry.type
class InvoiceMutations:
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
        added, made = recorded.event(ItemAdded), invoice_made(recorded)
        assert added is not None
        standing = await context.standing(recorded.state)
        return AddInvoiceItemPayload(
            item_id=strawberry.ID(added.item.id), invoice=None if made is None else Invoice.of(standing, made)
        )

    @strawberry.mutation(description="Take an item off again that waits for an invoice.")
    @refusable(RemoveInvoiceItemPayload)
    async def remove_invoice_item(self, info: Info, input: RemoveInvoiceItemInput) -> RemoveInvoiceItemPayload:
        info.context.require(Scope.INVOICES_WRITE)
        customer_id = await holder(info.context, input.item_id, "itemId")
        await once(info.context, "removeInvoiceItem", input, customer_id, RemoveItem(input.item_id))
        info.context.changed()
        return RemoveInvoiceItemPayload(item_id=input.item_id)

    @strawberry.mutation(description="Say what a line of a draft shall come to.")
    @refusable(AdjustInvoiceLinePayload)
    async def adjust_invoice_line(self, info: Info, input: AdjustInvoiceLineInput) -> AdjustInvoiceLinePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await holder(context, input.invoice_id, "invoiceId")
        drafts = await context.runtime.record.drafts(customer_id, context.visible)

        def command() -> AdjustLine:
            return AdjustLine(input.invoice_id, domain.Adjustment(_key(drafts, input), input.amount, input.reason))

        recorded = await once(context, "adjustInvoiceLine", input, customer_id, command)
        context.changed()
        drafts = await context.runtime.record.drafts(customer_id, context.visible)
        draft = next((one for one in drafts if one.id == input.invoice_id), None)
        if draft is None:  # of a retry: it has become final since
            return AdjustInvoiceLinePayload(invoice=await final(context, recorded, input.invoice_id))
        return AdjustInvoiceLinePayload(invoice=Invoice.of(await context.standing(recorded.state), draft))

    @strawberry.mutation(description="Close a draft now, with the usage so far if its period still runs.")
    @refusable(FinalizeInvoicePayload)
    async def finalize_invoice(self, info: Info, input: FinalizeInvoiceInput) -> FinalizeInvoicePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await holder(context, input.invoice_id, "invoiceId")
        command = FinalizeInvoice(input.invoice_id)
        recorded = await once(context, "finalizeInvoice", input, customer_id, command, check=_comes_to_something)
        return FinalizeInvoicePayload(invoice=await final(context, recorded, input.invoice_id))

    @strawberry.mutation(description="Take an invoice back as a whole, while nothing of it is paid or credited.")
    @refusable(VoidInvoicePayload)
    async def void_invoice(self, info: Info, input: VoidInvoiceInput) -> VoidInvoicePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await holder(context, input.invoice_id, "invoiceId")
        command = VoidInvoice(input.invoice_id, bool(input.rebill))
        recorded = await once(context, "voidInvoice", input, customer_id, command)
        invoice, made = await final(context, recorded, input.invoice_id), invoice_made(recorded)
        rebilled = None if made is None else await invoice_of(context, await context.standing(recorded.state), made.id)
        return VoidInvoicePayload(invoice=invoice, rebilled=rebilled)

    @strawberry.mutation(description="Expect an invoice to be paid no more.")
    @refusable(MarkUncollectiblePayload)
    async def mark_uncollectible(self, info: Info, input: MarkUncollectibleInput) -> MarkUncollectiblePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await holder(context, input.invoice_id, "invoiceId")
        command = WriteOffInvoice(input.invoice_id)
        recorded = await once(context, "markUncollectible", input, customer_id, command)
        return MarkUncollectiblePayload(invoice=await final(context, recorded, input.invoice_id))

    @strawberry.mutation(description="Take a final invoice back, whole or in part; what was paid becomes credit.")
    @refusable(IssueCreditNotePayload)
    async def issue_credit_note(self, info: Info, input: IssueCreditNoteInput) -> IssueCreditNotePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await holder(context, input.invoice_id, "invoiceId")
        document = await context.loaders.documents.load(input.invoice_id)
        lines = document.content.lines if document is not None else ()
        command = IssueCreditNote(input.invoice_id, input.reason, _amounts(input), lines)
        with renamed(amounts="lines"):
            recorded = await once(context, "issueCreditNote", input, customer_id, command)
        issued = recorded.event(CreditNoteIssued)
        assert issued is not None
        return IssueCreditNotePayload(credit_note=CreditNote.of(await context.standing(recorded.state), issued.note))

    @strawberry.mutation(description="Let an invoice be paid in parts at agreed dates.")
    @refusable(PlanInstalmentsPayload)
    async def plan_instalments(self, info: Info, input: PlanInstalmentsInput) -> PlanInstalmentsPayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await holder(context, input.invoice_id, "invoiceId")
        parts = tuple(domain.Instalment(one.due_at, one.amount) for one in input.instalments)
        recorded = await once(context, "planInstalments", input, customer_id, PlanInstalments(input.invoice_id, parts))
        return PlanInstalmentsPayload(invoice=await final(context, recorded, input.invoice_id))


def _key(drafts: list[domain.Invoice], input: AdjustInvoiceLineInput) -> str:
    """Of a draft's line. What is no draft (any more) is refused by the command itself."""
    draft = next((one for one in drafts if one.id == input.invoice_id), None)
    if draft is None:
        return ""
    found = next((line.key for line in draft.lines if line.id == input.line_id), None)
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, "the draft has no such line", "lineId")
    return found


def _comes_to_something(draft: Draft) -> None:
    if not any(isinstance(event, InvoiceFinalized | CreditNoteIssued) for event in draft.events):
        raise Refusal(ErrorCode.CONFLICT, "there is nothing to bill", "invoiceId")


def _amounts(input: IssueCreditNoteInput) -> dict[str, Decimal] | None:
    if input.lines is None:
        return None
    amounts: dict[str, Decimal] = {}
    for index, line in enumerate(input.lines):
        if line.line_id in amounts:
            raise invalid("stands twice", "lines", str(index), "lineId")
        amounts[line.line_id] = line.amount
    return amounts
