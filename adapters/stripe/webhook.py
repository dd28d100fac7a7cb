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

from adapters.stripe.ours import ANONYMOUS, PAYMENT, REFUND
from domain.providers.notice import About, Delivery, NotGenuine, Notice, Subject

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


class StripeNotices:
    def __init__(self, secrets: Sequence[str]) -> None:
        """All that are valid at present: two, while one is being rolled."""
        self._secrets = secrets

    async def read(self, body: bytes, headers: Mapping[str, str]) -> Delivery:
        return Delivery((verify(body, headers.get("stripe-signature"), self._secrets),))


def verify(raw: bytes, header: str | None, secrets: Sequence[str], tolerance_s: int = TOLERANCE_S) -> Notice:
    """`raw`: the body, byte for byte. `header`: Stripe-Signature. `secrets`: all that are valid at present; while one
    is rolled Stripe signs with both, and either will do. Raises NotGenuine."""
    if not header:
        raise NotGenuine(Why.MISSING)
    if any(_signed(raw, header, secret, tolerance_s) for secret in secrets if secret.strip()):
        return read(raw)
    raise NotGenuine(_fault(raw, header, secrets))


def read(raw: bytes) -> Notice:
    """A body that is known to be Stripe's, as one that was verified before. Raises NotGenuine."""
    try:
        event = json.loads(raw)
        found = event["data"]["object"]
        if event["object"] != "event" or not isinstance(found, dict):
            raise NotGenuine(Why.UNREADABLE)
        before = event["data"].get("previous_attributes")
        return Notice(
            id=_text(event["id"]),
            type=_text(event["type"]),
            created=datetime.fromtimestamp(event["created"], UTC),
            about=_subject(found, before if isinstance(before, dict) else {}),
            api_version=event.get("api_version"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise NotGenuine(Why.UNREADABLE) from None


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
        anonymous_id=_ours(metadata, ANONYMOUS),
        payment_id=_ours(metadata, PAYMENT),
        refund_id=_ours(metadata, REFUND),
    )


def _ours(metadata: object, key: str) -> str | None:
    found = metadata.get(key) if isinstance(metadata, dict) else None
    return str(found) if found else None


def _reference(found: object) -> str | None:
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) else None


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found
