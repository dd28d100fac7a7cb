"""What the payment provider knows."""

from datetime import datetime

import strawberry

from domain.account import Customer


@strawberry.type(description="A customer's other half at the payment provider.")
class ProviderLink:
    anonymous_id: str = strawberry.field(description="All that the provider ever learns of who they are.")
    provider_customer_id: str | None = strawberry.field(
        description="The provider's own id; null until their first payment."
    )
    synced_at: datetime | None = strawberry.field(description="When the two were last compared; null: never.")
    pending_changes: int = strawberry.field(description="Changes that the provider has not been told yet.")
    drift: list[str] = strawberry.field(description="Where the two differ, for people.")

    @classmethod
    def of(cls, customer: Customer) -> "ProviderLink":
        """Nothing is sent to a provider yet, so there is nothing to tell and nothing that could differ."""
        return cls(
            anonymous_id=customer.anonymous_id,
            provider_customer_id=None,
            synced_at=None,
            pending_changes=0,
            drift=[],
        )
