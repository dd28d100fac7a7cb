"""What Stripe's errors say about a call: that it was refused, or that nobody knows what became of it.

Source: docs.stripe.com/error-low-level. A 500 is no answer either: Stripe may have acted, and stores the 500 under the
idempotency key, so that asking again repeats it until the key is forgotten (after a day); what became of it is then
seen by looking for the object.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stripe import (
    APIConnectionError,
    AuthenticationError,
    CardError,
    IdempotencyError,
    InvalidRequestError,
    PermissionError,
    RateLimitError,
    StripeError,
)

from adapters.stripe.ours import text
from domain.providers.provider import Unknown

MISSING = "resource_missing"


def unknown(error: StripeError) -> Unknown | None:
    """None: Stripe has decided, and says no. The words are ours: Stripe's may repeat what it was told."""
    match error:
        case CardError() | InvalidRequestError():
            return None
        case RateLimitError():
            return Unknown("Stripe has too many requests", retry_after(error.headers or {}))
        case APIConnectionError():
            return Unknown("no answer from Stripe")
        case AuthenticationError() | PermissionError():
            return Unknown("Stripe does not take our key")
        case IdempotencyError():
            return Unknown("another request was made at Stripe under this id")
        case _:
            return Unknown(f"Stripe answered {error.http_status}", retry_after(error.headers or {}))


def holds_back(error: StripeError) -> bool:
    """Whether Stripe as a whole wants fewer calls: too many requests or a fault of its own, but not a lock on one
    object nor a second request under one key, which only those wait for who asked."""
    if isinstance(error, RateLimitError):
        return code_of(error) != "lock_timeout"
    return error.http_status is not None and error.http_status >= 500


def replayed(error: StripeError) -> bool:
    """Whether it is the stored answer to an earlier request under the same key."""
    return (error.headers or {}).get("idempotent-replayed") == "true"


def code_of(error: StripeError) -> str | None:
    return error.code if error.error is None else text(error.error, "code")


def is_missing(error: StripeError) -> bool:
    return isinstance(error, InvalidRequestError) and code_of(error) == MISSING


def retry_after(headers: Mapping[str, str]) -> float | None:
    """In seconds, never negative; the header may be a number or a date (RFC 9110, 10.2.3)."""
    found = headers.get("retry-after")
    if found is None:
        return None
    if found.isascii() and found.isdigit():
        return float(found)
    try:
        at = parsedate_to_datetime(found)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
