"""What payment providers told, and what came of comparing with them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from adapters.postgres.reads.webhooks import NoticeState, StoredNotice
from api.context import Info
from api.types.node import Node
from service.providers.reconciliation import Finding, Report

if TYPE_CHECKING:
    from api.types.customer import Customer

strawberry.enum(NoticeState, name="WebhookState", description="Where a webhook stands.")
_MEANING = {
    "PENDING": "It waits to be handled, or to be tried again.",
    "HANDLED": "All that follows from it is recorded.",
    "FAILED": "It was tried in vain, and waits for support.",
}
for _value in NoticeState.__strawberry_definition__.values:  # type: ignore[attr-defined]
    _value.description = _MEANING[_value.name]


@strawberry.type(description="Something that a payment provider told, once, and how it was handled.")
class Webhook(Node):
    provider: str = strawberry.field(description="Who told it.")
    provider_event_id: str = strawberry.field(description="The provider's own id of it.")
    type: str = strawberry.field(description="The provider's word for what happened.")
    created_at: datetime = strawberry.field(description="When it happened there.")
    received_at: datetime = strawberry.field(description="When it came in.")
    handled_at: datetime | None = strawberry.field(description="When all that follows from it was recorded.")
    state: NoticeState = strawberry.field(description="Where it stands.")
    attempts: int = strawberry.field(description="How often it was tried.")
    next_attempt_at: datetime | None = strawberry.field(description="When it is tried next.")
    error: str | None = strawberry.field(description="Why the last try failed.")

    def __init__(self, notice: StoredNotice) -> None:
        self._customer_id = notice.customer_id
        self.id = strawberry.ID(notice.id)
        self.provider = notice.provider
        self.provider_event_id = notice.notice_id
        self.type = notice.type
        self.created_at = notice.created_at
        self.received_at = notice.received_at
        self.handled_at = notice.handled_at
        self.state = notice.state
        self.attempts = notice.attempts
        self.next_attempt_at = notice.next_at if notice.state is NoticeState.PENDING else None
        self.error = notice.error

    @strawberry.field(description="Whom it is about, as far as is known.")
    async def customer(self, info: Info) -> Annotated["Customer", strawberry.lazy("api.types.customer")] | None:
        from api.types.customer import Customer

        id = self._customer_id
        view = None if id is None else await info.context.loaders.views.load(id)
        return None if view is None else Customer.of(view)


@strawberry.type(description="One thing in which the payment provider and our books differed.")
class ReconciliationFinding:
    provider: str = strawberry.field(description="Which provider.")
    customer_id: strawberry.ID | None = strawberry.field(description="Whose; null: of nobody here.")
    what: str = strawberry.field(description="What was repaired, or how the two differ, for people.")
    repaired: bool = strawberry.field(description="Whether it is repaired (in a dry run: would be) by recording it.")

    @classmethod
    def of(cls, finding: Finding) -> "ReconciliationFinding":
        id = None if finding.customer_id is None else strawberry.ID(finding.customer_id)
        return cls(provider=finding.provider, customer_id=id, what=finding.what, repaired=finding.repaired)


@strawberry.type(description="What a comparison with the payment providers came to.")
class Reconciliation:
    dry_run: bool = strawberry.field(description="Whether nothing was recorded.")
    compared: int = strawberry.field(description="How many payments, refunds and customers.")
    repaired: int = strawberry.field(description="How many things were repaired; in a dry run: would be.")
    differing: int = strawberry.field(description="How many are left to people.")
    findings: list[ReconciliationFinding] = strawberry.field(description="The first 200 of them.")

    @classmethod
    def of(cls, report: Report) -> "Reconciliation":
        return cls(
            dry_run=report.dry_run,
            compared=report.compared,
            repaired=report.repaired,
            differing=report.differing,
            findings=[ReconciliationFinding.of(finding) for finding in report.findings],
        )
