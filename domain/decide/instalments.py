"""Instalments: one invoice, paid in parts at agreed dates. Each part is overdue, and collected, by itself."""

from datetime import datetime, timedelta

from domain import commands as c
from domain import events as e
from domain.books import Books
from domain.books.invoice import Instalment, InvoiceStatus
from domain.decide.credits import check_amount
from domain.dunning import pending_payment
from domain.errors import ErrorCode, Refusal, invalid
from domain.exact import exact_sum

INSTALMENTS_MAX = 36
DISTANCE_MAX = timedelta(days=3_653)


def instalments_planned(books: Books, command: c.PlanInstalments, at: datetime) -> e.InstalmentsPlanned:
    """What is owed now, divided over dates to come; it takes the place of an earlier plan. Dunning begins anew with the
    first of them. Raises Refusal."""
    owed = books.receivables.get(command.invoice_id)
    if owed is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such final invoice", "invoice_id")
    if owed.status is not InvoiceStatus.OPEN:
        raise Refusal(ErrorCode.CONFLICT, f"invoice {owed.number} is {owed.status}", "invoice_id")
    if (payment := pending_payment(books, owed.id)) is not None:
        raise Refusal(ErrorCode.CONFLICT, f"payment {payment.id} of this invoice is under way", "invoice_id")
    if not 1 <= len(command.instalments) <= INSTALMENTS_MAX:
        raise invalid(f"must be 1 to {INSTALMENTS_MAX}", "instalments")
    parts: list[Instalment] = []
    for index, instalment in enumerate(command.instalments):
        where = ("instalments", str(index))
        amount = check_amount(instalment.amount, owed.currency, *where, "amount")
        if instalment.due_at <= (parts[-1].due_at if parts else at):
            raise invalid("must lie after the one before" if parts else "must lie in the future", *where, "due_at")
        if instalment.due_at - at > DISTANCE_MAX:
            raise invalid(f"must lie within {DISTANCE_MAX.days} days of now", *where, "due_at")
        parts.append(Instalment(instalment.due_at, amount))
    if (total := exact_sum(part.amount for part in parts)) != owed.due:
        raise invalid(f"come to {total:f}, not to the {owed.due:f} that is due", "instalments")
    return e.InstalmentsPlanned(owed.id, tuple(parts))
