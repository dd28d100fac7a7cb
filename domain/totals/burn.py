"""Burning down credit: which one is used first, and how much of each."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from domain.books.credit import Burn, Credit, CreditKind
from domain.exact import EXACT
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
    usable = [
        credit for credit in credits if (credit.kind, credit.currency) == (kind, currency) and _usable(credit, at)
    ]
    taken: list[Burn] = []
    for credit in burn_order(usable, by):
        if amount <= 0:
            break
        taken.append(Burn(credit.id, min(credit.remaining, amount)))
        amount = EXACT.subtract(amount, taken[-1].amount)
    return tuple(taken)


def _usable(credit: Credit, at: datetime) -> bool:
    gone = credit.voided_at is not None or credit.expired_at is not None
    there = credit.granted_at <= at and (credit.expires_at is None or at < credit.expires_at)
    return there and not gone and credit.remaining > 0
