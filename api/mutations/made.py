"""What a command left behind besides the state: the same for its first answer and for those to its retries."""

from collections.abc import Sequence

from domain.books.invoice import Invoice
from domain.events import InvoiceFinalized
from service.draft import TIME
from service.record import Recorded


def invoice_made(recorded: Recorded) -> Invoice | None:
    """The invoice that the command came to. One that closes a period which was over before would have come anyway."""
    acts = [n for n, entry in enumerate(recorded.entries) if entry.actor != TIME]
    if not acts:
        return None
    at = recorded.entries[acts[0]].effective_at
    following = invoices(recorded, acts[0])
    return next((one for one in following if one.until is None or one.until >= at), None)


def invoices(recorded: Recorded, since: int = 0) -> Sequence[Invoice]:
    """All that became final, whoever made them so."""
    return [one.event.invoice for one in recorded.entries[since:] if isinstance(one.event, InvoiceFinalized)]
