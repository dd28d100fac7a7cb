"""What an account may do and has used, as read at one moment: all that a decision needs, worked out once."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from domain.account import Account
from domain.catalog import Catalog, FeatureKind, Plan
from domain.lifecycle.due import next_due, present
from domain.rights.account_rights import entitlements
from domain.rights.entitlement import Entitlement
from domain.rights.gate import Decision, FeatureUsage
from service.live.cursors import journal_cursor

STALE_S_MAX = 1.0
"""No answer is older than this."""


class UsageOfEntitlement(NamedTuple):
    """Whose usage of what is asked for, counted up to `at`."""

    customer_id: str
    entitlement: Entitlement
    at: datetime


UsageOf = Callable[[Sequence[UsageOfEntitlement]], Awaitable[Sequence[FeatureUsage]]]
"""The usage of each, in the same order, in as few statements as it takes."""


class GateAnswer(Struct):
    """What was decided from the state at `as_of`, after the journal entry that `version` names, and the plan that would
    help. `shown` is for the edge, to keep what it made of this: the same answer is given many times."""

    decision: Decision
    cheapest: Plan | None
    catalog: Catalog
    as_of: datetime
    version: str
    shown: Any = None


class Snapshot:
    """`account` is the one present at `now`, the customer's own time; it and `rights` hold until `until`. `stored` is
    the account up to the journal's entry `seq`.

    `answers` keeps what was decided from it, `shown` what the edge made of it for those who watch. It may be used until
    `expires_at` (monotonic seconds); from `renew_at` on, whoever uses it should have it read again.
    """

    __slots__ = (
        "account",
        "answers",
        "catalog",
        "clock_id",
        "customer_id",
        "expires_at",
        "now",
        "renew_at",
        "rights",
        "seq",
        "shown",
        "stored",
        "until",
        "usage",
        "version",
    )

    account: Account
    rights: dict[str, Entitlement]
    until: datetime | None
    version: str

    def __init__(
        self,
        customer_id: str,
        stored: Account,
        seq: int,
        catalog: Catalog,
        now: datetime,
        read_at: float,
        before: "Snapshot | None" = None,
    ) -> None:
        """`before` is an earlier snapshot of the customer. Mostly only usage has changed since: the rest is taken."""
        assert stored.customer is not None
        self.customer_id = customer_id
        self.stored = stored
        self.seq = seq
        self.catalog = catalog
        self.now = now
        self.clock_id = stored.customer.clock_id
        self.usage: dict[str, FeatureUsage] = {}
        self.answers: dict[tuple[str, Decimal], GateAnswer] = {}
        self.shown: dict[Hashable, Any] = {}
        if before is not None and before.seq == seq and before.holds_at(now):
            self.account, self.rights, self.until = before.account, before.rights, before.until
            self.version = before.version
        else:
            self.account = present(stored, now)
            self.rights = {right.feature.key: right for right in entitlements(self.account, now)}
            ends = [right.period.end for right in self.rights.values() if right.period is not None]
            ends += [instant for instant in self.account.owing.turning_points if now < instant]
            due = next_due(self.account)
            self.until = min(ends if due is None else [*ends, due], default=None)
            self.version = journal_cursor(customer_id, seq)
        lives = STALE_S_MAX
        if self.clock_id is None and self.until is not None:
            lives = min(lives, (self.until - now).total_seconds())
        self.expires_at = read_at + lives
        self.renew_at = read_at + lives / 2

    def holds_at(self, now: datetime) -> bool:
        """Whether time alone has changed nothing by then."""
        return self.now <= now and (self.until is None or now < self.until)

    @property
    def erased(self) -> bool:
        """Whether the customer was erased: nobody finds them by their external id any more."""
        customer = self.account.customer
        return customer is not None and customer.erased_at is not None

    def metered(self) -> list[UsageOfEntitlement]:
        """The entitlements whose usage the decisions need."""
        return [
            UsageOfEntitlement(self.customer_id, right, self.now)
            for right in self.rights.values()
            if right.feature.kind is FeatureKind.METERED
        ]
