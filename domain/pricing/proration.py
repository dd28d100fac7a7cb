"""Proration: what a part of a period costs of the whole. The denominator is always the whole period.

Under BY_SECOND and BY_DAY the parts of a period add up to exactly 1, wherever it is cut and whoever owns those days.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from domain.books.line import Step
from domain.catalog import Price, ProrationPolicy
from domain.exact import EXACT, plain
from domain.period import Period, local_date, midnight
from domain.policy import ChangeDay
from domain.pricing.fraction import PLACES, as_decimal
from domain.pricing.rate import Rated, rate

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)


class Measure(Struct, frozen=True):
    """So many days, or microseconds, of those that the whole period has."""

    owned: int
    of: int
    days: bool

    def __str__(self) -> str:
        """15/30 days, or 1296000/2592000 s"""
        if self.days:
            return f"{self.owned}/{self.of} days"
        owned, of = (plain(Decimal(count).scaleb(-6, context=EXACT)) for count in (self.owned, self.of))
        return f"{owned:f}/{of:f} s"

    def of_price(self) -> Fraction:
        return Fraction(self.owned, self.of)

    def of_amount(self, amount: Fraction) -> Fraction:
        return amount if self.owned == self.of else amount * self.of_price()


def share(
    policy: ProrationPolicy,
    part: Period,
    whole: Period,
    zone: str,
    change_day: ChangeDay,
    *,
    begins: ChangeDay | None = None,
) -> Fraction:
    """What `part` (which lies in `whole`, a period of the price's cadence) costs, as a fraction of the price.

    BY_SECOND: its time, to the microsecond. BY_DAY: its local days in `zone`; `change_day` says who owns the day on
    which it ends and, unless `begins` says otherwise, the one on which it begins. (What follows nothing begins by NEW:
    its first day is its own. What follows something begins by the policy of that, or one day has two owners.) NONE:
    what begins with the period costs all of it, later parts nothing. FULL: any part costs all of it. What lasted no
    time costs nothing. Source of BY_DAY: Lago, published cases P13, P15 and P18; of NONE and FULL: OpenMeter, P35, and
    Lago, T30.
    """
    if part.start == part.end:
        return Fraction(0)
    match policy:
        case ProrationPolicy.BY_SECOND:
            measure = _by_second(part, whole)
        case ProrationPolicy.BY_DAY:
            measure = _by_day(part, whole, zone, begins or change_day, change_day)
        case ProrationPolicy.NONE:
            return Fraction(int(part.start == whole.start))
        case ProrationPolicy.FULL:
            return Fraction(1)
    return measure.of_price()


def prorated(
    price: Price,
    quantities: Sequence[tuple[Period, int | Decimal]],
    whole: Period,
    zone: str,
    *,
    owners: Sequence[tuple[ChangeDay, ChangeDay]] | None = None,
) -> Rated:
    """What a recurring price comes to in the period `whole`, of which each part (in order of time) has its quantity.

    Each quantity costs its share of what it costs over the whole period. Under NONE that at the period's start costs
    the whole, under FULL the highest does: who had 10, then 5, then 15 seats has paid for 15 (Lago, published case
    T30). `owners`: of each part, whose the days are on which it begins and ends; None: of all parts by `change_day`, as
    where one follows on the other.
    """
    lasting = [(part, Decimal(quantity)) for part, quantity in quantities if part.start < part.end]
    match price.proration:
        case ProrationPolicy.NONE:
            first = [quantity for part, quantity in lasting if part.start == whole.start]
            return _whole(price, first, "as the period began", len(lasting) > 1)
        case ProrationPolicy.FULL:
            highest = max((quantity for _, quantity in lasting), default=None)
            return _whole(price, [] if highest is None else [highest], "the most in the period", len(lasting) > 1)
        case ProrationPolicy.BY_SECOND:
            measures = [_by_second(part, whole) for part, _ in lasting]
        case ProrationPolicy.BY_DAY:
            known = owners or [(price.change_day, price.change_day)] * len(quantities)
            owned = [(part, owner) for (part, _), owner in zip(quantities, known, strict=True) if part.start < part.end]
            measures = [_by_day(part, whole, zone, *owner) for part, owner in owned]
    measured = [(rate(price, quantity), measure) for (_, quantity), measure in zip(lasting, measures, strict=True)]
    exact = sum((measure.of_amount(rated.exact) for rated, measure in measured), Fraction(0))
    return Rated(exact, tuple(step for rated, measure in measured if measure.owned for step in _scaled(rated, measure)))


def _by_second(part: Period, whole: Period) -> Measure:
    return Measure((part.end - part.start) // _MICROSECOND, (whole.end - whole.start) // _MICROSECOND, days=False)


def _by_day(part: Period, whole: Period, zone: str, begins: ChangeDay, ends: ChangeDay) -> Measure:
    of = day_of(whole.end, zone) - day_of(whole.start, zone)
    if not of:  # a clock change swallowed the only midnight: nothing to count, so the day goes by time
        return _by_second(part, whole)
    owned = _cut(part.end, whole, zone, ends) - _cut(part.start, whole, zone, begins)
    return Measure(max(owned.days, 0), of.days, days=True)


def _cut(at: datetime, whole: Period, zone: str, owner: ChangeDay) -> date:
    """The first day that is not what ends at `at`. The period's own ends are no changes: it has all of its days."""
    if at == whole.start:
        return day_of(at, zone)
    day = day_of(at, zone) + (_DAY if owner is ChangeDay.OLD else timedelta())
    return min(day, day_of(whole.end, zone))


def day_of(at: datetime, zone: str) -> date:
    """The local date, never going back: at 00:01 on 7 November 2010 the clocks of St. John's showed the 6th again."""
    day = local_date(at, zone)
    return day + _DAY if midnight(day + _DAY, zone) <= at else day


def _whole(price: Price, quantities: Sequence[Decimal], why: str, several: bool) -> Rated:
    if not quantities:
        return Rated(Fraction(0), ())
    rated = rate(price, quantities[0])
    named = tuple(replace(step, label=f"{step.label}, {why}") for step in rated.steps)
    return Rated(rated.exact, named) if several else rated


def _scaled(rated: Rated, measure: Measure) -> Iterator[Step]:
    """seats: 5 × 15/30 days: 2.5 at 10 each, 25"""
    if measure.owned == measure.of:
        yield from rated.steps
        return
    part = measure.of_price()
    for step in rated.steps:
        quantity, ends = as_decimal(Fraction(step.quantity) * part)
        amount, exact = as_decimal(Fraction(step.amount) * part)
        label = f"{step.label}: {plain(step.quantity):f} × {measure}"
        rounded = "" if ends and exact else f", rounded to {PLACES} decimals"
        yield Step(label + rounded, quantity, step.rate, amount)
