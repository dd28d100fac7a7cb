"""Requests that may be sent again, and quotes that bind what they come to."""

from typing import Any, ClassVar

import strawberry


@strawberry.input
class Keyed:
    idempotency_key: str = strawberry.field(description="Yours, new for each request and the same for its retries.")


@strawberry.input
class Reasoned(Keyed):
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input
class OfInvoice(Reasoned):
    FIELDS: ClassVar = {"customer": "invoice_id"}

    invoice_id: strawberry.ID = strawberry.field(description="Which invoice.")


def asked(input: Any) -> dict[str, Any]:
    """What a quote is given for: all of the input but whose it is (the quote knows), the quote itself and the key."""
    fields: dict[str, Any] = strawberry.asdict(input)
    return {name: value for name, value in fields.items() if name not in ("customer", "quote", "idempotency_key")}
