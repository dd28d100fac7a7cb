"""The account: everything decided about one customer, folded from the events of that customer's stream."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain.books import Books
from domain.books.debt import Debt
from domain.catalog import Feature
from domain.exact import exact_sum
from domain.limit import Limit
from domain.subscription import Subscription


class CustomerKind(StrEnum):
    USER = "USER"
    GROUP = "GROUP"


class Customer(Struct, frozen=True, omit_defaults=True):
    """`sealed` holds personal data by field name (externalId, name, email, address, taxId), encrypted outside the
    domain with a key that erasing the customer destroys. `anonymous_id` is all that a payment provider ever learns.
    `tax_id_country` and `tax_id_valid` say of the sealed tax number what taxation has to know: whose it is, and whether
    its check digits are right, which makes the customer a business. `locale`: the language of their invoices."""

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
    locale: str = "en"
    tax_id_country: str | None = None
    tax_id_valid: bool = False


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

    def holds(self, at: datetime) -> bool:
        """Whether it gives anything at that instant, in the past or now."""
        ends = [end for end in (self.expires_at, self.ended_at) if end is not None]
        return self.granted_at <= at and all(at < end for end in ends)


class Owing(Struct, frozen=True, omit_defaults=True):
    """What rights and billing status have to know of the books: `amounts` owed by currency, the earliest `due_at` of an
    open invoice, until when rights are kept however (`rights_until`), when the next payment is tried. `suspended_at`:
    dunning came to its end. `debts`: the parts that make up `amounts`, the earliest first."""

    amounts: dict[str, Decimal] = {}
    due_at: datetime | None = None
    rights_until: datetime | None = None
    next_attempt_at: datetime | None = None
    suspended_at: datetime | None = None
    debts: tuple[Debt, ...] = ()

    @property
    def turning_points(self) -> list[datetime]:
        """When time alone changes what is to be said about it: parts fall due, then rights end."""
        ends = [] if self.rights_until is None else [self.rights_until]
        return [*(debt.due_at for debt in self.debts), *ends]

    def overdue(self, at: datetime) -> dict[str, Decimal]:
        """How much has fallen due by then and is not paid, by currency."""
        found: dict[str, Decimal] = {}
        for debt in self.debts:
            if debt.due_at <= at:
                found[debt.currency] = exact_sum((found.get(debt.currency, Decimal(0)), debt.amount))
        return dict(sorted(found.items()))


class Account(Struct, frozen=True, omit_defaults=True):
    """`first_starts` remembers when each plan was first started: a trial counts from there; there is no second one.

    `limits` are those that plans and add-ons gave of metered features, with their past: what is allowed in a period,
    and what rolls out of it, is told from them. `prepaid`: credit bought and not yet used, by currency. `books` are
    kept in a column of their own and left out (empty) for whoever only asks about rights: `owing` and `prepaid` are
    what they need of them. `seq` counts the events, so it is the number of the last one in the journal; stored it is
    beside the state, and left out of it.
    """

    customer: Customer | None = None
    subscriptions: tuple[Subscription, ...] = ()
    grants: tuple[Grant, ...] = ()
    first_starts: dict[str, datetime] = {}
    owing: Owing = Owing()
    prepaid: dict[str, Decimal] = {}
    limits: tuple[Limit, ...] = ()
    books: Books = Books()
    seq: int = 0

    def subscription(self, subscription_id: str) -> Subscription | None:
        return next((subscription for subscription in self.subscriptions if subscription.id == subscription_id), None)

    def grant(self, grant_id: str) -> Grant | None:
        return next((grant for grant in self.grants if grant.id == grant_id), None)

    def changing(self, subscription_id: str, change: Callable[[Subscription], Subscription]) -> "Account":
        subscriptions = tuple(
            change(subscription) if subscription.id == subscription_id else subscription
            for subscription in self.subscriptions
        )
        return replace(self, subscriptions=subscriptions)
