"""Quotes: what a command would do and cost, taken from the very events it would record."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain import events as e
from domain.account import Account
from domain.billing.credit_notes import mirrored
from domain.books.line import Line
from domain.exact import exact_sum
from domain.rights.account_rights import entitlements
from domain.rights.entitlement import Entitlement


class Outcome(Struct, frozen=True):
    """`lines` of the invoice that the command makes (below zero: of credit notes). `due_now` is asked for at once,
    after prepaid credit; `credited` goes to the customer's credit, or off what they owe."""

    lines: tuple[Line, ...]
    due_now: Decimal
    credited: Decimal

    @property
    def digest(self) -> str:
        """Alike for outcomes that say and cost the same. Ids and the instant of asking do not count."""
        told = [
            (line.description, line.quantity, line.amount, line.discount, line.credit, line.period, line.treatment)
            for line in self.lines
        ]
        return hashlib.sha256(repr((told, self.due_now, self.credited)).encode()).hexdigest()


class EntitlementChange(Struct, frozen=True):
    """One of the two may be missing: a right that comes or goes."""

    before: Entitlement | None
    after: Entitlement | None


def outcome(before: Account, events: Sequence[e.AnyEvent], after: Account, at: datetime) -> Outcome:
    """Of what a command and its consequences recorded at `at`, on the account as it was before. An invoice that closes
    a period which was over is not the command's: it would have come anyway. But for what it began in the past."""
    finals = [event.invoice for event in events if isinstance(event, e.InvoiceFinalized)]
    known = {None, *(subscription.id for subscription in before.subscriptions)}
    invoices = [
        invoice
        for invoice in finals
        if invoice.until is None
        or invoice.until >= at
        or any(line.subscription_id not in known for line in invoice.lines)
    ]
    notes = [event.note for event in events if isinstance(event, e.CreditNoteIssued)]
    charged = [line for invoice in invoices for line in invoice.lines]
    credited_back = [mirrored(line) for note in notes for line in note.lines]
    due = exact_sum(after.books.receivables[invoice.id].due for invoice in invoices)
    return Outcome((*charged, *credited_back), due, exact_sum(note.total for note in notes))


def entitlement_changes(before: Account, after: Account, at: datetime) -> tuple[EntitlementChange, ...]:
    """The rights that are not the same, by feature key."""
    was = {right.feature.key: right for right in entitlements(before, at)}
    will = {right.feature.key: right for right in entitlements(after, at)}
    pairs = ((was.get(key), will.get(key)) for key in sorted(was.keys() | will.keys()))
    return tuple(EntitlementChange(old, new) for old, new in pairs if old is None or new is None or _differ(old, new))


def _differ(old: Entitlement, new: Entitlement) -> bool:
    def terms(right: Entitlement) -> tuple[object, ...]:
        return (right.enabled, right.limit, right.unlimited, right.hard, right.value, right.resets, right.rollover)

    return terms(old) != terms(new)
