"""What of ours Stripe keeps with its objects: one id each, in the metadata, and nothing else."""

from stripe import StripeObject

ANONYMOUS = "tollgate"  # on a customer
PAYMENT = "payment"  # on a PaymentIntent; its charges inherit it
REFUND = "refund"
INVOICE = "invoice"
LINE = "line"  # on an invoice item: its place, from 1

KEYS = (ANONYMOUS, PAYMENT, REFUND, INVOICE)


def ours(found: StripeObject | None, key: str) -> str | None:
    """`found`: the metadata of an object."""
    if found is None or key not in found:
        return None
    value = found[key]
    return value if isinstance(value, str) else None


def name(found: str | StripeObject | None) -> str | None:
    """The reference in a field that holds one, or the whole object when it was expanded."""
    if found is None or isinstance(found, str):
        return found
    value = found["id"]
    return value if isinstance(value, str) else None
