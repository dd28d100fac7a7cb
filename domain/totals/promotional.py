"""Promotional credit: what was given lowers what is charged, before tax."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from domain.books.credit import Burn, Credit, CreditKind
from domain.books.line import Line, LineKind
from domain.exact import EXACT, exact_sum
from domain.money import split
from domain.policy import BurnBy
from domain.totals.burn import burn


class Promoted(Struct, frozen=True):
    """`lines` as given, with their shares; `burns`: where these were taken from. The two come to the same sum."""

    lines: tuple[Line, ...]
    burns: tuple[Burn, ...] = ()


def promoted(
    lines: Sequence[Line], credits: Iterable[Credit], by: Sequence[BurnBy], currency: str, at: datetime
) -> Promoted:
    """Burn promotional credit up to what the lines come to after coupons, and split it over those that charge.

    The cap is the invoice's, worked out before anything is taken, never line by line on the way: so the invoice does
    not fall below zero and the order of lines and of equal credits changes nothing (Lago #4794, #4889). Lines that give
    back lower the cap and keep the credit they had; credit is not bought with credit."""
    charged = [(place, line) for place, line in enumerate(lines) if line.kind is not LineKind.CREDIT]
    lowered = [(place, line) for place, line in charged if line.amount > 0 and not line.credit]
    lowered.sort(key=lambda one: (one[1].key, one[1].id))
    rests = [net(line) for _, line in lowered]
    cap = min(exact_sum(rests), exact_sum(net(line) for _, line in charged))
    burns = burn(credits, cap, by, CreditKind.PROMOTIONAL, currency, at)
    if not burns:
        return Promoted(tuple(lines))
    shares = split(exact_sum(one.amount for one in burns), rests, currency)
    credit = {place: share for (place, _), share in zip(lowered, shares, strict=True) if share}
    shared = (replace(line, credit=credit[place]) if place in credit else line for place, line in enumerate(lines))
    return Promoted(tuple(shared), burns)


def net(line: Line) -> Decimal:
    """What is charged for a line: its amount less its shares of coupons and promotional credit."""
    return EXACT.subtract(line.amount, EXACT.add(line.discount, line.credit))
