"""What the payment provider knows."""

from datetime import datetime

import strawberry

from adapters.postgres.reads.syncs import SyncStatus
from api.loaders import AccountView, Loaders

FAILURES_TOLD = 3
"""A provider that does not answer once or twice is no difference yet."""


@strawberry.type(description="A customer's other half at the payment provider.")
class ProviderLink:
    anonymous_id: str = strawberry.field(description="All that the provider ever learns of who they are.")
    provider: str | None = strawberry.field(description="Who it is; null until their first payment.")
    provider_customer_id: str | None = strawberry.field(
        description="The provider's own id; null until their first payment."
    )
    synced_at: datetime | None = strawberry.field(
        description="When the provider was last told how things stand, in real time; null: never."
    )
    pending_changes: int = strawberry.field(description="Changes that the provider has not been told yet.")
    drift: list[str] = strawberry.field(
        description="Where the two differ, or why the provider cannot be told, for people."
    )

    @classmethod
    async def of(cls, loaders: Loaders, view: AccountView) -> "ProviderLink":
        """The caller holds provider:read."""
        links = (await loaders.with_books(view)).account.books.links
        anonymous_id = view.customer.anonymous_id
        if not links:
            return cls(
                anonymous_id=anonymous_id,
                provider=None,
                provider_customer_id=None,
                synced_at=None,
                pending_changes=0,
                drift=[],
            )
        provider = max(links, key=lambda name: (links[name].linked_at, name))
        status = (await loaders.syncs.load(view.customer.id) or {}).get(provider, SyncStatus(0, None, 0, None))
        failed = [f"not told since: {status.error}"] if status.attempts >= FAILURES_TOLD else []
        return cls(
            anonymous_id=anonymous_id,
            provider=provider,
            provider_customer_id=links[provider].reference,
            synced_at=status.synced_at,
            pending_changes=status.changes,
            drift=[*links[provider].drift, *failed],
        )
