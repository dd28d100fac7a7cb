"""What mutations answer with. A Refusal becomes userErrors; what a command left behind besides the state is the same
for its first answer and for those to its retries."""

import functools
from collections.abc import Awaitable, Callable, Sequence, Set
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import strawberry

from api.inputs.fields import user_error
from api.loaders import AccountView
from api.types.credit_note import CreditNote
from api.types.errors import UserError
from api.types.invoice import Invoice
from domain.books import invoice as domain
from domain.errors import Refusal
from domain.events import CreditNoteIssued, InvoiceFinalized, SubscriptionCreated
from service.write.pending_events import TIME
from service.write.record import Recorded

P = ParamSpec("P")
Payload = TypeVar("Payload")
Result = TypeVar("Result", bound="Documented")


def refusable(
    payload: Callable[..., Payload],
) -> Callable[[Callable[P, Awaitable[Payload]]], Callable[P, Awaitable[Payload]]]:
    """An expected refusal is data: the payload with nothing in it but the error and the path of the input at fault."""

    def decorate(resolver: Callable[P, Awaitable[Payload]]) -> Callable[P, Awaitable[Payload]]:
        @functools.wraps(resolver)
        async def answer(*args: P.args, **kwargs: P.kwargs) -> Payload:
            try:
                return await resolver(*args, **kwargs)
            except Refusal as refusal:
                return payload(user_errors=[user_error(refusal, kwargs["input"])])

        return answer

    return decorate


@strawberry.type
class Invoiced:
    """The invoice as a command left it."""

    invoice: Invoice | None = strawberry.field(default=None, description="The invoice as it stands.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


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

    def documented(self: Result, view: AccountView, recorded: Recorded) -> Result:
        """The same with the documents that the command made. `view`: the account as it left it."""
        events = _events_since_the_act(recorded)
        self.invoices = [Invoice.of(view, event.invoice) for event in events if isinstance(event, InvoiceFinalized)]
        self.credit_notes = [CreditNote.of(view, event.note) for event in events if isinstance(event, CreditNoteIssued)]
        return self


def newest_invoice(recorded: Recorded) -> domain.Invoice | None:
    """The newest invoice of what was asked for. One that closes a period which was over before is of that, unless the
    subscription was begun only now."""
    acts = [entry for entry in recorded.entries if entry.actor != TIME]
    if not acts:
        return None
    at = acts[0].effective_at
    begun = {act.event.subscription.id for act in acts if isinstance(act.event, SubscriptionCreated)}
    final = [event.invoice for event in _events_since_the_act(recorded) if isinstance(event, InvoiceFinalized)]
    return next((invoice for invoice in reversed(final) if _is_of(invoice, at, begun)), None)


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
