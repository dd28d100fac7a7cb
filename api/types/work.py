"""Work that was given up."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from adapters.postgres.reads.given_up import GivenUp, WorkKind
from api.context import Info

if TYPE_CHECKING:
    from api.types.customer import Customer

strawberry.enum(WorkKind, name="WorkKind", description="What is done later.")
_MEANING = {
    "DUE": "What falls due for a customer is recorded. Its id is the customer's.",
    "CLOCK": "A test clock that was moved is caught up with. Its id is the clock's.",
    "CHARGE": "A provider is asked for a payment, for a refund, or to forget a customer.",
    "SYNC": "A provider is told how things stand with a customer.",
    "WEBHOOK": "What a provider told is handled. Its id is the webhook's.",
    "COMPARISON": "A provider is compared with our books. Its id is the provider's name.",
}
for _value in WorkKind.__strawberry_definition__.values:  # type: ignore[attr-defined]
    _value.description = _MEANING[_value.name]


@strawberry.type(description="Work that failed so often that it waits for support. By itself it is tried once a day.")
class GivenUpWork:
    kind: WorkKind = strawberry.field(description="What it is.")
    id: strawberry.ID = strawberry.field(description="Which one of its kind.")
    since: datetime = strawberry.field(description="When it fell due.")
    attempts: int = strawberry.field(description="How often it was tried.")
    next_attempt_at: datetime = strawberry.field(description="When it is tried next by itself.")
    error: str | None = strawberry.field(description="Why the last try failed.")

    def __init__(self, work: GivenUp) -> None:
        self._customer_id = work.customer_id
        self.kind = work.kind
        self.id = strawberry.ID(work.id)
        self.since = work.since
        self.attempts = work.attempts
        self.next_attempt_at = work.next_at
        self.error = work.error

    @strawberry.field(description="Whom it is about, if anybody.")
    async def customer(self, info: Info) -> Annotated["Customer", strawberry.lazy("api.types.customer")] | None:
        from api.types.customer import Customer

        id = self._customer_id
        view = None if id is None else await info.context.loaders.views.load(id)
        return None if view is None else Customer.of(view)
