"""What a provider tells us unasked. It is a hint of what to look at, never the truth: notices come late, twice,
shuffled and in the words of other API versions, so what is so is asked of the provider (`domain.providers.records`)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

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


class Subject(Struct, frozen=True, omit_defaults=True):
    """References are the provider's own. `customer`: whose it is, or was until now. `payment`: the one that a refund or
    a dispute is of. `ids`: ours, as the provider keeps them with the thing: of a customer the anonymous one, of a
    payment, of a refund."""

    kind: About
    reference: str | None = None
    customer: str | None = None
    payment: str | None = None
    anonymous_id: str | None = None
    payment_id: str | None = None
    refund_id: str | None = None


class Notice(Struct, frozen=True):
    """`id`: the provider's, the same for each delivery; no order follows from it. `type`: its word for what happened.
    The body is not kept: it may name the customer, and nothing in it is needed."""

    id: str
    type: str
    created: datetime
    about: Subject
    api_version: str | None = None


class NotGenuine(Exception):
    """Forged, altered, too old, or signed and yet not to be understood. `why` is for the log, not for the sender."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Acknowledgement(Struct, frozen=True):
    """What a provider wants to be answered, so that it does not tell the same again."""

    status: int = 200
    text: str = "received\n"


class Delivery(Struct, frozen=True):
    """What one body told, and how it is acknowledged once all of that is kept."""

    notices: tuple[Notice, ...]
    acknowledgement: Acknowledgement = Acknowledgement()


class Notices(Protocol):
    """How one provider's notices are told from anybody else's: by a signature, or by asking it."""

    async def read(self, body: bytes, headers: Mapping[str, str]) -> Delivery:
        """`body`: byte for byte. `headers`: with small names. Raises NotGenuine; and Unknown where the provider has to
        be asked and does not answer, so that it is to be told again."""
        ...
