"""What a provider's notice is about, in our words. It is a hint: what is so is asked of the provider, so that late,
repeated and shuffled notices end in the same state."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class About(StrEnum):
    CUSTOMER = "CUSTOMER"
    METHOD = "METHOD"
    SETUP = "SETUP"  # of a method
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"
    DISPUTE = "DISPUTE"
    INVOICE = "INVOICE"
    OTHER = "OTHER"


class Subject(Struct, frozen=True):
    """References are the provider's own. `customer`: whose it is, or was until now. `payment`: the one that a refund or
    a dispute is of. `method`: the one that a set-up has brought. `ids`: ours, by the key they are kept under."""

    kind: About
    reference: str | None
    customer: str | None = None
    payment: str | None = None
    method: str | None = None
    ids: dict[str, str] = {}


class Notice(Struct, frozen=True):
    """`id`: the same for each delivery. `type`: the provider's word for what happened. `raw`: the body as it came. It
    may name the customer (what they typed into the provider's form): keep it as personal data, or not at all."""

    id: str
    type: str
    created: datetime
    about: Subject
    api_version: str | None
    live: bool
    raw: bytes
