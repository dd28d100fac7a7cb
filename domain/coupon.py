"""Coupons: what is taken off, of which plans, how often, and by how many."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.money import Money


class Coupon(Struct, frozen=True, omit_defaults=True):
    """One of `percent` (0 to 100) and `amount`.

    `periods` is how many invoices it lowers that begin a period (of a recurring fee; where none recurs, of usage): 1 is
    once, None for ever. `plans` names the plans whose lines it lowers; empty: all lines. `redemptions_max` limits
    customers in all; each customer redeems it once.
    """

    id: str
    code: str
    name: str
    percent: Decimal | None = None
    amount: Money | None = None
    periods: int | None = None
    plans: tuple[str, ...] = ()
    redemptions_max: int | None = None
    expires_at: datetime | None = None
    archived_at: datetime | None = None
