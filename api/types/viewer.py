"""Who is asking."""

import strawberry

from api.context import Info
from api.types.customer import Customer
from domain.access import Role
from service.access.principal import Principal


@strawberry.type(description="Who the credentials are.")
class Viewer:
    role: Role = strawberry.field(description="What kind of caller.")
    scopes: list[str] = strawberry.field(description="What they may do, as subject:act.")

    def __init__(self, principal: Principal) -> None:
        self._principal = principal
        self.role = principal.role
        self.scopes = sorted(str(scope) for scope in principal.scopes)

    @strawberry.field(description="The customer that they are; null for all but customers.")
    async def customer(self, info: Info) -> Customer | None:
        if self._principal.role is not Role.CUSTOMER:
            return None
        view = await info.context.loaders.views.load(self._principal.id)
        return None if view is None else Customer.of(view)
