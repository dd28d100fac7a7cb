"""Rights, where they come from, and what is used of them."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.scalars import JSON
from api.types.computed import computed
from api.types.feature import Feature
from api.types.values import Period
from domain.catalog import Catalog, FeatureKind
from domain.exact import ZERO
from domain.rights import entitlement as domain
from domain.rights.gate import FeatureUsage, limit_with
from domain.rights.source import Source, SourceKind


@strawberry.type(description="One reason why a right is held.")
class EntitlementSource:
    kind: SourceKind = strawberry.field(description="What kind of reason.")
    id: strawberry.ID | None = strawberry.field(description="The subscription or grant.")
    label: str = strawberry.field(description="For people: the plan's name, or why it was granted.")
    limit: Decimal | None = strawberry.field(description="METERED: what it adds; null: unlimited.")
    expires_at: datetime | None = strawberry.field(description="From when it no longer counts.")

    @classmethod
    def of(cls, source: Source) -> "EntitlementSource":
        """As the right was put together."""
        return cls(
            kind=source.kind,
            id=strawberry.ID(source.id),
            label=source.label,
            limit=source.limit,
            expires_at=source.expires_at,
        )


@strawberry.type(description="A customer's right to one feature: the sum of its sources.")
class Entitlement:
    feature: Feature = strawberry.field(description="To what.")
    enabled: bool = strawberry.field(
        description="Whether it is held: some source gives it, and none given by hand denies it."
    )
    limit: Decimal | None = strawberry.field(
        description="METERED: how much in the period, with what rolled over into it; null: unlimited."
    )
    used: Decimal | None = strawberry.field(description="METERED: how much of it is used in the period.")
    remaining: Decimal | None = strawberry.field(
        description="METERED: what is left, less what is reserved; never below 0; null: unlimited."
    )
    hard: bool = strawberry.field(description="METERED: whether use beyond the limit is refused.")
    value: JSON | None = strawberry.field(description="VALUE: the setting.")
    period: Period | None = strawberry.field(description="METERED: what is counted together.")
    sources: list[EntitlementSource] = strawberry.field(description="Where it comes from, overrides last.")

    def __init__(self, catalog: Catalog, entitlement: domain.Entitlement, usage: FeatureUsage | None) -> None:
        self._catalog = catalog
        self._entitlement = entitlement
        self.enabled = entitlement.enabled
        self.hard = entitlement.hard
        self.value = entitlement.value
        self.limit = self.used = self.remaining = None
        if entitlement.feature.kind is FeatureKind.METERED:
            usage = usage or FeatureUsage()
            self.limit = limit_with(entitlement, usage)
            self.used = usage.used
            if self.limit is not None:
                self.remaining = max(ZERO, self.limit - usage.used - usage.held)

    @classmethod
    def of(cls, catalog: Catalog, entitlement: domain.Entitlement, usage: FeatureUsage | None) -> "Entitlement":
        """`usage` is that of the entitlement's period; None for what is not metered."""
        return cls(catalog, entitlement, usage)


computed(
    Entitlement,
    feature=lambda self: Feature.of(self._catalog, self._entitlement.feature),
    period=lambda self: None if self._entitlement.period is None else Period.of(self._entitlement.period),
    sources=lambda self: [EntitlementSource.of(source) for source in self._entitlement.sources],
)
