"""What every thing with an id has."""

import strawberry


@strawberry.interface(description="A thing with an id, which `node(id)` finds again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque; never reused.")
