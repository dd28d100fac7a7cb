"""Burning down credit: which one is used first, and how much of each."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from domain.books.credit import Burn, Credit, CreditKind
from domain.exact import EXACT
from domain.grants import Pot, drain
from domain.policy import BurnBy
from domain.zone import FOREVER

_CRITERIA: MappingProxyType[BurnBy, Callable[[Credit], Any]] = MappingProxyType(
    {
        BurnBy.PRIORITY: lambda credit: credit.priority,
        BurnBy.EXPIRY: lambda credit: credit.expires_at or FOREVER,
        BurnBy.PROMOTIONAL: lambda credit: credit.kind is not CreditKind.PROMOTIONAL,
        BurnBy.AGE: lambda credit: credit.granted_at,
    }
)


def burn_order(credits: Iterable[Credit], by: Sequence[BurnBy]) -> list[Credit]:
    """As they are used up: by the first criterion, then the second …, at last by id, so that the order they are given
    in changes nothing."""
    return sorted(credits, key=lambda credit: (*(_CRITERIA[criterion](credit) for criterion in by), credit.id))


def burn(
    credits: Iterable[Credit], amount: Decimal, by: Sequence[BurnBy], kind: CreditKind, currency: str, at: datetime
) -> tuple[Burn, ...]:
    """What is taken of each credit of this kind and currency to cover `amount`, or as much of it as they hold at `at`.
    Each is above zero and at most what remains of its credit; an amount below zero takes nothing."""
    usable = [one for one in credits if (one.kind, one.currency) == (kind, currency) and _usable(one, at)]
    pots = [_pot(credit) for credit in burn_order(usable, by)]
    left = drain(pots, amount).left
    taken = [Burn(pot.id, EXACT.subtract(pot.amount, left[pot.id])) for pot in pots]
    return tuple(one for one in taken if one.amount)


def _usable(credit: Credit, at: datetime) -> bool:
    gone = credit.voided_at is not None or credit.expired_at is not None
    return not gone and credit.remaining > 0 and _pot(credit).active(at)


def _pot(credit: Credit) -> Pot:
    return Pot(credit.id, credit.remaining, credit.granted_at, credit.priority, credit.expires_at)
