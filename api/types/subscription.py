"""Subscriptions and what is planned for them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.loaders import AccountView
from api.types.computed import computed
from api.types.node import Node
from api.types.plan import Plan, PlanVersion, plan_of
from api.types.price import Price
from api.types.values import Period
from domain import subscription as domain
from domain.billing_status import subscription_status
from domain.period import Cadence

if TYPE_CHECKING:
    from api.types.customer import Customer


@strawberry.type(description="A plan added to a subscription.")
class SubscriptionAddOn:
    plan_version: PlanVersion = strawberry.field(description="What was added, as it was sold.")
    quantity: int = strawberry.field(description="How many; its limits count that often.")
    since: datetime = strawberry.field(description="When it was added.")


@strawberry.type(description="A change of a subscription that takes effect later, by itself.")
class ScheduledChange(Node):
    subscription: "Subscription" = strawberry.field(description="Of what.")
    change: str = strawberry.field(description="What, for people.")
    effective_at: datetime = strawberry.field(description="When it takes effect.")
    created_at: datetime = strawberry.field(description="When it was planned.")
    conflicts_with: list["ScheduledChange"] = strawberry.field(
        description="Other planned changes of the subscription that cannot both be meant."
    )

    def __init__(self, view: AccountView, subscription: domain.Subscription, planned: domain.ScheduledChange) -> None:
        self._view = view
        self._subscription = subscription
        self._planned = planned
        self.id = strawberry.ID(planned.id)
        self.change = domain.describe(planned.change)
        self.effective_at = planned.effective_at
        self.created_at = planned.created_at

    @classmethod
    def of(
        cls, view: AccountView, subscription: domain.Subscription, planned: domain.ScheduledChange
    ) -> "ScheduledChange":
        """What is planned for one of the account's subscriptions."""
        return cls(view, subscription, planned)


@strawberry.type(description="Who bought which plan version, since when and in what rhythm.")
class Subscription(Node):
    customer: Annotated["Customer", strawberry.lazy("api.types.customer")] = strawberry.field(description="Whose.")
    plan_version: PlanVersion = strawberry.field(description="What was bought, with the terms of then.")
    plan: Plan = strawberry.field(description="The plan as it is today.")
    status: domain.SubscriptionStatus = strawberry.field(
        description="Where it stands. An active one is PAST_DUE while its customer owes what has fallen due."
    )
    cadence: Cadence = strawberry.field(description="In what rhythm it is billed.")
    quantity: int = strawberry.field(description="Seats.")
    add_ons: list[SubscriptionAddOn] = strawberry.field(description="Plans added to it.")
    current_period: Period = strawberry.field(
        description="The present billing period; the trial while there is one; before the start, the first one."
    )
    trial_ends_at: datetime | None = strawberry.field(description="When the trial ends or ended; null: none.")
    started_at: datetime = strawberry.field(description="When it began, or will begin.")
    cancel_at: datetime | None = strawberry.field(description="When it will end, if a cancellation is planned.")
    paused_at: datetime | None = strawberry.field(description="Since when it is paused.")
    resumes_at: datetime | None = strawberry.field(description="When the pause ends by itself.")
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    billing_anchor: datetime = strawberry.field(description="The instant from which all periods are counted.")
    price_overrides: list[Price] = strawberry.field(
        description="Prices that take the place of the plan's prices with the same key."
    )
    scheduled_changes: list[ScheduledChange] = strawberry.field(description="What is planned for it, soonest first.")

    def __init__(self, view: AccountView, subscription: domain.Subscription) -> None:
        self._view = view
        self._subscription = subscription
        self.id = strawberry.ID(subscription.id)
        self.status = subscription_status(view.account, subscription, view.at)
        self.cadence = subscription.cadence
        self.quantity = subscription.quantity
        self.trial_ends_at = subscription.trial_ends_at
        self.started_at = subscription.start_at
        self.cancel_at = subscription.cancellation.effective_at if subscription.cancellation else None
        self.paused_at = subscription.paused_at
        self.resumes_at = subscription.resumes_at
        self.ended_at = subscription.ended_at
        self.billing_anchor = subscription.anchor

    @classmethod
    def of(cls, view: AccountView, subscription: domain.Subscription) -> "Subscription":
        """One of the account's subscriptions."""
        return cls(view, subscription)


def _customer(self: Subscription) -> "Customer":
    from api.types.customer import Customer  # the two types speak of each other

    return Customer.of(self._view)


def planned_for(view: AccountView, subscription: domain.Subscription) -> list[ScheduledChange]:
    """Soonest first; at one instant the one that was planned first."""
    soonest_first = sorted(subscription.scheduled, key=lambda planned: (planned.effective_at, planned.id))
    return [ScheduledChange.of(view, subscription, planned) for planned in soonest_first]


def planned_of(view: AccountView, id: str) -> ScheduledChange | None:
    """The planned change with this id, if it is still planned."""
    for subscription in view.account.subscriptions:
        for planned in subscription.scheduled:
            if planned.id == id:
                return ScheduledChange.of(view, subscription, planned)
    return None


def _conflicting(self: ScheduledChange) -> list[ScheduledChange]:
    mine = self._planned
    return [
        ScheduledChange.of(self._view, self._subscription, other)
        for other in self._subscription.scheduled
        if other.id != mine.id and domain.conflicts(other, mine.change, mine.effective_at)
    ]


computed(
    Subscription,
    customer=_customer,
    plan_version=lambda self: PlanVersion.of(self._view.catalog, self._subscription.plan),
    plan=lambda self: plan_of(self._view.catalog, self._subscription.plan),
    add_ons=lambda self: [
        SubscriptionAddOn(
            plan_version=PlanVersion.of(self._view.catalog, add_on.plan),
            quantity=add_on.quantity,
            since=add_on.since,
        )
        for add_on in self._subscription.add_ons
    ],
    current_period=lambda self: Period.of(self._subscription.period),
    price_overrides=lambda self: [Price.of(self._view.catalog, price) for price in self._subscription.overrides],
    scheduled_changes=lambda self: planned_for(self._view, self._subscription),
)
computed(
    ScheduledChange,
    subscription=lambda self: Subscription.of(self._view, self._subscription),
    conflicts_with=_conflicting,
)
