"""Customers: created with the caller's own id, changed, erased."""

from typing import Any

import msgspec
import strawberry

from api.context import Info
from api.inputs.request import by
from api.mutations.results import refusable
from api.scalars import Currency
from api.types.customer import Customer
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from domain.access import Scope
from domain.account import CustomerKind
from domain.commands import UpdateCustomer
from service.customers import NewCustomer, Personal

DEFAULT_CURRENCY = Currency("USD")
DEFAULT_TIMEZONE = "UTC"
DEFAULT_LOCALE = "en"


@strawberry.input(description="A postal address.")
class AddressInput:
    line1: str | None = strawberry.field(default=None, description="Street and number.")
    line2: str | None = strawberry.field(default=None, description="What else finds the door.")
    city: str | None = strawberry.field(default=None, description="City.")
    postal_code: str | None = strawberry.field(default=None, description="Postal code.")
    region: str | None = strawberry.field(default=None, description="State, province or canton.")
    country: str = strawberry.field(description="ISO 3166, two letters.")

    def lines(self) -> dict[str, str]:
        """As far as there are any."""
        return {name: text for name, text in vars(self).items() if text is not None}


@strawberry.input(description="A new customer. Personal data is encrypted with a key of the customer's own.")
class CreateCustomerInput:
    external_id: str = strawberry.field(
        description="Your own id of this customer. The same id and input again answers with the same customer."
    )
    kind: CustomerKind | None = strawberry.field(
        default=CustomerKind.USER, description="A person, or a group such as a team."
    )
    name: str | None = strawberry.field(default=None, description="Name of the person or company.")
    email: str | None = strawberry.field(default=None, description="Mail address.")
    currency: Currency | None = strawberry.field(default=None, description="ISO 4217; USD when left out.")
    timezone: str | None = strawberry.field(
        default=None, description="IANA zone in which the customer's days and months begin; UTC when left out."
    )
    address: AddressInput | None = strawberry.field(default=None, description="Where invoices are addressed.")
    tax_id: str | None = strawberry.field(
        default=None,
        description="VAT or other tax number. One whose check digits are right for its country makes them a business.",
    )
    locale: str | None = strawberry.field(
        default=None, description="The language of their invoices, such as de or de-CH; en when left out."
    )
    clock_id: strawberry.ID | None = strawberry.field(
        default=None, description="A test clock whose time this customer lives in, for good."
    )


@strawberry.input(description="What changes. What is left out stays; null removes it.")
class UpdateCustomerInput:
    customer: CustomerRef = strawberry.field(description="Whom.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name of the person or company.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="Mail address.")
    currency: Currency | None = strawberry.field(
        default=None, description="ISO 4217. Fixed while a subscription is running."
    )
    timezone: str | None = strawberry.field(
        default=None, description="IANA zone. Running subscriptions keep the zone they were sold in."
    )
    address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where invoices are addressed, as a whole."
    )
    tax_id: str | None = strawberry.field(default=strawberry.UNSET, description="VAT or other tax number.")
    locale: str | None = strawberry.field(default=None, description="The language of their invoices.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input(description="A customer to forget.")
class EraseCustomerInput:
    customer: CustomerRef = strawberry.field(description="Whom.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.type(description="What came of createCustomer.")
class CreateCustomerPayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of updateCustomer.")
class UpdateCustomerPayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer as changed.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of eraseCustomer.")
class EraseCustomerPayload:
    customer: Customer | None = strawberry.field(
        default=None, description="What is left: figures and history without a person."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


def _given(value: Any) -> Any:
    """Strawberry's "left out" as the domain's."""
    return msgspec.UNSET if value is strawberry.UNSET else value


@strawberry.type
class CustomerMutations:
    @strawberry.mutation(description="Create a customer. No payment provider hears of it.")
    @refusable(CreateCustomerPayload)
    async def create_customer(self, info: Info, input: CreateCustomerInput) -> CreateCustomerPayload:
        context = info.context
        context.require(Scope.CUSTOMERS_WRITE)
        address = None if input.address is None else input.address.lines()
        new = NewCustomer(
            external_id=input.external_id,
            kind=input.kind or CustomerKind.USER,
            currency=input.currency or DEFAULT_CURRENCY,
            timezone=DEFAULT_TIMEZONE if input.timezone is None else input.timezone,
            country=None if address is None else address["country"],
            clock_id=input.clock_id,
            personal=Personal(input.name, input.email, address, input.tax_id),
            locale=DEFAULT_LOCALE if input.locale is None else input.locale,
        )
        account = await context.runtime.customers.create(new, by(context))
        return CreateCustomerPayload(customer=Customer.of(await context.view(account)))

    @strawberry.mutation(description="Change what is known of a customer.")
    @refusable(UpdateCustomerPayload)
    async def update_customer(self, info: Info, input: UpdateCustomerInput) -> UpdateCustomerPayload:
        context = info.context
        context.require(Scope.CUSTOMERS_WRITE)
        address = _given(input.address)
        if isinstance(address, AddressInput):
            address = address.lines()
        known = Personal(_given(input.name), _given(input.email), address, _given(input.tax_id))
        change = UpdateCustomer(
            currency=input.currency,
            timezone=input.timezone,
            locale=input.locale,
            country=address["country"] if isinstance(address, dict) else address,
        )
        customer_id = await context.customer_id(input.customer)
        recorded = await context.runtime.customers.update(customer_id, change, known, by(context, input.reason))
        return UpdateCustomerPayload(customer=Customer.of(await context.view(recorded.state)))

    @strawberry.mutation(
        description="End the customer's subscriptions and destroy the key to the personal data, for ever."
    )
    @refusable(EraseCustomerPayload)
    async def erase_customer(self, info: Info, input: EraseCustomerInput) -> EraseCustomerPayload:
        context = info.context
        context.require(Scope.CUSTOMERS_ERASE)
        customer_id = await context.customer_id(input.customer)
        recorded = await context.runtime.customers.erase(customer_id, by(context, input.reason))
        return EraseCustomerPayload(customer=Customer.of(await context.view(recorded.state)))
