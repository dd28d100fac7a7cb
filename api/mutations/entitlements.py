"""Rights given by hand, beside or instead of what the plans give."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry

from api.context import Info
from api.inputs.request import by, catalog_of, owner_of
from api.mutations.once import retry
from api.mutations.results import refusable
from api.scalars import JSON
from api.types.customer_ref import CustomerRef
from api.types.entitlement_grant import EntitlementGrant
from api.types.errors import UserError
from domain.access import Scope
from domain.account import Grant
from domain.commands import GrantEntitlement, RevokeEntitlement
from domain.errors import ErrorCode, Refusal
from domain.events import EntitlementGranted
from service.ids import new_id


@strawberry.input(description="A right given by hand.")
class GrantEntitlementInput:
    customer: CustomerRef = strawberry.field(description="To whom.")
    feature: str = strawberry.field(description="The feature's key.")
    override: bool = strawberry.field(
        default=False, description="Take the place of what the plans give, instead of being added to it."
    )
    enabled: bool | None = strawberry.field(default=None, description="False: denies the feature.")
    limit: Decimal | None = strawberry.field(default=None, description="METERED: how much more, or how much in all.")
    unlimited: bool = strawberry.field(default=False, description="METERED: without a limit.")
    hard: bool | None = strawberry.field(default=None, description="METERED: refuse at the limit.")
    value: JSON | None = strawberry.field(default=None, description="VALUE: the setting.")
    priority: int = strawberry.field(default=50, description="VALUE: the highest wins.")
    expires_at: datetime | None = strawberry.field(default=None, description="From this instant on it no longer holds.")
    reason: str = strawberry.field(description="Shown as its source, and in the journal.")
    idempotency_key: str = strawberry.field(description="Yours, new for each request and the same for its retries.")


@strawberry.input(description="A right to take back.")
class RevokeEntitlementInput:
    FIELDS: ClassVar = {"customer": "grant_id"}

    grant_id: strawberry.ID = strawberry.field(description="Of the grant.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")
    idempotency_key: str = strawberry.field(description="Yours, new for each request and the same for its retries.")


@strawberry.type(description="What came of grantEntitlement.")
class GrantEntitlementPayload:
    grant: EntitlementGrant | None = strawberry.field(default=None, description="The grant.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of revokeEntitlement.")
class RevokeEntitlementPayload:
    grant: EntitlementGrant | None = strawberry.field(default=None, description="The grant that has ended.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class EntitlementMutations:
    @strawberry.mutation(description="Give a customer a right by hand, for a while or for good.")
    @refusable(GrantEntitlementPayload)
    async def grant_entitlement(self, info: Info, input: GrantEntitlementInput) -> GrantEntitlementPayload:
        context = info.context
        context.require(Scope.ENTITLEMENTS_WRITE)
        customer_id = await context.customer_id(input.customer)
        feature = (await catalog_of(context)).feature(input.feature)
        if feature is None:
            raise Refusal(ErrorCode.NOT_FOUND, f"no feature has the key {input.feature}", "feature")
        grant = Grant(
            id=new_id("grant"),
            feature=feature,
            reason=input.reason,
            granted_at=context.now,
            override=input.override,
            enabled=input.enabled,
            limit=input.limit,
            unlimited=input.unlimited,
            hard=input.hard,
            value=input.value,
            priority=input.priority,
            expires_at=input.expires_at,
        )
        same = retry(context, "grantEntitlement", input)
        command = GrantEntitlement(grant)
        recorded = await context.runtime.record(customer_id, command, by(context, input.reason), retry=same)
        context.changed()
        granted = recorded.event(EntitlementGranted)
        assert granted is not None
        return GrantEntitlementPayload(grant=EntitlementGrant.of(await catalog_of(context), granted.grant))

    @strawberry.mutation(description="End a right that was given by hand.")
    @refusable(RevokeEntitlementPayload)
    async def revoke_entitlement(self, info: Info, input: RevokeEntitlementInput) -> RevokeEntitlementPayload:
        context = info.context
        context.require(Scope.ENTITLEMENTS_WRITE)
        customer_id = await owner_of(context, input.grant_id, "grant_id")
        same = retry(context, "revokeEntitlement", input)
        command = RevokeEntitlement(input.grant_id)
        recorded = await context.runtime.record(customer_id, command, by(context, input.reason), retry=same)
        context.changed()
        grant = recorded.state.grant(input.grant_id)
        assert grant is not None
        return RevokeEntitlementPayload(grant=EntitlementGrant.of(await catalog_of(context), grant))
