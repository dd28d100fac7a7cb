"""Everything an invoice or a credit note shows, with the buyer in the clear: what both renderings are made from."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec
from msgspec import Struct

from domain.books.invoice import CreditNote, Instalment, Invoice
from domain.books.line import Line
from domain.exact import ZERO, exact_sum
from domain.period import Period, local_date
from domain.seller import Seller
from domain.tax import TaxLine, Treatment

NAMELESS = "—"
_MICROSECOND = timedelta(microseconds=1)


class BuyerParty(Struct, frozen=True):
    """Who is billed, opened. `country`: ISO 3166, two letters. After an erasure only what is left is given."""

    name: str
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postal_code: str | None = None
    region: str | None = None
    country: str | None = None
    tax_id: str | None = None
    external_id: str | None = None
    email: str | None = None


def opened_buyer(texts: Mapping[str, str], country: str | None) -> BuyerParty:
    """From the unsealed texts of `Invoice.buyer` (name, email, taxId, address as JSON) and, if wanted, the customer's
    externalId. `country`: the invoice's `buyer_country`, without an address. No texts: the customer is erased."""
    address: dict[str, str] = msgspec.json.decode(texts.get("address", "{}"), type=dict[str, str])
    external_id = texts.get("externalId")
    return BuyerParty(
        name=texts.get("name") or external_id or NAMELESS,
        line1=address.get("line1"),
        line2=address.get("line2"),
        city=address.get("city"),
        postal_code=address.get("postalCode"),
        region=address.get("region"),
        country=address.get("country", country),
        tax_id=texts.get("taxId"),
        external_id=external_id,
        email=texts.get("email"),
    )


class Reduction(Struct, frozen=True):
    """What a coupon took off, by its name (None: it is not known any more); a positive amount."""

    name: str | None
    amount: Decimal


class CorrectedInvoice(Struct, frozen=True):
    """The invoice that a credit note takes back, whole or in part. Of the note's total, `off` lowers what is owed on it
    and `kept` becomes the customer's credit."""

    number: str
    issued_at: datetime
    off: Decimal
    kept: Decimal


class InvoiceDocument(Struct, frozen=True):
    """`corrects` tells a credit note from an invoice. `zone` is the seller's: instants become days by it. `total` less
    `paid` is what is still to be paid, by `due_at` or in `instalments`. `reason` is what somebody wrote; a credit note
    without one follows from the rules."""

    number: str
    currency: str
    locale: str
    zone: str
    issued_at: datetime
    seller: Seller
    buyer: BuyerParty
    lines: tuple[Line, ...]
    tax: tuple[TaxLine, ...]
    subtotal: Decimal
    discounts: tuple[Reduction, ...]
    credit: Decimal
    total: Decimal
    paid: Decimal = ZERO
    due_at: datetime | None = None
    period: Period | None = None
    instalments: tuple[Instalment, ...] = ()
    corrects: CorrectedInvoice | None = None
    reason: str | None = None

    @property
    def due(self) -> Decimal:
        return self.total - self.paid

    def day(self, at: datetime) -> date:
        """The seller's calendar day."""
        return local_date(at, self.zone)

    def days(self, period: Period) -> tuple[date, date]:
        """The first and the last day of a half-open period, as people write it: March ends on the 31st."""
        return self.day(period.start), self.day(max(period.start, period.end - _MICROSECOND))


def document_of_invoice(
    invoice: Invoice, buyer: BuyerParty, *, paid: Decimal = ZERO, instalments: Iterable[Instalment] = ()
) -> InvoiceDocument:
    """`paid`: what payments and prepaid credit have settled so far, credit notes not counted."""
    named = tuple(Reduction(discount.name, discount.amount) for discount in invoice.discounts if discount.amount)
    rest = invoice.discount - exact_sum(reduction.amount for reduction in named)
    return InvoiceDocument(
        number=invoice.number,
        currency=invoice.currency,
        locale=invoice.locale,
        zone=invoice.zone,
        issued_at=invoice.issued_at,
        seller=invoice.seller,
        buyer=buyer,
        lines=invoice.lines,
        tax=invoice.tax,
        subtotal=invoice.subtotal,
        discounts=(*named, Reduction(None, rest)) if rest else named,
        credit=invoice.credit,
        total=invoice.total,
        paid=paid,
        due_at=invoice.due_at,
        period=invoice.period,
        instalments=tuple(instalments),
    )


def document_of_credit_note(note: CreditNote, invoice: Invoice, buyer: BuyerParty) -> InvoiceDocument:
    """The note has the seller, the calendar and the language of the invoice that it corrects."""
    discount = exact_sum(line.discount for line in note.lines)
    kept = note.credit.amount if note.credit else ZERO
    return InvoiceDocument(
        number=note.number,
        currency=note.currency,
        locale=invoice.locale,
        zone=invoice.zone,
        issued_at=note.issued_at,
        seller=invoice.seller,
        buyer=buyer,
        lines=note.lines,
        tax=note.tax,
        subtotal=exact_sum(line.amount for line in note.lines),
        discounts=(Reduction(None, discount),) if discount else (),
        credit=exact_sum(line.credit for line in note.lines),
        total=note.total,
        corrects=CorrectedInvoice(note.invoice_number, invoice.issued_at, note.off, kept),
        reason=None if note.automatic else note.reason,
    )


def treatment_of(line: Line) -> Treatment:
    """How a final line is taxed."""
    assert line.treatment is not None, f"line {line.id} is not final"
    return line.treatment
