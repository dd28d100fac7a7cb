"""Who is calling, once their credentials have been checked; and how the check says no."""

from dataclasses import dataclass
from datetime import datetime

from domain.access import Role, Scope

ADMIN_ID = "admin"


class Unauthenticated(Exception):
    """The credentials do not hold. `reason` may be shown to whoever sent them; it repeats nothing of them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unverifiable(Exception):
    """Whether the credentials hold cannot be told at the moment: the identity provider does not answer."""

    reason = "the identity provider does not answer; try again later"


@dataclass(frozen=True, slots=True)
class Principal:
    """`id` is the actor in the journal: `admin`, `key_…`, or for a customer token `customer_…`.

    `customer_ids` are the customers that can be seen and touched (None: all). `expires_at` is real time.
    """

    id: str
    role: Role
    scopes: frozenset[Scope]
    customer_ids: frozenset[str] | None
    expires_at: datetime | None = None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def sees(self, customer_id: str) -> bool:
        return self.customer_ids is None or customer_id in self.customer_ids
