"""Webhooks: whether one is from Stripe, and what it is about.

Only fields that no API version has moved are read (ids, metadata, references), so that a notice of another version says
the same. What Stripe writes of the customer is not looked at.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from stripe import SignatureVerificationError, WebhookSignature

from adapters.stripe.notice import About, Notice, Subject
from adapters.stripe.ours import KEYS

TOLERANCE_S = 300
"""How old a signature may be. Stripe signs each delivery anew, also one that comes days late."""

_KINDS = MappingProxyType(
    {
        "charge": About.PAYMENT,
        "customer": About.CUSTOMER,
        "dispute": About.DISPUTE,
        "invoice": About.INVOICE,
        "payment_intent": About.PAYMENT,
        "payment_method": About.METHOD,
        "refund": About.REFUND,
        "setup_intent": About.SETUP,
    }
)


class Why(StrEnum):
    MISSING = "MISSING"
    MALFORMED = "MALFORMED"
    FORGED = "FORGED"  # or altered, or signed with a secret that is no longer ours
    STALE = "STALE"
    UNREADABLE = "UNREADABLE"  # signed, and yet no event


class NotFromStripe(Exception):
    """Not to be believed, or not to be understood. Answered with a 400, and not stored."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def verify(raw: bytes, header: str | None, secrets: Sequence[str], tolerance_s: int = TOLERANCE_S) -> Notice:
    """`raw`: the body, byte for byte. `header`: Stripe-Signature. `secrets`: all that are valid at present; while one
    is rolled Stripe signs with both, and either will do. Raises NotFromStripe."""
    if not header:
        raise NotFromStripe(Why.MISSING)
    if any(_signed(raw, header, secret, tolerance_s) for secret in secrets if secret.strip()):
        return read(raw)
    raise NotFromStripe(_fault(raw, header, secrets))


def read(raw: bytes) -> Notice:
    """A body that is known to be Stripe's, as one that was verified before. Raises NotFromStripe."""
    try:
        event = json.loads(raw)
        found = event["data"]["object"]
        if event["object"] != "event" or not isinstance(found, dict):
            raise NotFromStripe(Why.UNREADABLE)
        before = event["data"].get("previous_attributes")
        return Notice(
            id=_text(event["id"]),
            type=_text(event["type"]),
            created=datetime.fromtimestamp(event["created"], UTC),
            about=_subject(found, before if isinstance(before, dict) else {}),
            api_version=event.get("api_version"),
            live=event.get("livemode") is True,
            raw=raw,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise NotFromStripe(Why.UNREADABLE) from None


def _signed(raw: bytes, header: str, secret: str, tolerance_s: int | None) -> bool:
    try:
        WebhookSignature.verify_header(raw, header, secret, tolerance_s)
    except (SignatureVerificationError, UnicodeDecodeError, TypeError):  # a signature that is not ASCII is a TypeError
        return False
    return True


def _fault(raw: bytes, header: str, secrets: Sequence[str]) -> Why:
    parts = [part.partition("=") for part in header.split(",")]
    if not any(key == "t" and value.isdigit() for key, _, value in parts) or all(key != "v1" for key, _, _ in parts):
        return Why.MALFORMED
    genuine = any(_signed(raw, header, secret, None) for secret in secrets if secret.strip())
    return Why.STALE if genuine else Why.FORGED


def _subject(found: Mapping[str, object], before: Mapping[str, object]) -> Subject:
    kind = _KINDS.get(str(found.get("object")), About.OTHER)
    reference, payment = _reference(found.get("id")), _reference(found.get("payment_intent"))
    customer = _reference(found.get("customer")) or _reference(before.get("customer"))
    if found.get("object") == "charge":
        reference = payment or reference
    metadata = found.get("metadata")
    return Subject(
        kind=kind,
        reference=reference,
        customer=reference if kind is About.CUSTOMER else customer,
        payment=reference if kind is About.PAYMENT else payment,
        method=_reference(found.get("payment_method")) if kind is About.SETUP else None,
        ids={key: str(metadata[key]) for key in KEYS if metadata.get(key)} if isinstance(metadata, dict) else {},
    )


def _reference(found: object) -> str | None:
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) else None


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found
