"""How every mutation answers: a Refusal becomes userErrors, and a retry is known by its key and its input."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

import msgspec
import strawberry

from adapters.postgres.reads import Retry
from api.context import Context
from api.types.errors import UserError
from domain.catalog import Catalog
from domain.errors import ErrorCode, Refusal, invalid
from domain.wording import REASON_CHARS_MAX, check_length
from service.record import By

P = ParamSpec("P")
Payload = TypeVar("Payload")

IDEMPOTENCY_KEY_CHARS_MAX = 255
_encoder = msgspec.json.Encoder(order="deterministic")


def refusable(
    payload: Callable[..., Payload],
) -> Callable[[Callable[P, Awaitable[Payload]]], Callable[P, Awaitable[Payload]]]:
    """An expected refusal is data: the payload with nothing in it but the error and the path of the input at fault."""

    def decorate(resolver: Callable[P, Awaitable[Payload]]) -> Callable[P, Awaitable[Payload]]:
        @functools.wraps(resolver)
        async def answer(*args: P.args, **kwargs: P.kwargs) -> Payload:
            try:
                return await resolver(*args, **kwargs)
            except Refusal as refusal:
                return payload(user_errors=[user_error(refusal)])

        return answer

    return decorate


def user_error(refusal: Refusal) -> UserError:
    """With the path from the mutation's argument on."""
    return UserError.of(refusal.under("input") if refusal.field else refusal)


async def catalog_of(context: Context) -> Catalog:
    """What is on sale now."""
    return (await context.loaders.shelf()).catalog


async def holder(context: Context, id: str, *field: str) -> str:
    """Whose account holds the thing with this id. Raises Refusal when nobody's that may be seen does."""
    customer_id = await context.loaders.holders.load(id)
    if customer_id is None:
        raise Refusal(ErrorCode.NOT_FOUND, "there is no such thing, or none that you may see", *field)
    return customer_id


def by(context: Context, reason: str | None = None) -> By:
    """Who the journal names, and whom they may touch. Raises Refusal for a reason that is too long."""
    check_length(reason, REASON_CHARS_MAX, "reason")
    principal = context.principal
    return By(principal.id, principal.customer_ids, reason, f"request {context.request_id}")


def retry(context: Context, operation: str, input: Any) -> Retry:
    """The request's identity, from its `idempotency_key` and a keyed hash of all of its input."""
    key: str = input.idempotency_key
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARS_MAX or not key.isprintable():
        raise invalid(f"must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable characters", "idempotencyKey")
    digest = context.runtime.vault.input_hash(_encoder.encode(strawberry.asdict(input)))
    return Retry(context.principal.id, operation, key, digest)
