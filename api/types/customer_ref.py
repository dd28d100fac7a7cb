"""How arguments name a customer."""

import strawberry


@strawberry.input(one_of=True, description="A customer, by exactly one of two ids.")
class CustomerRef:
    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Our id: customer_….")
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id, as given when the customer was created."
    )

    def __post_init__(self) -> None:
        # @oneOf leaves no room for defaults in the schema, so what was not given arrives as UNSET.
        self.id = self.id or None
        self.external_id = self.external_id or None
