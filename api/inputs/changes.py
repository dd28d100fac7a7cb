"""Changes of a running subscription, as a client writes them. Whatever the change, one command decides it."""

from datetime import datetime
from typing import ClassVar

import strawberry
from msgspec.structs import replace

from api.context import Context
from api.inputs.keyed import Keyed, asked
from domain import subscription as domain
from domain.access import Scope
from domain.catalog import Catalog
from domain.commands import ChangeSubscription
from domain.period import Cadence
from domain.policy import ChangeTiming
from service.ids import new_id
from service.write.quotes import UNQUOTED, Bound


@strawberry.input
class OfSubscription(Keyed):
    FIELDS: ClassVar = {"customer": "subscription_id"}

    subscription_id: strawberry.ID = strawberry.field(description="Which subscription.")


@strawberry.input
class Timed(OfSubscription):
    FIELDS: ClassVar = {**OfSubscription.FIELDS, "effective_at": "at"}

    timing: ChangeTiming | None = strawberry.field(default=ChangeTiming.NOW, description="When.")
    at: datetime | None = strawberry.field(default=None, description="For timing AT.")
    replace_scheduled: bool | None = strawberry.field(
        default=False, description="Withdraw planned changes that conflict, instead of being refused for them."
    )

    def change(self, catalog: Catalog) -> domain.Change:
        """Raises Refusal."""
        raise NotImplementedError

    def bound(self, context: Context, customer_id: str) -> Bound:
        """What a quote binds it to."""
        return UNQUOTED

    def command(self, catalog: Catalog, since: datetime | None = None) -> ChangeSubscription:
        """`since`: from when it is charged, if not from its own instant. Raises Refusal."""
        return ChangeSubscription(
            subscription_id=self.subscription_id,
            change_id=new_id("change"),
            change=self.change(catalog),
            timing=self.timing or ChangeTiming.NOW,
            effective_at=self.at,
            replace_scheduled=bool(self.replace_scheduled),
            since=since,
        )


@strawberry.input
class Charged(Timed):
    """A change that makes a difference in money."""

    FIELDS: ClassVar = {**Timed.FIELDS, "since": "charged_from"}

    timing: ChangeTiming | None = strawberry.field(
        default=None, description="When; as the plan says of such a change when left out."
    )
    charged_from: datetime | None = strawberry.field(
        default=None,
        description="An earlier instant from which it is charged, though rights change now. Needs invoices:write.",
    )
    quote: str | None = strawberry.field(
        default=None, description="The token of a quote for this very input: it comes to that, or is refused as STALE."
    )

    def bound(self, context: Context, customer_id: str) -> Bound:
        """Raises Refusal for a quote of something else, Forbidden for an earlier instant."""
        if self.charged_from is not None:
            context.require(Scope.INVOICES_WRITE)
        return context.runtime.quotes.bound(self.quote, customer_id, asked(self), self.charged_from)

    def command(self, catalog: Catalog, since: datetime | None = None) -> ChangeSubscription:
        return replace(super().command(catalog, self.charged_from or since), timing=self.timing)


@strawberry.input(description="A move to another plan, cadence or quantity.")
class ChangePlanInput(Charged):
    plan: str = strawberry.field(description="The plan's key; its current version is bought.")
    cadence: Cadence | None = strawberry.field(default=None, description="The present one when left out.")
    quantity: int | None = strawberry.field(default=None, description="The present one when left out.")

    def change(self, catalog: Catalog) -> domain.Change:
        return domain.ChangePlan(catalog.on_sale(self.plan, "plan"), self.cadence, self.quantity)


@strawberry.input(description="Another number of seats.")
class ChangeQuantityInput(Charged):
    quantity: int = strawberry.field(description="From then on.")

    def change(self, catalog: Catalog) -> domain.Change:
        return domain.ChangeQuantity(self.quantity)


@strawberry.input(description="A plan added to a subscription, or another quantity of one that is there.")
class AddAddOnInput(Charged):
    FIELDS: ClassVar = {**Charged.FIELDS, "plan": "add_on"}

    add_on: str = strawberry.field(description="The key of the plan to add.")
    quantity: int = strawberry.field(default=1, description="How many; its limits count that often.")

    def change(self, catalog: Catalog) -> domain.Change:
        return domain.AddAddOn(catalog.on_sale(self.add_on, "plan"), self.quantity)


@strawberry.input(description="An add-on to take away.")
class RemoveAddOnInput(Charged):
    FIELDS: ClassVar = {**Charged.FIELDS, "plan_key": "add_on"}

    add_on: str = strawberry.field(description="The key of the added plan.")

    def change(self, catalog: Catalog) -> domain.Change:
        return domain.RemoveAddOn(self.add_on)


@strawberry.input(description="The end of a subscription.")
class CancelSubscriptionInput(Charged):
    timing: ChangeTiming | None = strawberry.field(default=ChangeTiming.PERIOD_END, description="When.")
    reason: str | None = strawberry.field(default=None, description="Why, for the journal.")

    def change(self, catalog: Catalog) -> domain.Change:
        return domain.Cancel(self.reason)

    def command(self, catalog: Catalog, since: datetime | None = None) -> ChangeSubscription:
        return replace(super().command(catalog, since), timing=self.timing or ChangeTiming.PERIOD_END)


@strawberry.input(description="A pause: no rights while it lasts; periods go on.")
class PauseSubscriptionInput(Timed):
    resumes_at: datetime | None = strawberry.field(default=None, description="When it ends by itself.")

    def change(self, catalog: Catalog) -> domain.Change:
        return domain.Pause(self.resumes_at)


@strawberry.input(description="The end of a pause.")
class ResumeSubscriptionInput(Timed):
    def change(self, catalog: Catalog) -> domain.Change:
        return domain.Resume()
