"""What is billed, and what becomes of it other than being paid."""

from decimal import Decimal

from msgspec import Struct

from domain.books.invoice import Adjustment, Instalment, Item
from domain.books.line import Line


class AddItem(Struct, frozen=True):
    """`at_once`: on an invoice of its own, now."""

    item: Item
    at_once: bool = False


class RemoveItem(Struct, frozen=True):
    item_id: str


class AdjustLine(Struct, frozen=True):
    """`draft_id`: of the draft that the caller saw; refused if that is final by now."""

    draft_id: str
    adjustment: Adjustment


class FinalizeInvoice(Struct, frozen=True):
    """Close the draft now. `draft_id` as the caller saw it."""

    draft_id: str


class VoidInvoice(Struct, frozen=True):
    invoice_id: str
    rebill: bool = False


class WriteOffInvoice(Struct, frozen=True):
    invoice_id: str


class IssueCreditNote(Struct, frozen=True):
    """`amounts`: by line id, before tax (with it where the price contains it); None: all that is left of the
    invoice. `lines`: the invoice's own, for the words of the note's; they are final, so they can be read before."""

    invoice_id: str
    reason: str
    amounts: dict[str, Decimal] | None = None
    lines: tuple[Line, ...] = ()


class PlanInstalments(Struct, frozen=True):
    invoice_id: str
    instalments: tuple[Instalment, ...]
