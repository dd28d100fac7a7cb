"""Live.entitlements."""

from collections.abc import AsyncIterable
from typing import Annotated, cast

import strawberry

from api.context import Info
from api.live.channel import AFTER, bad_cursor, states, watched
from api.scalars import Cursor
from api.types.customer_ref import CustomerRef
from api.types.entitlement import Entitlement
from domain.access import Scope
from service.gates.snapshot import Snapshot
from service.live.cursors import BadCursor
from service.live.sightings import digest, state_cursor, state_seen

KIND = "entitlements"


@strawberry.type(description="All rights of a customer, as of a change.")
class EntitlementsUpdate:
    cursor: Cursor = strawberry.field(description="What to pass as `after` to go on from here.")
    entitlements: list[Entitlement] = strawberry.field(description="Every right, by feature key.")


@strawberry.type
class LiveEntitlements:
    @strawberry.subscription(
        description="All rights of a customer, with what is used of them: now, then whenever any of it changes."
    )
    async def entitlements(
        self,
        info: Info,
        customer: Annotated[CustomerRef, strawberry.argument(description="Whom to watch.")],
        after: Annotated[Cursor | None, strawberry.argument(description=AFTER)] = None,
    ) -> AsyncIterable[EntitlementsUpdate]:
        context = info.context
        context.require(Scope.CUSTOMERS_READ)
        customer_id = (await watched(context, customer)).customer_id
        try:
            seen = None if after is None else state_seen(after, KIND, customer_id)
        except BadCursor as bad:
            raise bad_cursor(bad) from None

        def show(snapshot: Snapshot, shown: bytes) -> EntitlementsUpdate:
            return EntitlementsUpdate(
                cursor=Cursor(state_cursor(KIND, customer_id, shown)), entitlements=_entitlements(snapshot)
            )

        channel = await states(context, customer_id, (KIND, customer_id), seen, _digest, show)
        return cast(AsyncIterable[EntitlementsUpdate], channel)


def _entitlements(snapshot: Snapshot) -> list[Entitlement]:
    return [Entitlement.of(snapshot.catalog, right, snapshot.usage.get(key)) for key, right in snapshot.rights.items()]


def _digest(snapshot: Snapshot) -> bytes:
    """Over what is shown, and nothing else: a change behind it is no message."""
    return digest(
        [
            (
                key,
                right.feature.name,
                shown.enabled,
                shown.limit,
                shown.used,
                shown.remaining,
                shown.hard,
                shown.value,
                right.period,
                [(source.kind, source.id, source.label, source.limit, source.expires_at) for source in right.sources],
            )
            for (key, right), shown in zip(snapshot.rights.items(), _entitlements(snapshot), strict=True)
        ]
    )
