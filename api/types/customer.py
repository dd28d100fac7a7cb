"""Customers: who they are, what they hold, what they have used, and why."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any

import strawberry

from adapters.postgres.reads.entries import EntryPageQuery
from api.context import Info
from api.loaders import AccountView
from api.scalars import Currency
from api.types.billing_status import BillingStatus
from api.types.clock import TestClock
from api.types.computed import computed
from api.types.connection import Connection, Edge, Number, page
from api.types.customer_money import CustomerMoney
from api.types.customer_usage import CustomerUsage
from api.types.entitlement import Entitlement
from api.types.journal import JournalConnection, JournalEdge, JournalEvent
from api.types.moment import view_at
from api.types.node import Node
from api.types.provider import ProviderLink
from api.types.subscription import ScheduledChange, Subscription, planned_for
from api.types.values import Address, TaxId
from domain.access import Scope
from domain.account import CustomerKind
from domain.billing_status import subscription_status
from domain.subscription import SubscriptionStatus

_AT = "As of this instant of the customer's time."
_FIRST = "At most this many, from the start. One of first and last is required; 1 to 100."
_LAST = "At most this many, from the end. One of first and last is required; 1 to 100."
_AFTER = "What follows this cursor."
_BEFORE = "What comes before this cursor."


@strawberry.type(
    description="Whoever holds subscriptions and rights: a person or a group. Personal data of an erased one is null."
)
class Customer(CustomerUsage, CustomerMoney, Node):
    external_id: str = strawberry.field(description="The caller's own id; that of Tollgate once they were erased.")
    kind: CustomerKind = strawberry.field(description="One person, or a group such as a team.")
    name: str | None = strawberry.field(description="Name of the person or company.")
    email: str | None = strawberry.field(description="Mail address.")
    currency: Currency = strawberry.field(description="What they are billed in.")
    timezone: str = strawberry.field(description="IANA zone in which their days and months begin.")
    locale: str = strawberry.field(description="The language of their invoices, such as de or de-CH.")
    address: Address | None = strawberry.field(description="Where invoices are addressed.")
    tax_id: TaxId | None = strawberry.field(description="Their tax number.")
    created_at: datetime = strawberry.field(description="When they were created, in their own time.")
    erased_at: datetime | None = strawberry.field(description="When their personal data was destroyed.")
    clock: TestClock | None = strawberry.field(description="The test clock whose time they live in; null: real time.")
    scheduled_changes: list[ScheduledChange] = strawberry.field(
        description="What is planned for all their subscriptions, soonest first."
    )

    def __init__(self, view: AccountView) -> None:
        customer = view.customer
        self._view = view
        self.id = strawberry.ID(customer.id)
        self.kind = customer.kind
        self.currency = Currency(customer.currency)
        self.timezone = customer.timezone
        self.locale = customer.locale
        self.created_at = customer.created_at
        self.erased_at = customer.erased_at

    @classmethod
    def of(cls, view: AccountView) -> "Customer":
        """The customer whose account this is."""
        return cls(view)

    @strawberry.field(
        graphql_type=BillingStatus,
        description="Where they stand with billing. A past `at` answers as of then; a future one, at most a year "
        "ahead, what will be if nothing else happens.",
    )
    def billing_status(
        self, info: Info, at: Annotated[datetime | None, strawberry.argument(description=_AT)] = None
    ) -> BillingStatus | Awaitable[BillingStatus]:
        if at is None:
            return BillingStatus.of(self._view)
        return self._billing_status(info, at)

    async def _billing_status(self, info: Info, at: datetime) -> BillingStatus:
        view = await view_at(info.context, self._view, at)
        if view is None:
            return BillingStatus.before(at)
        return BillingStatus.of(view)

    @strawberry.field(
        description="Every right they hold or are denied, by feature key. A past `at` answers as of then, with what "
        "was used up to then; a future one, at most a year ahead, what they will hold if nothing else happens."
    )
    async def entitlements(
        self, info: Info, at: Annotated[datetime | None, strawberry.argument(description=_AT)] = None
    ) -> list[Entitlement]:
        view: AccountView | None = self._view
        if at is not None:
            view = await view_at(info.context, self._view, at)
        if view is None:
            return []
        rights = await info.context.loaders.rights.load(view) or ()
        return [Entitlement.of(view.catalog, right, usage) for right, usage in rights]

    @strawberry.field(description="Their subscriptions, oldest first, also those that have ended.")
    def subscriptions(
        self,
        first: Annotated[int | None, strawberry.argument(description=_FIRST)] = None,
        after: Annotated[str | None, strawberry.argument(description=_AFTER)] = None,
        last: Annotated[int | None, strawberry.argument(description=_LAST)] = None,
        before: Annotated[str | None, strawberry.argument(description=_BEFORE)] = None,
        status: Annotated[
            list[SubscriptionStatus] | None, strawberry.argument(description="Only those in one of these.")
        ] = None,
    ) -> Connection[Subscription]:
        request = page("subscriptions", self.id, first=first, after=after, last=last, before=before)
        view = self._view
        subscriptions = [
            subscription
            for subscription in view.account.subscriptions
            if status is None or subscription_status(view.account, subscription, view.at) in status
        ]
        edges, info = request.connection(
            request.of(subscriptions, lambda subscription: subscription.id), lambda subscription: subscription.id
        )
        return Connection(
            edges=[Edge(cursor=cursor, node=Subscription.of(view, subscription)) for cursor, subscription in edges],
            page_info=info,
        )

    @strawberry.field(description="Why everything is as it is: what happened, in order. Needs the scope journal:read.")
    async def journal(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most this many; 1 to 100, required.")] = None,
        after: Annotated[str | None, strawberry.argument(description=_AFTER)] = None,
        types: Annotated[
            list[str] | None, strawberry.argument(description="Only these, such as subscription.created.")
        ] = None,
    ) -> JournalConnection:
        context = info.context
        context.require(Scope.JOURNAL_READ)
        request = page("journal", self.id, first=first, after=after, key=Number)
        wanted = None if types is None else tuple(sorted(type for type in set(types) if type.isascii()))  # ours all are
        found = (
            await context.loaders.journals.load(EntryPageQuery(self.id, request.after or 0, request.read, wanted)) or ()
        )
        edges, page_info = request.connection(found, lambda entry: entry.seq)
        sees_provider = context.may(Scope.PROVIDER_READ)
        return JournalConnection(
            edges=[JournalEdge(cursor=cursor, node=JournalEvent.of(entry, sees_provider)) for cursor, entry in edges],
            page_info=page_info,
        )

    @strawberry.field(
        description="What the payment provider knows of them: an anonymous id. Needs the scope provider:read; null "
        "without it."
    )
    async def provider(self, info: Info) -> ProviderLink | None:
        context = info.context
        return await ProviderLink.of(context.loaders, self._view) if context.may(Scope.PROVIDER_READ) else None


def _scheduled(self: Any) -> list[ScheduledChange]:
    every = [
        change for subscription in self._view.account.subscriptions for change in planned_for(self._view, subscription)
    ]
    return sorted(every, key=lambda planned: (planned.effective_at, planned.id))


def _address(self: Any) -> Address | None:
    sealed = self._view.personal_object("address")
    return None if sealed is None else Address.of(sealed)


def _tax_id(self: Any) -> TaxId | None:
    value = self._view.personal("taxId")
    if value is None:
        return None
    customer = self._view.customer
    return TaxId(value=value, country=customer.tax_id_country, valid=customer.tax_id_valid)


computed(
    Customer,
    external_id=lambda self: self._view.personal("externalId") or self.id,
    name=lambda self: self._view.personal("name"),
    email=lambda self: self._view.personal("email"),
    address=_address,
    tax_id=_tax_id,
    clock=lambda self: None if self._view.clock is None else TestClock.of(self._view.clock),
    scheduled_changes=_scheduled,
)
