"""Money that a bank took back for good: by a dispute that was lost, or as a debit that was returned."""

from domain.commands import RecordRefund
from domain.errors import Refusal
from domain.identity import derived_id
from domain.providers.records import FoundDispute


def chargeback(provider: str, payment_id: str, found: FoundDispute) -> RecordRefund:
    """A refund that nobody asked for. Its id is worked out, so that hearing of it twice records it once."""
    id = derived_id("refund", found.at, provider, found.reference)
    return RecordRefund(id, payment_id, found.amount.amount, found.reference, f"dispute lost: {found.reason}")


def not_in_books(back: RecordRefund, refusal: Refusal) -> str:
    """What support is told of money that went back at the provider, and that the books do not allow to."""
    return f"{back.reference}: {back.amount:f} went back there, but {refusal.message}"
