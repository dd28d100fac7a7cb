"""What is billed, and what becomes of it other than being paid."""

from datetime import datetime

from domain.books.credit import Burn
from domain.books.invoice import Adjustment, CreditNote, Instalment, Invoice, Item
from domain.books.line import Line
from domain.events.event import Event


class ItemAdded(Event, frozen=True, tag="invoice.item_added"):
    item: Item


class ItemRemoved(Event, frozen=True, tag="invoice.item_removed"):
    item_id: str


class LineAdjusted(Event, frozen=True, tag="invoice.line_adjusted"):
    """Of the draft. A later word on the same key takes the place of an earlier one."""

    adjustment: Adjustment


class InvoiceFinalized(Event, frozen=True, tag="invoice.finalized"):
    """`items`: the ids of those that are on it. `used`: the redemptions of which it used up one period."""

    invoice: Invoice
    items: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


class BillingClosed(Event, frozen=True, tag="billing.closed"):
    """What was due up to `until` needed no invoice: it came to nothing, or went back in credit notes."""

    until: datetime
    corrections_from: datetime


class ReturnsSetOff(Event, frozen=True, tag="billing.returns_set_off"):
    """What would go back by the rules, but was never paid, or given by hand before: `lines` of nothing, which no
    document needs to tell of. `calculated` says what they would have been."""

    lines: tuple[Line, ...]


class InvoiceVoided(Event, frozen=True, tag="invoice.voided"):
    """Nobody owes it. `returned`: credit it had used. `rebill`: what it billed counts as not billed."""

    invoice_id: str
    returned: tuple[Burn, ...] = ()
    rebill: bool = False


class InvoiceWrittenOff(Event, frozen=True, tag="invoice.written_off"):
    """Uncollectible: still owed, no longer expected."""

    invoice_id: str


class InstalmentsPlanned(Event, frozen=True, tag="invoice.instalments_planned"):
    invoice_id: str
    instalments: tuple[Instalment, ...]


class CreditNoteIssued(Event, frozen=True, tag="credit_note.issued"):
    note: CreditNote
