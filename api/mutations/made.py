"""What a command left behind besides the state: the same for its first answer and for those to its retries."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any, TypeVar

import strawberry

from api.loaders import Standing
from api.types.credit_note import CreditNote
from api.types.invoice import Invoice
from domain.books import invoice as domain
from domain.events import CreditNoteIssued, InvoiceFinalized, SubscriptionCreated
from service.write.pending_events import TIME
from service.write.record import Recorded

Answer = TypeVar("Answer", bound="Documented")


@strawberry.type
class Documented:
    invoices: list[Invoice] = strawberry.field(
        default_factory=list,
        description="Every invoice that became final by it, oldest first: also of periods that were over, and are "
        "closed by it.",
    )
    credit_notes: list[CreditNote] = strawberry.field(
        default_factory=list, description="Every credit note that came of it, oldest first."
    )

    def documented(self: Answer, standing: Standing, recorded: Recorded) -> Answer:
        """The same with the documents that the command made. `standing`: the account as it left it."""
        events = _events_since_the_act(recorded)
        self.invoices = [Invoice.of(standing, one.invoice) for one in events if isinstance(one, InvoiceFinalized)]
        self.credit_notes = [CreditNote.of(standing, one.note) for one in events if isinstance(one, CreditNoteIssued)]
        return self


def invoice_made(recorded: Recorded) -> domain.Invoice | None:
    """The newest invoice of what was asked for. One that closes a period which was over before is of that, unless the
    subscription was begun only now."""
    acts = [entry for entry in recorded.entries if entry.actor != TIME]
    if not acts:
        return None
    at = acts[0].effective_at
    begun = {one.event.subscription.id for one in acts if isinstance(one.event, SubscriptionCreated)}
    made = [one.invoice for one in _events_since_the_act(recorded) if isinstance(one, InvoiceFinalized)]
    return next((one for one in reversed(made) if _is_of(one, at, begun)), None)


def _is_of(invoice: domain.Invoice, at: datetime, begun: Set[str]) -> bool:
    late = invoice.until is not None and invoice.until < at
    return not late or any(line.subscription_id in begun for line in invoice.lines)


def _events_since_the_act(recorded: Recorded) -> Sequence[Any]:
    """What fell due by itself before comes first, and is not the command's. A draft that is closed by hand brings what
    would have come by itself, only now: at the instant of the command, which is that of the last entry."""
    entries = recorded.entries
    acts = [n for n, entry in enumerate(entries) if entry.actor != TIME]
    if acts:
        return [entry.event for entry in entries[acts[0] :]]
    return [entry.event for entry in entries if entry.effective_at == entries[-1].effective_at]
