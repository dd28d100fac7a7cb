"""Quotes: what a change would come to, and what it would do to rights."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.types.entitlement import Entitlement
from api.types.errors import UserError
from api.types.feature import Feature
from api.types.invoice_line import InvoiceLine
from api.types.subscription import ScheduledChange
from api.types.values import Money
from domain.catalog import Catalog, FeatureKind
from domain.exact import ZERO
from domain.rights import entitlement as domain
from domain.rights.gate import FeatureUsage, limit_with


@strawberry.type(description="A right that would not be the same any more.")
class EntitlementChange:
    feature: Feature = strawberry.field(description="To what.")
    before: Entitlement | None = strawberry.field(description="As it would be otherwise; null: there is none.")
    after: Entitlement | None = strawberry.field(description="As it would be then; null: it would be gone.")
    over_by: Decimal | None = strawberry.field(
        description="METERED: how much more is used already than it would then allow; null: no more."
    )

    @classmethod
    def of(
        cls,
        catalog: Catalog,
        before: tuple[domain.Entitlement, FeatureUsage | None] | None,
        after: tuple[domain.Entitlement, FeatureUsage | None] | None,
    ) -> "EntitlementChange":
        """Each right with the usage of its period; at least one of them is there."""
        right = (after or before or (None,))[0]
        assert right is not None
        return cls(
            feature=Feature.of(catalog, right.feature),
            before=None if before is None else Entitlement.of(catalog, *before),
            after=None if after is None else Entitlement.of(catalog, *after),
            over_by=_over(*(after or before or (right, None)), gone=after is None),
        )


@strawberry.type(
    description="What a change would come to, from the code that makes it. It binds: the same change with this quote "
    "is charged exactly so, from the instant of the quote, or refused as STALE. Nothing is written. Where the change "
    "would be refused, all is null but why."
)
class Quote:
    token: str | None = strawberry.field(default=None, description="To give along with the change.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="From when on it binds nobody any more, in the customer's own time."
    )
    effective_at: datetime | None = strawberry.field(default=None, description="When rights would change.")
    due_now: Money | None = strawberry.field(
        default=None, description="What would be asked for at once, after credit, with tax."
    )
    credited: Money | None = strawberry.field(
        default=None, description="What would be given back: off what is owed, else as prepaid credit."
    )
    lines: list[InvoiceLine] = strawberry.field(
        default_factory=list, description="What would be charged at once; below 0: given back."
    )
    next_invoice: Money | None = strawberry.field(
        default=None, description="What the next invoice would come to, usage so far counted; null: none is expected."
    )
    next_invoice_at: datetime | None = strawberry.field(default=None, description="When that would be final.")
    entitlement_changes: list[EntitlementChange] = strawberry.field(
        default_factory=list, description="The rights that would not be the same, by feature."
    )
    conflicts: list[ScheduledChange] = strawberry.field(
        default_factory=list,
        description="Planned changes that cannot both be meant. If the change can replace them, this is quoted as with "
        "replaceScheduled, and the change needs that, too.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it would be refused.")


def _over(right: domain.Entitlement, usage: FeatureUsage | None, *, gone: bool) -> Decimal | None:
    """What is gone, or denied, allows nothing."""
    if right.feature.kind is not FeatureKind.METERED or usage is None:
        return None
    limit = ZERO if gone or not right.enabled else limit_with(right, usage)
    return usage.used - limit if limit is not None and usage.used > limit else None
