"""Credit: given, bought, and taken back."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry

from api.context import Info
from api.inputs.keyed import Keyed
from api.inputs.plans import MoneyInput
from api.inputs.request import owner_of
from api.mutations.once import once
from api.mutations.results import Documented, newest_invoice, refusable
from api.types.credit import CreditGrant
from api.types.customer_ref import CustomerRef
from api.types.errors import UserError
from api.types.invoice import Invoice
from domain.access import Scope
from domain.books.credit import Credit, CreditKind
from domain.books.invoice import Item
from domain.commands import AddItem, GrantCredit, VoidCredit
from domain.decide.credits import check_amount
from domain.errors import ErrorCode, Refusal, invalid
from domain.events import CreditGranted
from domain.money import is_currency
from domain.wording import check_name
from service.ids import new_id
from service.write.pending_events import PendingEvents

PRIORITY = 50
BOUGHT = "Prepaid credit"


@strawberry.input(description="Credit that is given.")
class GrantCreditInput(Keyed):
    FIELDS: ClassVar = {"amount": "amount.amount", "currency": "amount.currency"}

    customer: CustomerRef = strawberry.field(description="To whom.")
    amount: MoneyInput = strawberry.field(description="How much, in the customer's currency.")
    kind: CreditKind | None = strawberry.field(
        default=CreditKind.PROMOTIONAL, description="Whether it lowers what is taxed, or pays like money."
    )
    priority: int | None = strawberry.field(
        default=PRIORITY, description="0 to 100: the lower it is, the sooner it is used up."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="From this instant on it can no longer be used."
    )
    reason: str = strawberry.field(description="Why; the customer sees it.")


@strawberry.input(description="Credit to take back, as far as it is left.")
class VoidCreditInput(Keyed):
    FIELDS: ClassVar = {"customer": "credit_id"}

    credit_id: strawberry.ID = strawberry.field(description="Which credit.")
    amount: Decimal | None = strawberry.field(
        default=None, description="How much, in its currency; all that is left when left out."
    )
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")


@strawberry.input(description="Credit that the customer buys: billed at once, given when it is paid.")
class BuyCreditInput(Keyed):
    FIELDS: ClassVar = {"unit_amount": "amount.amount", "quantity": "amount.amount", "currency": "amount.currency"}

    customer: CustomerRef = strawberry.field(description="Who buys.")
    amount: MoneyInput = strawberry.field(description="What it costs, in the customer's currency.")
    credits: Decimal | None = strawberry.field(
        default=None, description="How much credit it gives, in the same currency; as much as it costs when left out."
    )
    description: str | None = strawberry.field(default=BOUGHT, description="What the invoice says.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="From this instant on it can no longer be used."
    )


@strawberry.type(description="What came of grantCredit.")
class GrantCreditPayload:
    credit: CreditGrant | None = strawberry.field(default=None, description="The credit.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of voidCredit.")
class VoidCreditPayload:
    credit: CreditGrant | None = strawberry.field(default=None, description="The credit as it stands.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type(description="What came of buyCredit.")
class BuyCreditPayload(Documented):
    invoice: Invoice | None = strawberry.field(default=None, description="The credit is given when this is paid.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was refused.")


@strawberry.type
class CreditMutations:
    @strawberry.mutation(description="Give a customer credit.")
    @refusable(GrantCreditPayload)
    async def grant_credit(self, info: Info, input: GrantCreditInput) -> GrantCreditPayload:
        context = info.context
        context.require(Scope.CREDITS_WRITE)
        customer_id = await context.customer_id(input.customer)
        credit = Credit(
            id=new_id("credit"),
            kind=input.kind or CreditKind.PROMOTIONAL,
            currency=input.amount.currency,
            amount=input.amount.amount,
            remaining=input.amount.amount,
            reason=input.reason,
            granted_at=context.now,
            priority=PRIORITY if input.priority is None else input.priority,
            expires_at=input.expires_at,
        )
        recorded = await once(context, "grantCredit", input, customer_id, GrantCredit(credit))
        granted = recorded.event(CreditGranted)
        assert granted is not None
        view = await context.view(recorded.state)
        credit_now = recorded.state.books.credits.get(granted.credit.id, granted.credit)
        return GrantCreditPayload(credit=CreditGrant.of(view, credit_now))

    @strawberry.mutation(description="Take credit back, as far as it is left.")
    @refusable(VoidCreditPayload)
    async def void_credit(self, info: Info, input: VoidCreditInput) -> VoidCreditPayload:
        context = info.context
        context.require(Scope.CREDITS_WRITE)
        customer_id = await owner_of(context, input.credit_id, "credit_id")
        command = VoidCredit(input.credit_id, input.amount)
        recorded = await once(context, "voidCredit", input, customer_id, command)
        view = await context.view(recorded.state)
        return VoidCreditPayload(credit=CreditGrant.of(view, recorded.state.books.credits[input.credit_id]))

    @strawberry.mutation(description="Sell a customer credit: an invoice now, and the credit once it is paid.")
    @refusable(BuyCreditPayload)
    async def buy_credit(self, info: Info, input: BuyCreditInput) -> BuyCreditPayload:
        context = info.context
        context.require(Scope.PAYMENTS_WRITE)
        customer_id = await context.customer_id(input.customer)
        item = _item(input, context.now)

        def lasting(draft: PendingEvents) -> None:
            if input.expires_at is not None and input.expires_at <= draft.time:
                raise invalid("must lie in the future", "expires_at")

        recorded = await once(context, "buyCredit", input, customer_id, AddItem(item, at_once=True), check=lasting)
        made = newest_invoice(recorded)
        assert made is not None
        view = await context.view(recorded.state)
        return BuyCreditPayload(invoice=Invoice.of(view, made)).documented(view, recorded)


def _item(input: BuyCreditInput, now: datetime) -> Item:
    price = input.amount
    if not is_currency(price.currency):
        raise Refusal(ErrorCode.CURRENCY_MISMATCH, f"{price.currency} is not an ISO 4217 currency", "currency")
    costs = check_amount(price.amount, price.currency, "unit_amount")
    given = costs if input.credits is None else check_amount(input.credits, price.currency, "credits")
    description = BOUGHT if input.description is None else input.description
    check_name(description, "description")
    return Item(
        id=new_id("item"),
        description=description,
        quantity=Decimal(1),
        unit_amount=costs,
        currency=price.currency,
        added_at=now,
        buys=Credit(
            id=new_id("credit"),
            kind=CreditKind.PREPAID,
            currency=price.currency,
            amount=given,
            remaining=given,
            reason=description,
            granted_at=now,
            expires_at=input.expires_at,
        ),
    )
