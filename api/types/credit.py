"""Credit that a customer may use up."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.loaders import AccountView
from api.types.node import Node
from api.types.values import Money
from domain import money
from domain.books.credit import Credit, CreditKind
from domain.exact import ZERO


@strawberry.type(description="An amount that a customer may use up: given, bought, or left over from a payment.")
class CreditGrant(Node):
    kind: CreditKind = strawberry.field(description="Whether it lowers what is taxed, or pays like money.")
    amount: Money = strawberry.field(description="How much it was.")
    remaining: Money = strawberry.field(description="How much is left.")
    priority: int = strawberry.field(description="The lower it is, the sooner it is used up.")
    reason: str = strawberry.field(description="Why there is such a credit.")
    granted_at: datetime = strawberry.field(description="Since when it can be used.")
    expires_at: datetime | None = strawberry.field(description="From this instant on it can no longer be used.")
    expired_at: datetime | None = strawberry.field(description="When what was left of it expired.")
    voided_at: datetime | None = strawberry.field(description="When it was taken back.")
    source: strawberry.ID | None = strawberry.field(
        description="The invoice, credit note, payment or refund that it came from; null: it was given."
    )
    active: bool = strawberry.field(description="Whether any of it can still be used.")

    @classmethod
    def of(cls, view: AccountView, credit: Credit) -> "CreditGrant":
        """At the instant of the view: what has expired by then is gone, whether or not it was recorded yet."""
        over = credit.expires_at is not None and credit.expires_at <= view.at
        remaining = ZERO if over else credit.remaining
        return cls(
            id=strawberry.ID(credit.id),
            kind=credit.kind,
            amount=_money(credit.amount, credit),
            remaining=_money(remaining, credit),
            priority=credit.priority,
            reason=credit.reason,
            granted_at=credit.granted_at,
            expires_at=credit.expires_at,
            expired_at=credit.expired_at or (credit.expires_at if over and credit.remaining else None),
            voided_at=credit.voided_at,
            source=None if credit.source is None else strawberry.ID(credit.source),
            active=remaining > 0,
        )


def credits_of(view: AccountView, active: bool | None) -> list[CreditGrant]:
    """The credits of a view with books, oldest first; with `active`, those that can (or cannot) still be used."""
    credits = sorted(view.account.books.credits.values(), key=lambda credit: (credit.granted_at, credit.id))
    shown = (CreditGrant.of(view, credit) for credit in credits)
    return [grant for grant in shown if active is None or grant.active == active]


def _money(amount: Decimal, credit: Credit) -> Money:
    return Money.of(money.Money(amount, credit.currency))
