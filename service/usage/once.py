"""One request is done once: its answer is kept under its key, and a retry gets that answer."""

from typing import TypeVar

import msgspec

from adapters.postgres import retries
from adapters.postgres.connection import Connection
from adapters.postgres.retries import Retry
from domain.errors import ErrorCode, Refusal

T = TypeVar("T")


async def answered(connection: Connection, retry: Retry, type: type[T]) -> T | None:
    """What the first attempt answered. None: this is the first, and nobody else's under its key until it ends.

    The first statement of the transaction. Raises Refusal if the key was used with another input.
    """
    first = await retries.claim(connection, retry)
    if first is None:
        return None
    if first.input_hash != retry.input_hash:
        raise Refusal(ErrorCode.IDEMPOTENCY_MISMATCH, "this key was used before with another input", "idempotency_key")
    assert first.result is not None
    return msgspec.json.decode(first.result, type=type)


async def keep(connection: Connection, retry: Retry, answer: object) -> None:
    """Keep the answer for retries."""
    await retries.leave_result(connection, retry, msgspec.json.encode(answer).decode())
