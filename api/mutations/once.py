"""A mutation is carried out once: a retry is known by its key and its input."""

from collections.abc import Callable
from typing import Any

import msgspec
import strawberry

from adapters.postgres.reads import Retry
from api.context import Context
from api.inputs.request import by
from domain.commands import AccountCommand
from domain.errors import invalid
from service.write.pending_events import PendingEvents
from service.write.record import Recorded

IDEMPOTENCY_KEY_CHARS_MAX = 255
_encoder = msgspec.json.Encoder(order="deterministic")


def retry(context: Context, operation: str, input: Any) -> Retry:
    """The request's identity, from its `idempotency_key` and a keyed hash of all of its input."""
    key: str = input.idempotency_key
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARS_MAX or not key.isprintable():
        raise invalid(f"must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable characters", "idempotency_key")
    digest = context.runtime.vault.input_hash(_encoder.encode(strawberry.asdict(input)))
    return Retry(context.principal.id, operation, key, digest)


async def once(
    context: Context,
    operation: str,
    input: Any,
    customer_id: str,
    command: AccountCommand | Callable[[], AccountCommand],
    check: Callable[[PendingEvents], None] | None = None,
) -> Recorded:
    """Record the command, with the input's own reason; a retry is answered with what its first attempt recorded."""
    actor = by(context, getattr(input, "reason", None))
    same = retry(context, operation, input)
    return await context.runtime.record(customer_id, command, actor, retry=same, check=check)
