"""Credits: amounts a customer may use up, given (promotional: lowers the tax base) or bought (prepaid: settles like a
payment). What is left over from payments and credit notes is prepaid as well."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class CreditKind(StrEnum):
    PROMOTIONAL = "PROMOTIONAL"
    PREPAID = "PREPAID"


class Credit(Struct, frozen=True, omit_defaults=True):
    """`source`: the invoice, credit note or payment it came from; None: it was given. The instant `expires_at` no
    longer belongs to it."""

    id: str
    kind: CreditKind
    currency: str
    amount: Decimal
    remaining: Decimal
    reason: str
    granted_at: datetime
    priority: int = 50
    expires_at: datetime | None = None
    voided_at: datetime | None = None
    expired_at: datetime | None = None
    source: str | None = None


class Burn(Struct, frozen=True):
    """So much taken from one credit."""

    credit_id: str
    amount: Decimal


class Release(Struct, frozen=True):
    """So much of what an invoice had taken from a promotional credit, back to it: its line was given back."""

    invoice_id: str
    credit_id: str
    amount: Decimal
