"""Credentials: API keys for machines and people of the team, short-lived tokens for customers."""

import asyncio
from datetime import datetime, timedelta
from typing import ClassVar

import strawberry

from api.context import Context, Info
from api.inputs.request import by
from api.mutations.results import refusable
from api.types.api_key import ApiKey
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from domain import access
from domain.access import Role, Scope
from domain.commands import CreateKey, RevokeKey
from domain.errors import ErrorCode, Refusal
from service.access.api_secrets import new_secret
from service.ids import new_id, prefix_of


@strawberry.input(description="A new API key.")
class CreateApiKeyInput:
    FIELDS: ClassVar = {"customer_ids": "customers"}

    name: str = strawberry.field(description="What it is for.")
    role: Role = strawberry.field(description="What its bearer is.")
    scopes: list[str] | None = strawberry.field(
        default=None, description="Such as usage:write. Left out: all that the role and your own credentials allow."
    )
    customers: list[CustomerRef] | None = strawberry.field(
        default=None, description="PARTNER: the only customers it can see."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="When it ends; never when left out.")


@strawberry.input(description="An API key to end.")
class RevokeApiKeyInput:
    id: strawberry.ID = strawberry.field(description="Of the key.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input(description="A token for a customer's own browser.")
class CreateCustomerTokenInput:
    FIELDS: ClassVar = {"lifetime": "lifetime_seconds"}

    customer: CustomerRef = strawberry.field(description="Whose.")
    lifetime_seconds: int = strawberry.field(default=900, description="How long it holds, up to a day.")
    scopes: list[str] | None = strawberry.field(default=None, description="Left out: all that customers have.")


@strawberry.type(description="What came of createApiKey.")
class CreateApiKeyPayload:
    key: ApiKey | None = strawberry.field(default=None, description="The key.")
    secret: str | None = strawberry.field(default=None, description="Shown this once, kept nowhere.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of revokeApiKey.")
class RevokeApiKeyPayload:
    key: ApiKey | None = strawberry.field(default=None, description="The key, which holds no more.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of createCustomerToken.")
class CreateCustomerTokenPayload:
    token: str | None = strawberry.field(default=None, description="For the Authorization header, after Bearer.")
    expires_at: datetime | None = strawberry.field(default=None, description="When it ends.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


def _scopes(named: list[str]) -> tuple[Scope, ...]:
    unknown = sorted(set(named) - {str(scope) for scope in Scope})
    if unknown:
        raise Refusal(ErrorCode.INVALID, f"there is no scope {', '.join(unknown)}", "scopes")
    return tuple(Scope(name) for name in dict.fromkeys(named))


async def _existing(context: Context, ref: CustomerRef, *field: str) -> str:
    """The customer's id. A credential for somebody who is not there, or not any more, would fail at its first use."""
    view = await context.customer(ref)
    if view is None or view.customer.erased_at is not None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such customer", *field)
    return view.customer.id


@strawberry.type
class KeyMutations:
    @strawberry.mutation(description="Make an API key. Its secret is in this answer and nowhere else.")
    @refusable(CreateApiKeyPayload)
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyPayload:
        context = info.context
        context.require(Scope.KEYS_WRITE)
        if input.scopes is None:
            scopes = tuple(sorted(access.ROLE_SCOPES[input.role] & context.principal.scopes))
        else:
            scopes = _scopes(input.scopes)
        customers = None
        if input.customers is not None:
            named = (_existing(context, ref, "customers", str(n)) for n, ref in enumerate(input.customers))
            customers = tuple(dict.fromkeys(await asyncio.gather(*named)))
        secret, secret_hash = new_secret(input.role)
        key = access.ApiKey(
            id=new_id("key"),
            name=input.name,
            role=input.role,
            scopes=scopes,
            secret_hash=secret_hash,
            customer_ids=customers,
            created_at=context.now,
            expires_at=input.expires_at,
        )
        recorded = await context.runtime.record(key.id, CreateKey(key, context.principal.scopes), by(context))
        return CreateApiKeyPayload(key=ApiKey.of(recorded.state), secret=secret)

    @strawberry.mutation(description="End an API key. It holds nowhere any more within a second.")
    @refusable(RevokeApiKeyPayload)
    async def revoke_api_key(self, info: Info, input: RevokeApiKeyInput) -> RevokeApiKeyPayload:
        context = info.context
        context.require(Scope.KEYS_WRITE)
        if prefix_of(input.id) != "key":
            raise Refusal(ErrorCode.NOT_FOUND, "no such key", "id")
        recorded = await context.runtime.record(input.id, RevokeKey(), by(context, input.reason))
        context.runtime.credentials.forget(input.id)
        return RevokeApiKeyPayload(key=ApiKey.of(recorded.state))

    @strawberry.mutation(description="Make a token with which a customer's browser sees that customer and nobody else.")
    @refusable(CreateCustomerTokenPayload)
    async def create_customer_token(self, info: Info, input: CreateCustomerTokenInput) -> CreateCustomerTokenPayload:
        context = info.context
        context.require(Scope.TOKENS_WRITE)
        customer_id = await _existing(context, input.customer, "customer")
        scopes = None if input.scopes is None else _scopes(input.scopes)
        lifetime = timedelta(seconds=input.lifetime_seconds)
        minted = context.runtime.credentials.mint_customer_token(customer_id, lifetime, scopes)
        return CreateCustomerTokenPayload(token=minted.token, expires_at=minted.expires_at)
