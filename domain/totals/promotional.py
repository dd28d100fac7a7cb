"""Promotional credit: what was given lowers what is charged, before tax."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from domain.books.credit import Burn, Credit, CreditKind
from domain.books.line import Line, LineKind
from domain.exact import EXACT, ZERO, exact_sum
from domain.money import split
from domain.policy import BurnBy
from domain.totals.burn import burn


class Promoted(Struct, frozen=True):
    """`lines` as given, with their shares; `burns`: where these were taken from. The two come to the same sum."""

    lines: tuple[Line, ...]
    burns: tuple[Burn, ...] = ()


def promoted(
    lines: Sequence[Line],
    credits: Iterable[Credit],
    by: Sequence[BurnBy],
    currency: str,
    at: datetime,
    released: Sequence[Burn] = (),
) -> Promoted:
    """Burn promotional credit up to what the lines come to after coupons, and split it over those that charge.

    First what comes back with the lines that give back (`released`, also of a credit that has expired since): it goes
    on to what takes their place. Then what is left of `credits`, up to what the lines come to together: so the invoice
    does not fall below zero. The cap is the invoice's, worked out before anything is taken, never line by line on the
    way, so the order of lines and of equal credits changes nothing (Lago #4794, #4889). Lines that give back keep the
    credit they had; credit is not bought with credit."""
    charged = [(place, line) for place, line in enumerate(lines) if line.kind is not LineKind.CREDIT]
    lowered = [(place, line) for place, line in charged if line.amount > 0 and not line.credit]
    lowered.sort(key=lambda at_place: (at_place[1].key, at_place[1].id))
    rests = [net(line) for _, line in lowered]
    moved = _moved_burns(released, exact_sum(rests))
    together = EXACT.subtract(exact_sum(net(line) for _, line in charged), exact_sum(burn.amount for burn in moved))
    cap = min(EXACT.subtract(exact_sum(rests), exact_sum(burn.amount for burn in moved)), together)
    burns = _joined_burns([*moved, *burn(credits, cap, by, CreditKind.PROMOTIONAL, currency, at)])
    if not burns:
        return Promoted(tuple(lines))
    shares = split(exact_sum(burn.amount for burn in burns), rests, currency)
    credit = {place: share for (place, _), share in zip(lowered, shares, strict=True) if share}
    shared = (replace(line, credit=credit[place]) if place in credit else line for place, line in enumerate(lines))
    return Promoted(tuple(shared), burns)


def _moved_burns(released: Iterable[Burn], most: Decimal) -> list[Burn]:
    moved: list[Burn] = []
    for release in released:
        part = min(release.amount, most)
        if part > 0:
            moved.append(Burn(release.credit_id, part))
            most = EXACT.subtract(most, part)
    return moved


def _joined_burns(burns: Iterable[Burn]) -> tuple[Burn, ...]:
    """One burn a credit, in the order of the first."""
    sums: dict[str, Decimal] = {}
    for taken in burns:
        sums[taken.credit_id] = EXACT.add(sums.get(taken.credit_id, ZERO), taken.amount)
    return tuple(Burn(id, amount) for id, amount in sums.items())


def net(line: Line) -> Decimal:
    """What is charged for a line: its amount less its shares of coupons and promotional credit."""
    return EXACT.subtract(line.amount, EXACT.add(line.discount, line.credit))
