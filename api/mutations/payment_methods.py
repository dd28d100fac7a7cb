"""Ways to pay: added, chosen, removed. Card numbers never come here: what is kept is the provider's name of it."""

from datetime import date
from typing import ClassVar

import strawberry

from api.context import Context, Info
from api.inputs.keyed import Keyed
from api.inputs.request import owner_of
from api.mutations.once import once
from api.mutations.results import refusable
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.payment_method import PaymentMethod, method_of
from domain.access import Scope
from domain.books.payment import Method
from domain.commands import AddMethod, DefaultMethod, RemoveMethod
from domain.errors import invalid
from domain.events import MethodAdded
from service.ids import new_id
from service.write.record import Recorded


@strawberry.input(description="A way to pay, as the provider keeps it.")
class AddPaymentMethodInput(Keyed):
    customer: CustomerRef = strawberry.field(description="Whose.")
    provider: str = strawberry.field(description="Who keeps it, such as simulated.")
    token: str = strawberry.field(description="The provider's name of it. It opens nothing by itself.")
    kind: str = strawberry.field(description="Such as card or sepa_debit.")
    label: str = strawberry.field(description="By which the customer knows it, such as Visa •••• 4242.")
    expires: date | None = strawberry.field(default=None, description="The last day on which it can be used.")
    default: bool | None = strawberry.field(
        default=True, description="Whether it is charged from now on; with what is overdue at once."
    )


@strawberry.input
class OfPaymentMethod(Keyed):
    FIELDS: ClassVar = {"customer": "payment_method_id", "method_id": "payment_method_id"}

    payment_method_id: strawberry.ID = strawberry.field(description="Which way to pay.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input(description="The way to pay that is charged from now on; with what is overdue at once.")
class SetDefaultPaymentMethodInput(OfPaymentMethod):
    pass


@strawberry.input(description="A way to pay that shall not be charged any more.")
class RemovePaymentMethodInput(OfPaymentMethod):
    pass


@strawberry.type
class OfMethod:
    payment_method: PaymentMethod | None = strawberry.field(default=None, description="The way to pay.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of addPaymentMethod.")
class AddPaymentMethodPayload(OfMethod):
    pass


@strawberry.type(description="What came of setDefaultPaymentMethod.")
class SetDefaultPaymentMethodPayload(OfMethod):
    pass


@strawberry.type(description="What came of removePaymentMethod.")
class RemovePaymentMethodPayload(OfMethod):
    pass


@strawberry.type
class PaymentMethodMutations:
    @strawberry.mutation(description="Add a way to pay.")
    @refusable(AddPaymentMethodPayload)
    async def add_payment_method(self, info: Info, input: AddPaymentMethodInput) -> AddPaymentMethodPayload:
        context = info.context
        context.require(Scope.PAYMENTS_WRITE)
        customer_id = await context.customer_id(input.customer)

        def command() -> AddMethod:
            if input.provider not in context.runtime.providers:
                raise invalid(f"no provider {input.provider} is set up here", "provider")
            method = Method(
                id=new_id("method"),
                provider=input.provider,
                token=input.token,
                kind=input.kind,
                label=input.label,
                added_at=context.now,
                expires=input.expires,
            )
            return AddMethod(method, input.default is not False)

        recorded = await once(context, "addPaymentMethod", input, customer_id, command)
        added = recorded.event(MethodAdded)
        assert added is not None
        return AddPaymentMethodPayload(payment_method=await _shown(context, recorded, added.method.id))

    @strawberry.mutation(description="Choose the way to pay that is charged.")
    @refusable(SetDefaultPaymentMethodPayload)
    async def set_default_payment_method(
        self, info: Info, input: SetDefaultPaymentMethodInput
    ) -> SetDefaultPaymentMethodPayload:
        context, id = info.context, input.payment_method_id
        context.require(Scope.PAYMENTS_WRITE)
        customer_id = await owner_of(context, id, "payment_method_id")
        recorded = await once(context, "setDefaultPaymentMethod", input, customer_id, DefaultMethod(id))
        return SetDefaultPaymentMethodPayload(payment_method=await _shown(context, recorded, id))

    @strawberry.mutation(description="Charge a way to pay no more. What was asked of it already goes on.")
    @refusable(RemovePaymentMethodPayload)
    async def remove_payment_method(self, info: Info, input: RemovePaymentMethodInput) -> RemovePaymentMethodPayload:
        context, id = info.context, input.payment_method_id
        context.require(Scope.PAYMENTS_WRITE)
        customer_id = await owner_of(context, id, "payment_method_id")
        recorded = await once(context, "removePaymentMethod", input, customer_id, RemoveMethod(id))
        return RemovePaymentMethodPayload(payment_method=await _shown(context, recorded, id))


async def _shown(context: Context, recorded: Recorded, id: str) -> PaymentMethod | None:
    return method_of(await context.view(recorded.state), id)
