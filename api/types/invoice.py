"""Invoices: drafts as they would be now, final ones as they were frozen, with what has become of them since."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Context, Info
from api.loaders import AccountView
from api.scalars import JSON, Currency
from api.types.computed import computed
from api.types.credit_note import CreditNote
from api.types.invoice_line import InvoiceLine, Origin
from api.types.node import Node
from api.types.parties import buyer_json, seller_json
from api.types.payment import Allocation
from api.types.settling import Instalment, PaymentAttempt, allocations_to, attempts_at, instalments_of
from api.types.tax_line import TaxLine
from api.types.values import Money, Period
from domain.books import invoice as domain
from domain.exact import ZERO, exact_sum

if TYPE_CHECKING:
    from api.types.customer import Customer


@strawberry.type(description="What a coupon took off an invoice.")
class InvoiceDiscount:
    redemption_id: strawberry.ID = strawberry.field(description="Of which redemption.")
    code: str = strawberry.field(description="The coupon's code.")
    name: str = strawberry.field(description="The coupon's name.")
    amount: Money = strawberry.field(description="How much.")


@strawberry.type(
    description="What a customer is charged. A draft is what it would be now; a final one never changes, but for what "
    "is paid and credited."
)
class Invoice(Node):
    number: str | None = strawberry.field(description="Its legal number, from a series without gaps; null: a draft.")
    status: domain.InvoiceStatus = strawberry.field(description="Where it stands.")
    customer: Annotated["Customer", strawberry.lazy("api.types.customer")] = strawberry.field(description="Whose.")
    currency: Currency = strawberry.field(description="Of all amounts.")
    lines: list[InvoiceLine] = strawberry.field(description="What is charged for.")
    subtotal: Money = strawberry.field(description="The sum of the lines.")
    discount: Money = strawberry.field(description="What coupons took off.")
    discounts: list[InvoiceDiscount] = strawberry.field(description="The same, coupon by coupon.")
    credit: Money = strawberry.field(description="Promotional credit that was used up.")
    tax: list[TaxLine] = strawberry.field(description="The tax, once for each treatment.")
    total: Money = strawberry.field(
        description="subtotal − discount − credit + the tax that the prices do not contain already."
    )
    paid: Money = strawberry.field(description="What payments and prepaid credit have settled.")
    prepaid: Money = strawberry.field(description="Of it, prepaid credit.")
    credited: Money = strawberry.field(description="What credit notes took off what is owed.")
    due: Money = strawberry.field(
        description="What is still to be paid: total − paid − credited; 0 once it is void or uncollectible."
    )
    period: Period = strawberry.field(description="From when to when its lines reach.")
    issued_at: datetime | None = strawberry.field(description="The date that it bears; null: a draft.")
    due_at: datetime | None = strawberry.field(description="Until when it is to be paid; null: a draft.")
    finalized_at: datetime | None = strawberry.field(description="When it became final; null: a draft.")
    finalizes_at: datetime | None = strawberry.field(description="When a draft becomes final by itself.")
    seller: JSON = strawberry.field(
        description="Who sells, frozen: name, line1, line2, city, postalCode, country, taxId, registration, email, "
        "iban, bic, smallPrint, as far as there are any."
    )
    buyer: JSON = strawberry.field(
        description="Who is billed, frozen: name, email, taxId, address, country, as far as there are any; {} once the "
        "customer was erased."
    )
    payments: list[Allocation] = strawberry.field(description="What payments have paid on it, oldest first.")
    instalments: list[Instalment] = strawberry.field(description="The parts in which it falls due, if that was agreed.")
    attempts: list[PaymentAttempt] = strawberry.field(description="Every try to collect it, oldest first.")

    def __init__(self, view: AccountView, invoice: domain.Invoice) -> None:
        owed = view.account.books.receivables.get(invoice.id)
        self._view = view
        self._invoice = invoice
        self._owed = owed
        final = owed is not None
        self.id = strawberry.ID(invoice.id)
        self.number = invoice.number or None
        self.status = domain.InvoiceStatus.DRAFT if owed is None else owed.status
        self.currency = Currency(invoice.currency)
        self.issued_at = invoice.issued_at if final else None
        self.due_at = invoice.due_at if final else None
        self.finalized_at = invoice.issued_at if final else None
        self.finalizes_at = None if final else invoice.issued_at

    @classmethod
    def of(cls, view: AccountView, invoice: domain.Invoice) -> "Invoice":
        """An invoice of a view with books; one that these know nothing of is a draft."""
        return cls(view, invoice)

    @strawberry.field(description="What took it back since, whole or in part, oldest first.")
    async def credit_notes(self, info: Info) -> list[CreditNote]:
        if self._owed is None or not self._owed.notes:
            return []
        notes = await info.context.loaders.notes.load(self._invoice.id) or ()
        return [CreditNote.of(self._view, note) for note in notes if note.id in self._owed.notes]

    @strawberry.field(
        description="A link to the PDF, with the same as Factur-X inside where EN 16931 can tell it. Whoever has it "
        "may open it, for an hour. A path of this API's own address; null: a draft."
    )
    def pdf_url(self, info: Info) -> str | None:
        return None if self._owed is None else info.context.runtime.documents.link(self._invoice.id)

    def _money(self, amount: Decimal) -> Money:
        return Money.of(self._invoice.money(amount))


async def invoice_of(context: Context, view: AccountView, id: str) -> Invoice | None:
    """The final invoice with this id, as it stands in a view of its customer with their books. None: there is none."""
    document = await context.loaders.documents.load(id)
    if document is None or not isinstance(document.content, domain.Invoice):
        return None
    return Invoice.of(view, document.content)


def _customer(self: Invoice) -> "Customer":
    from api.types.customer import Customer  # the two types speak of each other

    return Customer.of(self._view)


def _lines(self: Invoice) -> list[InvoiceLine]:
    view, invoice = self._view, self._invoice
    origin = Origin(view.customer.id, None if self._owed is None else invoice.id, view.seq)
    return [InvoiceLine.of(view.catalog, line, invoice.currency, origin) for line in invoice.lines]


computed(
    Invoice,
    customer=_customer,
    lines=_lines,
    subtotal=lambda self: self._money(self._invoice.subtotal),
    discount=lambda self: self._money(self._invoice.discount),
    discounts=lambda self: [
        InvoiceDiscount(
            redemption_id=strawberry.ID(discount.redemption_id),
            code=discount.code,
            name=discount.name,
            amount=self._money(discount.amount),
        )
        for discount in self._invoice.discounts
    ],
    credit=lambda self: self._money(self._invoice.credit),
    tax=lambda self: [TaxLine.of(line, self._invoice.currency) for line in self._invoice.tax],
    total=lambda self: self._money(self._invoice.total),
    paid=lambda self: self._money(self._owed.paid if self._owed else ZERO),
    prepaid=lambda self: self._money(exact_sum(burn.amount for burn in self._owed.prepaid) if self._owed else ZERO),
    credited=lambda self: self._money(self._owed.credited if self._owed else ZERO),
    due=lambda self: self._money(self._owed.due if self._owed else self._invoice.total),
    period=lambda self: Period.of(self._invoice.period),
    seller=lambda self: JSON(seller_json(self._invoice.seller)),
    buyer=lambda self: JSON(buyer_json(self._view, self._invoice)),
    payments=lambda self: allocations_to(self._view, self._invoice.id) if self._owed else [],
    instalments=lambda self: instalments_of(self._view, self._owed) if self._owed else [],
    attempts=lambda self: attempts_at(self._view, self._owed) if self._owed else [],
)
