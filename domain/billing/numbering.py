"""Numbers of documents: which legal series they belong to. The number itself is taken when the document is recorded."""

from datetime import datetime

from msgspec.structs import replace

from domain.events import CreditNoteIssued, InvoiceFinalized
from domain.period import local_date
from domain.seller import Settings


def series_of(settings: Settings, event: InvoiceFinalized | CreditNoteIssued, at: datetime) -> tuple[str, int]:
    """(prefix of the series, digits of its counter): ("INV-2026-", 6) where numbers begin anew each year."""
    series = settings.invoices if isinstance(event, InvoiceFinalized) else settings.credit_notes
    year = f"{local_date(at, settings.zone).year}-" if series.yearly else ""
    return series.prefix + year, series.digits


def numbered(event: InvoiceFinalized | CreditNoteIssued, number: str) -> InvoiceFinalized | CreditNoteIssued:
    """The same document with its number."""
    if isinstance(event, InvoiceFinalized):
        return replace(event, invoice=replace(event.invoice, number=number))
    return replace(event, note=replace(event.note, number=number))
