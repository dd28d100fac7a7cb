"""Where a customer stands with billing."""

from datetime import datetime

import strawberry

from api.loaders import Standing
from domain.billing_status import BillingState, billing_status


@strawberry.type(description="Where a customer stands with billing.")
class BillingStatus:
    state: BillingState = strawberry.field(description="In one word.")
    message: str | None = strawberry.field(description="Words that a page can show; null when all is simply well.")
    as_of: datetime = strawberry.field(description="The instant that it speaks of.")

    @classmethod
    def of(cls, standing: Standing) -> "BillingStatus":
        """At the instant of the standing."""
        status = billing_status(standing.account, standing.at)
        return cls(state=status.state, message=status.message, as_of=standing.at)
