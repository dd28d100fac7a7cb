"""What is wanted of each key: a price, in one of its own periods, of one subscription; rounded once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from domain.catalog import Price, ProrationPolicy
from domain.period import Cadence

from .calendar import Whole, day_of, whole_at
from .days import Days, in_period, owned
from .price import fee, once, recurring, rounded
from .runs import Run

_MICROSECOND = timedelta(microseconds=1)


class Key(NamedTuple):
    subscription: str
    price: str
    start: datetime | None  # None: once


class Piece(NamedTuple):
    run: Run
    price: Price
    whole: Whole
    days: Days

    @property
    def start(self) -> datetime:
        return max(self.run.start, self.whole.start)

    @property
    def end(self) -> datetime:
        return min(self.run.end, self.whole.end)

    @property
    def costs(self) -> Fraction:
        """Of the whole period."""
        return fee(self.price, self.run.quantity, self.run.slot.add_on is not None)

    @property
    def share(self) -> Fraction:
        zone, whole = self.run.zone, self.whole
        if self.price.proration is ProrationPolicy.BY_DAY:
            of = (day_of(whole.end, zone) - day_of(whole.start, zone)).days
            return Fraction(in_period(self.days, self.run, whole), of)
        return Fraction((self.end - self.start) // _MICROSECOND, (whole.end - whole.start) // _MICROSECOND)


class Want(NamedTuple):
    """`since`: from when it is charged."""

    amount: Fraction
    version: str
    since: datetime


def fees(ran: Sequence[Run], currency: str) -> dict[Key, Want]:
    """Recurring fees, each key rounded once."""
    by_key: dict[Key, list[Piece]] = {}
    for piece in pieces(ran):
        by_key.setdefault(Key(piece.run.slot.subscription, piece.price.id, piece.whole.start), []).append(piece)
    return {
        key: Want(rounded(_exact(several), currency, several[0].price.rounding), several[0].run.plan.id, since)
        for key, several in by_key.items()
        for since in [min(one.start for one in several)]
    }


def pieces(ran: Sequence[Run]) -> Iterator[Piece]:
    for _, group in groupby(ran, key=lambda run: run.slot):
        charged = [run for run in group if not run.trial]
        days = owned(charged)
        for run in charged:
            for price in recurring(run.plan, run.cadence):
                if price.meter_key is None:
                    yield from (Piece(run, price, whole, days[run.start]) for whole in wholes(run, price.cadence))


def wholes(run: Run, cadence: Cadence) -> Iterator[Whole]:
    at = run.start
    while at < run.end:
        whole = whole_at(run.anchor, cadence, run.zone, at)
        yield whole
        at = whole.end


def _exact(several: Sequence[Piece]) -> Fraction:
    match several[0].price.proration:
        case ProrationPolicy.NONE:
            return sum((one.costs for one in several if one.start == one.whole.start), Fraction(0))
        case ProrationPolicy.FULL:
            return max(one.costs for one in several)
        case _:
            return sum((one.costs * one.share for one in several), Fraction(0))


def once_prices(ran: Iterable[Run], currency: str) -> dict[Key, Want]:
    """Due when a plan first runs in a subscription, whatever version."""
    found: dict[Key, Want] = {}
    met: set[tuple[str, str, str]] = set()
    for run in sorted(ran, key=lambda one: one.start):
        for price in once(run.plan) if not run.trial else ():
            name = (run.slot.subscription, run.plan.plan_key, price.key)
            if name not in met:
                met.add(name)
                amount = rounded(fee(price, run.quantity, run.slot.add_on is not None), currency, price.rounding)
                found[Key(run.slot.subscription, price.id, None)] = Want(amount, run.plan.id, run.start)
    return found


def minimums(ran: Sequence[Run], charged: dict[Key, Want], currency: str) -> dict[Key, Want]:
    """What is missing from the minimum spend of each version in each period of the subscription's rhythm, of which
    what it ran counts, to the second."""
    parts: dict[Key, list[tuple[Run, Whole]]] = {}
    for run in ran:
        least = run.plan.terms.minimum_spend
        if run.slot.add_on is None and not run.trial and least and recurring(run.plan, run.cadence):
            for whole in wholes(run, run.cadence):
                name = Key(run.slot.subscription, f"minimum/{run.plan.id}", whole.start)
                parts.setdefault(name, []).append((run, whole))
    found = {}
    for key, several in parts.items():
        run, whole = several[0]
        share = sum((_time(one, whole) for one, _ in several), Fraction(0))
        spent = sum((want.amount for want in _of(run, whole, charged)), Fraction(0))
        missing = max(Fraction(run.plan.terms.minimum_spend[0].amount) * share - spent, Fraction(0))
        found[key] = Want(rounded(missing, currency), run.plan.id, max(run.start, whole.start))
    return found


def _of(run: Run, whole: Whole, charged: dict[Key, Want]) -> Iterator[Want]:
    for key, want in charged.items():
        same = (key.subscription, want.version) == (run.slot.subscription, run.plan.id)
        if same and whole.start <= want.since < whole.end:
            yield want


def _time(run: Run, whole: Whole) -> Fraction:
    part = min(run.end, whole.end) - max(run.start, whole.start)
    return Fraction(part // _MICROSECOND, (whole.end - whole.start) // _MICROSECOND)
