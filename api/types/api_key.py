"""API keys, without their secrets."""

from datetime import datetime

import strawberry

from api.types.node import Node
from domain import access as domain


@strawberry.type(description="A key of the API. Its secret was shown once, when it was made.")
class ApiKey(Node):
    name: str = strawberry.field(description="For people: whose it is, what for.")
    role: domain.Role = strawberry.field(description="What kind of caller it stands for.")
    scopes: list[str] = strawberry.field(description="What it may do, as subject:act.")
    customer_ids: list[strawberry.ID] | None = strawberry.field(
        description="PARTNER: the customers that it is limited to; null: all."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="From when it is no longer accepted.")
    revoked_at: datetime | None = strawberry.field(description="Since when it is no longer accepted.")

    @classmethod
    def of(cls, key: domain.ApiKey) -> "ApiKey":
        """All but the hash of its secret."""
        assert key.created_at is not None
        ids = key.customer_ids
        return cls(
            id=strawberry.ID(key.id),
            name=key.name,
            role=key.role,
            scopes=[str(scope) for scope in key.scopes],
            customer_ids=None if ids is None else [strawberry.ID(id) for id in ids],
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
        )
