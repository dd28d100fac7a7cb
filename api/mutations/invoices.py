"""What may become of a final invoice besides being paid: taken back, written off, divided."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry

from api.context import Info
from api.inputs.keyed import Keyed, OfInvoice
from api.inputs.request import owner_of
from api.mutations.once import once
from api.mutations.results import Documented, Invoiced, newest_invoice, refusable
from api.types.credit_note import CreditNote
from api.types.errors import UserError
from api.types.invoice import Invoice, invoice_of
from domain.access import Scope
from domain.books import invoice as domain
from domain.commands import IssueCreditNote, PlanInstalments, VoidInvoice, WriteOffInvoice
from domain.errors import invalid
from domain.events import CreditNoteIssued


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
    FIELDS: ClassVar = {"customer": "invoice_id", "amounts": "lines"}

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


@strawberry.type(description="What came of voidInvoice.")
class VoidInvoicePayload(Invoiced, Documented):
    rebilled: Invoice | None = strawberry.field(default=None, description="The one in its place, if that was asked.")


@strawberry.type(description="What came of markUncollectible.")
class MarkUncollectiblePayload(Invoiced, Documented):
    pass


@strawberry.type(description="What came of issueCreditNote.")
class IssueCreditNotePayload(Documented):
    credit_note: CreditNote | None = strawberry.field(default=None, description="The credit note.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of planInstalments.")
class PlanInstalmentsPayload(Invoiced, Documented):
    pass


@strawberry.type
class InvoiceMutations:
    @strawberry.mutation(description="Take an invoice back as a whole, while nothing of it is paid or credited.")
    @refusable(VoidInvoicePayload)
    async def void_invoice(self, info: Info, input: VoidInvoiceInput) -> VoidInvoicePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await owner_of(context, input.invoice_id, "invoice_id")
        command = VoidInvoice(input.invoice_id, bool(input.rebill))
        recorded = await once(context, "voidInvoice", input, customer_id, command)
        view, made = await context.view(recorded.state), newest_invoice(recorded)
        invoice = await invoice_of(context, view, input.invoice_id)
        rebilled = None if made is None else await invoice_of(context, view, made.id)
        return VoidInvoicePayload(invoice=invoice, rebilled=rebilled).documented(view, recorded)

    @strawberry.mutation(description="Expect an invoice to be paid no more.")
    @refusable(MarkUncollectiblePayload)
    async def mark_uncollectible(self, info: Info, input: MarkUncollectibleInput) -> MarkUncollectiblePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await owner_of(context, input.invoice_id, "invoice_id")
        command = WriteOffInvoice(input.invoice_id)
        recorded = await once(context, "markUncollectible", input, customer_id, command)
        view = await context.view(recorded.state)
        invoice = await invoice_of(context, view, input.invoice_id)
        return MarkUncollectiblePayload(invoice=invoice).documented(view, recorded)

    @strawberry.mutation(description="Take a final invoice back, whole or in part; what was paid becomes credit.")
    @refusable(IssueCreditNotePayload)
    async def issue_credit_note(self, info: Info, input: IssueCreditNoteInput) -> IssueCreditNotePayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await owner_of(context, input.invoice_id, "invoice_id")
        document = await context.loaders.documents.load(input.invoice_id)
        lines = document.content.lines if document is not None else ()
        command = IssueCreditNote(input.invoice_id, input.reason, _amounts(input), lines)
        recorded = await once(context, "issueCreditNote", input, customer_id, command)
        issued = recorded.event(CreditNoteIssued)
        assert issued is not None
        view = await context.view(recorded.state)
        return IssueCreditNotePayload(credit_note=CreditNote.of(view, issued.note)).documented(view, recorded)

    @strawberry.mutation(description="Let an invoice be paid in parts at agreed dates.")
    @refusable(PlanInstalmentsPayload)
    async def plan_instalments(self, info: Info, input: PlanInstalmentsInput) -> PlanInstalmentsPayload:
        context = info.context
        context.require(Scope.INVOICES_WRITE)
        customer_id = await owner_of(context, input.invoice_id, "invoice_id")
        parts = tuple(domain.Instalment(instalment.due_at, instalment.amount) for instalment in input.instalments)
        recorded = await once(context, "planInstalments", input, customer_id, PlanInstalments(input.invoice_id, parts))
        view = await context.view(recorded.state)
        invoice = await invoice_of(context, view, input.invoice_id)
        return PlanInstalmentsPayload(invoice=invoice).documented(view, recorded)


def _amounts(input: IssueCreditNoteInput) -> dict[str, Decimal] | None:
    if input.lines is None:
        return None
    amounts: dict[str, Decimal] = {}
    for index, line in enumerate(input.lines):
        if line.line_id in amounts:
            raise invalid("stands twice", "lines", str(index), "line_id")
        amounts[line.line_id] = line.amount
    return amounts
