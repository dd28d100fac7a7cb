"""What the fields of `Live` have in common: whom they watch, and how a state becomes a channel."""

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import aclosing
from typing import TypeVar

from api.context import Context
from api.types.customer_ref import CustomerRef
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from graphql_edge.live import States, Update
from service.gates.can_use import GateCustomer, look_up
from service.gates.snapshot import Snapshot
from service.live.cursors import BadCursor

T = TypeVar("T")

AFTER = "The last cursor that was seen: go on from there."

DigestOf = Callable[[Snapshot], bytes | None]
"""Tells states apart; None: there is nothing to show yet."""


def ref_of(customer: CustomerRef) -> GateCustomer:
    """As `service` knows it. Exactly one of the two is given: the schema sees to that."""
    return GateCustomer(customer.id or None, customer.external_id or None)


async def watched(context: Context, customer: CustomerRef) -> Snapshot:
    """The customer as they are. Raises ClientError when there is none that these credentials may see."""
    snapshot = await look_up(context.runtime, context.principal, ref_of(customer))
    if snapshot is None:
        raise ClientError("No such customer.", code="NOT_FOUND", status=404)
    return snapshot


def bad_cursor(bad: BadCursor) -> ClientError:
    """What a client is told."""
    return ClientError(f"after: {bad.message}.", code=BAD_USER_INPUT)


async def states(
    context: Context,
    customer_id: str,
    channel: Hashable,
    seen: bytes | None,
    digest_of: DigestOf,
    show: Callable[[Snapshot, bytes], T],
) -> States[T]:
    """The channel of one state of the customer. `seen` is the digest of what the subscriber has already."""
    live = context.runtime.live
    position = None
    if seen is not None:
        # Only what the account's watch has given out is numbered, in its order.
        present = digest_of(await live.present(customer_id))
        if present is not None:
            number = live.numbers.number(channel, present)
            position = (number,) if present == seen else None

    async def open_() -> AsyncIterator[Update[T]]:
        shown = 0
        async with aclosing(live.states(customer_id)) as snapshots:
            async for snapshot in snapshots:
                digest = digest_of(snapshot)
                if digest is None:
                    continue
                number = live.numbers.number(channel, digest)
                if number != shown:
                    shown = number
                    yield Update(show(snapshot, digest), (number,))

    return States(channel, open_, position)
