"""Live.billingStatus."""

from collections.abc import AsyncIterable
from typing import Annotated, cast

import strawberry

from api.context import Info
from api.live.channel import AFTER, bad_cursor, states, watched
from api.loaders import AccountView
from api.scalars import Cursor
from api.types.billing_status import BillingStatus
from api.types.customer_ref import CustomerRef
from domain.access import Scope
from domain.billing_status import billing_status
from service.gates.snapshot import Snapshot
from service.live.cursors import BadCursor
from service.live.sightings import digest, state_cursor, state_seen

KIND = "billingStatus"


@strawberry.type(description="Where a customer stands with billing, as of a change.")
class BillingStatusUpdate:
    cursor: Cursor = strawberry.field(description="What to pass as `after` to go on from here.")
    status: BillingStatus = strawberry.field(description="The new status.")


@strawberry.type
class LiveBillingStatus:
    @strawberry.subscription(description="Where a customer stands with billing: now, then whenever it changes.")
    async def billing_status(
        self,
        info: Info,
        customer: Annotated[CustomerRef, strawberry.argument(description="Whom to watch.")],
        after: Annotated[Cursor | None, strawberry.argument(description=AFTER)] = None,
    ) -> AsyncIterable[BillingStatusUpdate]:
        context = info.context
        context.require(Scope.CUSTOMERS_READ)
        customer_id = (await watched(context, customer)).customer_id
        try:
            seen = None if after is None else state_seen(after, KIND, customer_id)
        except BadCursor as bad:
            raise bad_cursor(bad) from None

        def show(snapshot: Snapshot, shown: bytes) -> BillingStatusUpdate:
            view = AccountView(
                snapshot.account,
                snapshot.seq,
                snapshot.now,
                snapshot.now,
                clock=None,
                catalog=snapshot.catalog,
                vault=context.runtime.vault,
                wrapped_key=None,  # nothing sealed is part of a billing status
            )
            return BillingStatusUpdate(
                cursor=Cursor(state_cursor(KIND, customer_id, shown)), status=BillingStatus.of(view)
            )

        channel = await states(context, customer_id, (KIND, customer_id), seen, _digest, show)
        return cast(AsyncIterable[BillingStatusUpdate], channel)


def _digest(snapshot: Snapshot) -> bytes:
    return digest(billing_status(snapshot.account, snapshot.now))
