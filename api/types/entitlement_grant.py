"""Rights given by hand."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.scalars import JSON
from api.types.feature import Feature
from api.types.node import Node
from domain.account import Grant
from domain.catalog import Catalog


@strawberry.type(description="A right given by hand, beside or in place of what the plans give.")
class EntitlementGrant(Node):
    feature: Feature = strawberry.field(description="To what.")
    override: bool = strawberry.field(description="Whether it takes the place of what the plans give.")
    enabled: bool | None = strawberry.field(description="False: it denies the feature.")
    limit: Decimal | None = strawberry.field(description="METERED: how much more, or how much in all.")
    unlimited: bool = strawberry.field(description="METERED: without a limit.")
    hard: bool | None = strawberry.field(description="METERED: whether use beyond the limit is refused.")
    value: JSON | None = strawberry.field(description="VALUE: the setting.")
    priority: int = strawberry.field(description="VALUE: the highest wins.")
    reason: str = strawberry.field(description="Why it was given.")
    granted_at: datetime = strawberry.field(description="Since when it holds.")
    expires_at: datetime | None = strawberry.field(description="From this instant on it no longer holds.")
    ended_at: datetime | None = strawberry.field(description="When it expired or was revoked.")
    revoked: bool = strawberry.field(description="Whether it was taken back.")

    @classmethod
    def of(cls, catalog: Catalog, grant: Grant) -> "EntitlementGrant":
        """As it stands."""
        return cls(
            id=strawberry.ID(grant.id),
            feature=Feature.of(catalog, grant.feature),
            override=grant.override,
            enabled=grant.enabled,
            limit=grant.limit,
            unlimited=grant.unlimited,
            hard=grant.hard,
            value=grant.value,
            priority=grant.priority,
            reason=grant.reason,
            granted_at=grant.granted_at,
            expires_at=grant.expires_at,
            ended_at=grant.ended_at,
            revoked=grant.revoked,
        )
