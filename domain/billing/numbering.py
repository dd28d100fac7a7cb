"""Numbers of documents: which legal series they belong to. The number itself is taken when the document is recorded."""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from domain.events import AnyEvent, CreditNoteIssued, InvoiceFinalized
from domain.period import local_date
from domain.seller import BillingSettings


def series_of(settings: BillingSettings, event: InvoiceFinalized | CreditNoteIssued, at: datetime) -> tuple[str, int]:
    """(prefix of the series, digits of its counter): ("INV-2026-", 6) where numbers begin anew each year."""
    series = settings.invoices if isinstance(event, InvoiceFinalized) else settings.credit_notes
    year = f"{local_date(at, settings.zone).year}-" if series.yearly else ""
    return series.prefix + year, series.digits


def numbered(event: InvoiceFinalized | CreditNoteIssued, number: str) -> InvoiceFinalized | CreditNoteIssued:
    """The same document with its number."""
    if isinstance(event, InvoiceFinalized):
        return replace(event, invoice=replace(event.invoice, number=number))
    return replace(event, note=replace(event.note, number=number))


class Numbering:
    """Gives the documents among events their numbers, in their order. A credit note also says the number of its
    invoice, which may be one that has only just got it."""

    def __init__(self, numbers: Iterator[str]) -> None:
        self._numbers = numbers
        self._of_invoice: dict[str, str] = {}

    def __call__(self, event: AnyEvent) -> AnyEvent:
        match event:
            case InvoiceFinalized(invoice=invoice):
                number = self._of_invoice[invoice.id] = next(self._numbers)
                return numbered(event, number)
            case CreditNoteIssued(note=note):
                invoice_number = self._of_invoice.get(note.invoice_id, note.invoice_number)
                told = CreditNoteIssued(replace(note, invoice_number=invoice_number))
                return numbered(told, next(self._numbers))
            case _:
                return event
