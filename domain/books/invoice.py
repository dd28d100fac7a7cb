"""Invoices and credit notes as documents, frozen when they are final; and the running side of an invoice: what is
owed."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from domain.books.credit import Burn, Credit, Release
from domain.books.line import Line, LineKind
from domain.books.redemption import Discount
from domain.exact import ZERO
from domain.money import Money
from domain.period import Period
from domain.seller import Dunning, Seller
from domain.tax import TaxLine


class InvoiceStatus(StrEnum):
    DRAFT = "DRAFT"
    OPEN = "OPEN"
    PAID = "PAID"
    VOID = "VOID"
    UNCOLLECTIBLE = "UNCOLLECTIBLE"


class Item(Struct, frozen=True, omit_defaults=True):
    """Something put on the next invoice by hand, or (`at_once`) on one of its own. `buys`: the credit that paying
    for it gives."""

    id: str
    description: str
    quantity: Decimal
    unit_amount: Decimal
    currency: str
    added_at: datetime
    reason: str | None = None
    tax_category: str = "standard"
    tax_inclusive: bool = False
    period: Period | None = None
    buys: Credit | None = None
    at_once: bool = False


class Adjustment(Struct, frozen=True):
    """Support's word on a line of a draft: it shall come to `amount`. (0: it is not charged.)"""

    key: str
    amount: Decimal
    reason: str


class Invoice(Struct, frozen=True, omit_defaults=True):
    """A final invoice. `number` is taken when it is recorded.

    `subtotal` sums the lines; `discount` and `credit` (promotional) are positive; `total` = subtotal − discount −
    credit + the tax that the prices do not contain already. `until`: everything due up to then is on it or was billed
    before (None: it is of items only, and says nothing of that); what ended before `corrections_from` is closed.
    `buyer` holds sealed texts by field name, as the customer's own. `credits`: promotional credit used up by it,
    `released`: what came back of the lines that it gives back; `buys`: the credits that paying it gives. All amounts
    are in `currency` and have its digits.
    """

    id: str
    currency: str
    lines: tuple[Line, ...]
    subtotal: Decimal
    discount: Decimal
    credit: Decimal
    tax: tuple[TaxLine, ...]
    total: Decimal
    period: Period
    until: datetime | None
    corrections_from: datetime | None
    issued_at: datetime
    due_at: datetime
    seller: Seller
    buyer: dict[str, str]
    buyer_country: str | None
    zone: str
    dunning: Dunning
    number: str = ""
    locale: str = "en"
    discounts: tuple[Discount, ...] = ()
    credits: tuple[Burn, ...] = ()
    released: tuple[Release, ...] = ()
    buys: tuple[Credit, ...] = ()

    def money(self, amount: Decimal) -> Money:
        return Money(amount, self.currency)


class CreditNote(Struct, frozen=True, omit_defaults=True):
    """What takes back an invoice, whole or in part. Its amounts are positive. `automatic`: it follows from the rules
    (wanted − billed), and so counts as billed back. Of `total`, `off` lowers what is owed on the invoice; what was paid
    of the rest, and not refunded before, becomes the `credit`."""

    id: str
    invoice_id: str
    invoice_number: str
    currency: str
    lines: tuple[Line, ...]
    tax: tuple[TaxLine, ...]
    subtotal: Decimal
    total: Decimal
    reason: str
    issued_at: datetime
    off: Decimal
    credit: Credit | None = None
    automatic: bool = False
    number: str = ""
    released: tuple[Release, ...] = ()


class Instalment(Struct, frozen=True):
    due_at: datetime
    amount: Decimal


class OwedLine(Struct, frozen=True, omit_defaults=True):
    """What later corrections need to know of a final invoice's line. `tax`: the position of its treatment among the
    invoice's tax lines. `serves`: when what it pays for is provided. `credited`: how much of its `net` was taken
    back. `corrects`: the line (its id) that it gives back of. `calculated`: as on the invoice. `returned`: how
    much of it lines below zero on later invoices gave back."""

    id: str
    key: str
    kind: LineKind
    amount: Decimal
    tax: int
    serves: Period
    discount: Decimal = ZERO
    credit: Decimal = ZERO
    credited: Decimal = ZERO
    corrects: str | None = None
    calculated: Decimal | None = None
    returned: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What was charged for it, with the tax if its price contains it."""
        return self.amount - self.discount - self.credit

    @property
    def stands(self) -> Decimal:
        """What is charged for it after all that was given back."""
        return self.net - self.credited - self.returned


class Receivable(Struct, frozen=True, omit_defaults=True):
    """The running side of a final invoice. What is owed: `total` − `paid` − `credited`, unless it was voided or written
    off (`closed`). `taken_back`: the tax already in credit notes, by position of the tax line. `attempts` counts failed
    payments; the next is made at `next_attempt_at`."""

    id: str
    number: str
    currency: str
    total: Decimal
    tax: tuple[TaxLine, ...]
    lines: tuple[OwedLine, ...]
    issued_at: datetime
    due_at: datetime
    dunning: Dunning
    paid: Decimal = ZERO
    credited: Decimal = ZERO
    taken_back: tuple[Decimal, ...] = ()
    closed: InvoiceStatus | None = None
    instalments: tuple[Instalment, ...] = ()
    attempts: int = 0
    next_attempt_at: datetime | None = None
    credits: tuple[Burn, ...] = ()  # promotional, used up when it was made
    released: tuple[Burn, ...] = ()  # of that, what came back since, with lines that were given back
    releases: tuple[Release, ...] = ()  # what it brought back itself, of earlier invoices
    prepaid: tuple[Burn, ...] = ()  # bought, and applied to it since
    discounts: tuple[Discount, ...] = ()
    used: tuple[str, ...] = ()  # redemptions of which it used up a period
    buys: tuple[Credit, ...] = ()
    items: tuple[Item, ...] = ()  # what was put on it by hand
    notes: tuple[str, ...] = ()  # its credit notes
    returned: Decimal = ZERO  # of them, what became credit because it had been paid

    @property
    def due(self) -> Decimal:
        return ZERO if self.closed is not None else self.total - self.paid - self.credited

    @property
    def noted(self) -> Decimal:
        """What its credit notes come to."""
        taxes = zip(self.tax, self.taken_back, strict=False)
        added = (back for tax, back in taxes if not tax.inclusive)
        return sum((*(line.credited for line in self.lines), *added), ZERO)

    @property
    def unpaid(self) -> Decimal:
        """What a payment may still settle: also of an invoice that was written off."""
        return ZERO if self.closed is InvoiceStatus.VOID else max(ZERO, self.total - self.paid - self.credited)

    @property
    def fell_due_at(self) -> datetime:
        """When the first part of what is still owed falls (or fell) due. What was paid since they were planned pays the
        first instalments."""
        paid = sum((instalment.amount for instalment in self.instalments), ZERO) - self.due
        for instalment in self.instalments:
            paid -= instalment.amount
            if paid < 0:
                return instalment.due_at
        return self.due_at

    @property
    def status(self) -> InvoiceStatus:
        if self.closed is not None:
            return self.closed
        return InvoiceStatus.OPEN if self.due > 0 else InvoiceStatus.PAID
