"""Burning down: which of several sources of one limit (or of prepaid credit) a given use was taken from."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.exact import EXACT

ZERO = Decimal(0)


class Pot(Struct, frozen=True):
    """An amount to be used up: what a plan gives for a period, a grant, a credit.

    The instant `expires_at` no longer belongs to it. `starts_at` also says which of two equal pots is the older one.
    """

    id: str
    amount: Decimal
    starts_at: datetime
    priority: int = 50
    expires_at: datetime | None = None

    def active(self, at: datetime) -> bool:
        return self.starts_at <= at and (self.expires_at is None or at < self.expires_at)


class Burned(Struct, frozen=True):
    """`left` in each active pot, by its id, in the order of burning; `overage` is what no pot covered. Neither is ever
    negative."""

    left: dict[str, Decimal]
    overage: Decimal


def burn(pots: Iterable[Pot], used: Decimal, at: datetime) -> Burned:
    """Take `used` from the pots that are active at `at`: lower priority first, then the one that expires soonest (never
    comes last), then the older one, then by id, so that the order they are given in changes nothing."""
    return drain(sorted((pot for pot in pots if pot.active(at)), key=_rank), used)


def drain(pots: Iterable[Pot], used: Decimal) -> Burned:
    """Take `used` from `pots`, one after the other as they come."""
    left: dict[str, Decimal] = {}
    used = max(ZERO, used)  # a sum of corrections may fall below nothing; it fills no pot
    for pot in pots:
        taken = min(pot.amount, used)
        left[pot.id] = EXACT.subtract(pot.amount, taken)
        used = EXACT.subtract(used, taken)
    return Burned(left, used)


def _rank(pot: Pot) -> tuple[int, bool, datetime, datetime, str]:
    return (pot.priority, pot.expires_at is None, pot.expires_at or pot.starts_at, pot.starts_at, pot.id)
