"""The `Live` root: states and events, pushed. Which text goes to whom is the business of `graphql_edge.live`."""

import strawberry

from api.live.billing_status import LiveBillingStatus
from api.live.entitlements import LiveEntitlements
from api.live.journal import LiveJournal
from api.live.usage import LiveUsage

__all__ = ["Live"]


@strawberry.type(
    description="Updates as they happen. The first message is the present state, then each change follows; of states, "
    "a slow reader gets the newest. To go on after a break, pass the last `cursor` as `after`: nothing is missed, and "
    "nothing that was seen is sent again."
)
class Live(LiveUsage, LiveBillingStatus, LiveEntitlements, LiveJournal):
    pass
