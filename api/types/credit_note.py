"""Credit notes: what takes back an invoice, whole or in part."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from msgspec.structs import replace

from api.context import Info
from api.loaders import AccountView
from api.scalars import Currency
from api.types.computed import computed
from api.types.credit import CreditGrant
from api.types.invoice_line import InvoiceLine, Origin
from api.types.node import Node
from api.types.tax_line import TaxLine
from api.types.values import Money
from domain import money
from domain.books import invoice as domain
from domain.books.line import LineRef

if TYPE_CHECKING:
    from api.types.invoice import Invoice


@strawberry.type(description="What takes back an invoice, whole or in part, for ever. Its amounts are positive.")
class CreditNote(Node):
    number: str = strawberry.field(description="Its legal number, from a series without gaps.")
    currency: Currency = strawberry.field(description="Of all amounts.")
    lines: list[InvoiceLine] = strawberry.field(description="What is taken back of each line.")
    tax: list[TaxLine] = strawberry.field(description="The tax in it.")
    subtotal: Money = strawberry.field(description="The sum of the lines.")
    total: Money = strawberry.field(description="What is taken back in all.")
    off: Money = strawberry.field(description="Of the total, what lowered what was owed on the invoice.")
    credit: CreditGrant | None = strawberry.field(
        description="The rest, which had been paid: the credit that it became. Null: there was none."
    )
    reason: str = strawberry.field(description="Why.")
    automatic: bool = strawberry.field(description="Whether it follows from the rules, as after a downgrade.")
    issued_at: datetime = strawberry.field(description="The date that it bears.")

    def __init__(self, view: AccountView, note: domain.CreditNote) -> None:
        self._view = view
        self._note = note
        self.id = strawberry.ID(note.id)
        self.number = note.number
        self.currency = Currency(note.currency)
        self.reason = note.reason
        self.automatic = note.automatic
        self.issued_at = note.issued_at

    @classmethod
    def of(cls, view: AccountView, note: domain.CreditNote) -> "CreditNote":
        """A credit note of a view with books."""
        return cls(view, note)

    @strawberry.field(description="What it takes back.")
    async def invoice(self, info: Info) -> Annotated["Invoice", strawberry.lazy("api.types.invoice")]:
        from api.types.invoice import invoice_of  # the two types speak of each other

        found = await invoice_of(info.context, self._view, self._note.invoice_id)
        assert found is not None, f"{self._note.id} takes back an invoice that is not there"
        return found

    @strawberry.field(
        description="A link to the PDF. Whoever has it may open it, for an hour. A path of this API's own address."
    )
    def pdf_url(self, info: Info) -> str | None:
        # Never null, but of the type of an invoice's, so that one question can ask for both.
        return info.context.runtime.documents.link(self._note.id)

    def _money(self, amount: Decimal) -> Money:
        return Money.of(money.Money(amount, self._note.currency))


def _credit(self: CreditNote) -> CreditGrant | None:
    if self._note.credit is None:
        return None
    credit = self._view.account.books.credits.get(self._note.credit.id, self._note.credit)
    return CreditGrant.of(self._view, credit)


def _lines(self: CreditNote) -> list[InvoiceLine]:
    view, note = self._view, self._note
    origin = Origin(view.customer.id, note.id, view.seq)
    # Each bears the id of the invoice's line that it takes back.
    lines = (replace(line, corrects=line.corrects or LineRef(note.invoice_id, line.id)) for line in note.lines)
    return [InvoiceLine.of(view.catalog, line, note.currency, origin) for line in lines]


computed(
    CreditNote,
    lines=_lines,
    tax=lambda self: [TaxLine.of(line, self._note.currency) for line in self._note.tax],
    subtotal=lambda self: self._money(self._note.subtotal),
    total=lambda self: self._money(self._note.total),
    off=lambda self: self._money(self._note.off),
    credit=_credit,
)
