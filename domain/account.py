"""The account: everything decided about one customer, folded from the events of that customer's stream."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.catalog import Feature
from domain.subscription import Subscription


class CustomerKind(StrEnum):
    USER = "USER"
    GROUP = "GROUP"


class Customer(Struct, frozen=True, omit_defaults=True):
    """`sealed` holds personal data by field name (externalId, name, email, address, taxId), encrypted outside the
    domain with a key that erasing the customer destroys. `anonymous_id` is all that a payment provider ever learns."""

    id: str
    kind: CustomerKind
    anonymous_id: str
    sealed: dict[str, str]
    currency: str
    timezone: str
    created_at: datetime
    country: str | None = None
    clock_id: str | None = None
    erased_at: datetime | None = None


class Grant(Struct, frozen=True, omit_defaults=True):
    """A right given by hand: added to what the plans give, or, as an override, put in its place.

    SWITCH: `enabled` (False denies). METERED: `limit`, or `unlimited`; as an override also `hard`. VALUE: `value`, the
    highest `priority` wins. The instant `expires_at` no longer belongs to the grant.
    """

    id: str
    feature: Feature
    reason: str
    granted_at: datetime
    override: bool = False
    enabled: bool | None = None
    limit: Decimal | None = None
    unlimited: bool = False
    hard: bool | None = None
    value: Any = None
    priority: int = 50
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    revoked: bool = False


class Account(Struct, frozen=True, omit_defaults=True):
    """`first_starts` remembers when each plan was first started: a trial counts from there; there is no second one."""

    customer: Customer | None = None
    subscriptions: tuple[Subscription, ...] = ()
    grants: tuple[Grant, ...] = ()
    first_starts: dict[str, datetime] = {}

    def subscription(self, subscription_id: str) -> Subscription | None:
        return next((held for held in self.subscriptions if held.id == subscription_id), None)

    def grant(self, grant_id: str) -> Grant | None:
        return next((grant for grant in self.grants if grant.id == grant_id), None)

    def changing(self, subscription_id: str, change: Callable[[Subscription], Subscription]) -> "Account":
        held = tuple(change(one) if one.id == subscription_id else one for one in self.subscriptions)
        return replace(self, subscriptions=held)
