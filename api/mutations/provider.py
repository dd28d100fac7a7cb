"""The payment provider's own pages, and what it is told of a customer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import strawberry

from api.context import Context, Info
from api.inputs.keyed import Keyed
from api.loaders import AccountView
from api.mutations.once import retry
from api.mutations.results import refusable
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.provider import ProviderLink
from domain.access import Scope
from domain.errors import ErrorCode, Refusal, invalid
from domain.providers.provider import Unknown
from service.providers.payments.methods import check_return_url


@strawberry.input(description="A way to pay that the customer is about to type into the provider's own form.")
class CreatePaymentSetupInput(Keyed):
    customer: CustomerRef = strawberry.field(description="Whose.")
    provider: str | None = strawberry.field(
        default=None, description="Whose form; when left out stripe, or else the only one that is set up here."
    )


@strawberry.input(description="The provider's own pages for a customer.")
class OpenBillingPortalInput:
    customer: CustomerRef = strawberry.field(description="Whose.")
    return_url: str = strawberry.field(
        description="Where they come back to: https, without a query. The provider sees it, so it must name nobody."
    )
    provider: str | None = strawberry.field(
        default=None, description="Whose pages; when left out as in createPaymentSetup."
    )


@strawberry.input(description="A customer of whom the provider is to be told now.")
class SyncCustomerInput:
    customer: CustomerRef = strawberry.field(description="Of whom.")


@strawberry.type(description="What came of createPaymentSetup.")
class CreatePaymentSetupPayload:
    client_secret: str | None = strawberry.field(
        default=None, description="For the provider's form in this customer's browser, and for nobody else."
    )
    provider: str | None = strawberry.field(default=None, description="Whose form.")
    publishable_key: str | None = strawberry.field(
        default=None, description="What the form needs besides, if it is among the settings."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of openBillingPortal.")
class OpenBillingPortalPayload:
    url: str | None = strawberry.field(default=None, description="Where to send the customer now; good for minutes.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of syncCustomer.")
class SyncCustomerPayload:
    provider_link: ProviderLink | None = strawberry.field(default=None, description="How things stand now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class ProviderMutations:
    @strawberry.mutation(
        description="Begin to save a way to pay: card data goes to the provider and never comes here. What the "
        "customer has typed there becomes a payment method by itself. Asked again within a day, the same set-up."
    )
    @refusable(CreatePaymentSetupPayload)
    async def create_payment_setup(self, info: Info, input: CreatePaymentSetupInput) -> CreatePaymentSetupPayload:
        context = info.context
        context.require(Scope.PAYMENTS_WRITE)
        provider = _provider(context, input.provider)
        view = await _view(context, input.customer)
        same = retry(context, "createPaymentSetup", input)
        async with _answering():
            secret = await context.runtime.methods.set_up(view.customer.id, provider, same)
        public = context.runtime.connectors[provider].public
        return CreatePaymentSetupPayload(
            client_secret=secret, provider=provider, publishable_key=public.publishable_key
        )

    @strawberry.mutation(
        description="Open the provider's own pages, where the customer sees invoices and manages ways to pay. The "
        "provider is told how things stand first."
    )
    @refusable(OpenBillingPortalPayload)
    async def open_billing_portal(self, info: Info, input: OpenBillingPortalInput) -> OpenBillingPortalPayload:
        context = info.context
        context.require(Scope.PAYMENTS_WRITE)
        provider = _provider(context, input.provider)
        view = await _view(context, input.customer)
        names = {text for name in ("externalId", "email", "name", "taxId") if (text := view.personal(name))}
        check_return_url(input.return_url, view.account, names)
        async with _answering():
            url = await context.runtime.methods.portal(view.customer.id, provider, input.return_url)
        return OpenBillingPortalPayload(url=url)

    @strawberry.mutation(
        description="Tell the provider now how things stand with a customer whom it knows. Needs provider:read and "
        "provider:write."
    )
    @refusable(SyncCustomerPayload)
    async def sync_customer(self, info: Info, input: SyncCustomerInput) -> SyncCustomerPayload:
        context = info.context
        context.require(Scope.PROVIDER_READ)
        context.require(Scope.PROVIDER_WRITE)
        view = await _view(context, input.customer)
        async with _answering():
            await context.runtime.sync.now(view.customer.id)
        context.changed()
        after = await context.loaders.views.load(view.customer.id)
        assert after is not None, "they were there a moment ago"
        return SyncCustomerPayload(provider_link=await ProviderLink.of(context.loaders, after))


def _provider(context: Context, named: str | None) -> str:
    wanted = context.runtime.usual_provider if named is None else named
    if wanted is None:
        raise invalid("name one: there is no usual provider here", "provider")
    if wanted not in context.runtime.connectors:
        raise invalid(f"no provider {wanted} is set up here", "provider")
    return wanted


async def _view(context: Context, ref: CustomerRef) -> AccountView:
    view = await context.customer(ref)
    if view is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such customer", "customer")
    return view


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """A provider that does not answer is an expected "no"."""
    try:
        yield
    except Unknown:
        raise Refusal(ErrorCode.PROVIDER_UNAVAILABLE, "the payment provider does not answer; try again later") from None
