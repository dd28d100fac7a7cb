"""What of ours Stripe keeps with its objects: one id each, in the metadata, and nothing else. And how its objects are
read: a field that the SDK's types call optional may be null, or not be there at all, which raises AttributeError."""

from stripe import StripeObject

STRIPE = "stripe"
"""The name of this provider, which methods carry."""

ANONYMOUS = "tollgate"  # on a customer
PAYMENT = "payment"  # on a PaymentIntent; its charges inherit it
REFUND = "refund"
INVOICE = "invoice"
LINE = "line"  # on an invoice item: its place, from 1


def ours(found: StripeObject, key: str) -> str | None:
    """One of our ids in the metadata of an object."""
    return text(maybe(found, "metadata"), key)


def maybe(found: StripeObject, field: str) -> StripeObject | None:
    """An object within an object."""
    value = getattr(found, field, None)
    return value if isinstance(value, StripeObject) else None


def text(found: StripeObject | None, field: str) -> str | None:
    value = getattr(found, field, None)
    return value if isinstance(value, str) else None


def name(found: str | StripeObject | None) -> str | None:
    """The reference in a field that holds one, or the whole object when it was expanded."""
    if found is None or isinstance(found, str):
        return found
    value = found["id"]
    return value if isinstance(value, str) else None
