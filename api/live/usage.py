"""Live.usage: one message for each meter, then one for each meter that changes."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated, NamedTuple, cast

import strawberry

from api.context import Context, Info
from api.live.channel import AFTER, bad_cursor, states, watched
from api.scalars import Cursor
from api.types.customer_ref import CustomerRef
from api.types.usage import UsageMeter
from domain.access import Scope
from domain.catalog import FeatureKind
from domain.exact import ZERO
from domain.rights.entitlement import Entitlement
from domain.rights.gate import FeatureUsage, limit_with
from graphql_edge.errors import BAD_USER_INPUT, ClientError
from graphql_edge.live import Log, Position, Update
from service.gates.snapshot import Snapshot
from service.live.cursors import BadCursor
from service.live.sightings import digest, feature_hash, usage_cursor, usage_seen

KIND = "usage"
SHOWN_MAX = 200
"""Ways to bring clients to one snapshot that are kept: clients that come back have seen different things."""


@strawberry.type(description="A meter as of a change.")
class UsageUpdate:
    cursor: Cursor = strawberry.field(description="What to pass as `after` to go on from here.")
    meter: UsageMeter = strawberry.field(description="The meter's new reading.")


@strawberry.type
class LiveUsage:
    @strawberry.subscription(
        description="What a customer uses of METERED features: a message for each meter now, then one for each that "
        "changes, also by its limit or period."
    )
    async def usage(
        self,
        info: Info,
        customer: Annotated[CustomerRef, strawberry.argument(description="Whom to watch.")],
        features: Annotated[
            list[str] | None,
            strawberry.argument(description="Only these; all that the customer has a right to when left out."),
        ] = None,
        after: Annotated[Cursor | None, strawberry.argument(description=AFTER)] = None,
    ) -> AsyncIterable[UsageUpdate]:
        context = info.context
        context.require(Scope.CUSTOMERS_READ)
        present = await watched(context, customer)
        customer_id = present.customer_id
        wanted = None if features is None else _checked(features, present)
        try:
            seen = {} if after is None else usage_seen(after, customer_id)
        except BadCursor as bad:
            raise bad_cursor(bad) from None
        if wanted is not None and len(wanted) == 1:
            channel: object = await _one(context, customer_id, wanted[0], seen.get(feature_hash(wanted[0])))
        else:
            channel = _several(context, customer_id, wanted, seen)
        return cast(AsyncIterable[UsageUpdate], channel)


class Reading(NamedTuple):
    """A right to a metered feature with what is used of it."""

    right: Entitlement
    usage: FeatureUsage

    @property
    def limit(self) -> Decimal | None:
        return limit_with(self.right, self.usage)

    @property
    def remaining(self) -> Decimal | None:
        limit = self.limit
        return None if limit is None else max(ZERO, limit - self.usage.used - self.usage.held)

    def digest(self) -> bytes:
        """Over what is shown, but for the instant."""
        return digest((self.right.feature.name, self.usage.used, self.limit, self.remaining, self.right.period))

    def shown(self, snapshot: Snapshot) -> UsageMeter:
        assert self.right.period is not None
        return UsageMeter(
            snapshot.catalog,
            self.right.feature,
            self.right.period,
            self.usage.used,
            snapshot.now,
            limit=self.limit,
            remaining=self.remaining,
        )


def _checked(features: Sequence[str], present: Snapshot) -> tuple[str, ...]:
    for key in features:
        feature = present.catalog.feature(key)
        if feature is None or feature.kind is not FeatureKind.METERED:
            raise ClientError(f"features: there is no METERED feature {key[:100]!r}.", code=BAD_USER_INPUT)
    if not features:
        raise ClientError("features: name at least one, or leave it out for all.", code=BAD_USER_INPUT)
    return tuple(sorted(set(features)))


def _reading(snapshot: Snapshot, key: str) -> Reading | None:
    right, usage = snapshot.rights.get(key), snapshot.usage.get(key)
    return None if right is None or right.period is None or usage is None else Reading(right, usage)


async def _one(context: Context, customer_id: str, key: str, seen: bytes | None) -> object:
    """One meter is one state: all who watch it are sent the same text at once."""
    hashed = feature_hash(key)

    def digest_of(snapshot: Snapshot) -> bytes | None:
        reading = _reading(snapshot, key)
        return None if reading is None else reading.digest()

    def show(snapshot: Snapshot, shown: bytes) -> UsageUpdate:
        reading = _reading(snapshot, key)
        assert reading is not None
        return UsageUpdate(cursor=Cursor(usage_cursor(customer_id, {hashed: shown})), meter=reading.shown(snapshot))

    return await states(context, customer_id, (KIND, customer_id, key), seen, digest_of, show)


def _several(
    context: Context, customer_id: str, wanted: tuple[str, ...] | None, seen: dict[bytes, bytes]
) -> Log[UsageUpdate]:
    """Several meters are sent at the pace of each client, so that a cursor holds just what the client was sent. Clients
    that have seen the same are still sent the same text."""
    live = context.runtime.live

    async def read(_after: Position | None) -> AsyncIterator[Update[UsageUpdate]]:
        sent = Sent(seen)
        async with aclosing(live.states(customer_id)) as snapshots:
            async for snapshot in snapshots:
                for now_sent, update in _steps(snapshot, wanted, sent):
                    sent = now_sent
                    yield update
                    if live.latest(customer_id) is not snapshot:
                        break  # the client was slow: go on with the newest

    return Log((KIND, customer_id, wanted), read)


class Sent:
    """The digests that a client has been sent, by feature hash, the last one last."""

    __slots__ = ("digests", "key")

    def __init__(self, digests: dict[bytes, bytes]) -> None:
        self.digests = digests
        self.key = b"".join(hashed + digest for hashed, digest in digests.items())

    def and_(self, hashed: bytes, digest: bytes) -> "Sent":
        others = {key: value for key, value in self.digests.items() if key != hashed}
        return Sent({**others, hashed: digest})


def _steps(snapshot: Snapshot, wanted: tuple[str, ...] | None, sent: Sent) -> list[tuple[Sent, Update[UsageUpdate]]]:
    """The messages that bring a client to this snapshot, each with what the client has been sent after it. Worked out
    once for all clients that have been sent the same."""
    name = (wanted, sent.key)
    steps: list[tuple[Sent, Update[UsageUpdate]]] | None = snapshot.shown.get(name)
    if steps is None:
        steps = []
        for key in wanted or snapshot.rights:
            reading = _reading(snapshot, key)
            if reading is None:
                continue
            hashed, digest = feature_hash(key), reading.digest()
            if sent.digests.get(hashed) != digest:
                sent = sent.and_(hashed, digest)
                cursor = usage_cursor(snapshot.customer_id, sent.digests)
                update = UsageUpdate(cursor=Cursor(cursor), meter=reading.shown(snapshot))
                steps.append((sent, Update(update, _place(snapshot, sent))))
        if len(snapshot.shown) < SHOWN_MAX:
            snapshot.shown[name] = steps
    return steps


def _place(snapshot: Snapshot, sent: Sent) -> Position:
    """One position for all who are sent the same."""
    hashed = blake2b(snapshot.now.isoformat().encode() + sent.key, digest_size=12).digest()
    return (int.from_bytes(hashed),)
