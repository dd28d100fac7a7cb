"""What a provider should have of a customer: the state to be told, worked out from the account and its drafts."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec
from msgspec import Struct

from domain.account import Account
from domain.books.invoice import Invoice, InvoiceStatus, Receivable
from domain.providers.provider import Mirror, MirrorState

BEFORE_THE_LINK = timedelta(days=31)
"""What became final so long before a customer was linked is shown, too: the invoice that they pay first is among it."""

_encoder = msgspec.json.Encoder(order="deterministic")


class DesiredMethods(Struct, frozen=True):
    """`default`: its token. `removed`: tokens that must not be charged any more."""

    default: str | None
    removed: tuple[str, ...]


class DesiredState(Struct, frozen=True):
    methods: DesiredMethods
    mirrors: tuple[Mirror, ...]


def desired_state(account: Account, drafts: Sequence[Invoice], provider: str) -> DesiredState:
    """`drafts`: also what is due to become final and was not recorded yet."""
    books = account.books
    since = books.links[provider].linked_at - BEFORE_THE_LINK
    final = [
        mirror_of(owed)
        for owed in books.receivables.values()
        if owed.issued_at >= since or owed.status is InvoiceStatus.OPEN
    ]
    running = [_draft(draft) for draft in drafts if draft.id not in books.receivables and draft.lines]
    return DesiredState(
        _methods(account, provider), tuple(final + [mirror for mirror in running if mirror.total.amount >= 0])
    )


def mirror_of(owed: Receivable) -> Mirror:
    """What is owed on an invoice is ours to know; its copy says what it came to."""
    lines = tuple(line.net for line in owed.lines)
    taxes = tuple(tax.amount for tax in owed.tax if tax.amount and not tax.inclusive)
    return Mirror(owed.id, owed.currency, lines + taxes, _STATES.get(owed.status, MirrorState.FINAL))


def digest(value: DesiredMethods | Mirror | DesiredState) -> bytes:
    return hashlib.sha256(_encoder.encode(value)).digest()


_STATES = {InvoiceStatus.PAID: MirrorState.PAID, InvoiceStatus.VOID: MirrorState.GONE}


def _draft(invoice: Invoice) -> Mirror:
    lines: tuple[Decimal, ...] = tuple(line.amount - line.discount - line.credit for line in invoice.lines)
    taxes = tuple(tax.amount for tax in invoice.tax if tax.amount and not tax.inclusive)
    return Mirror(invoice.id, invoice.currency, lines + taxes, MirrorState.DRAFT)


def _methods(account: Account, provider: str) -> DesiredMethods:
    """What is asked of a method already goes on: until then it stays."""
    books = account.books
    default = books.method
    busy = {payment.method_id for payment in books.payments.values() if payment.settled_at is None}
    here = [method for method in books.methods if method.provider == provider]
    live = {method.token for method in here if method.removed_at is None or method.id in busy}
    removed = {method.token for method in here if method.removed_at is not None} - live
    token = default.token if default is not None and default.provider == provider else None
    return DesiredMethods(token, tuple(sorted(removed)))
