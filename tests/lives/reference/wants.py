"""What is wanted of each key: a price, in one of its own periods, of one subscription; rounded once."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from domain.catalog import BillingMode, Price, ProrationPolicy
from domain.period import Cadence

from .calendar import Whole, day_of, whole_at
from .days import Days, day_span, owned
from .keys import Key, Want
from .price import fee, once, recurring, rounded
from .runs import Run
from .spread import Cell, Spread, whole_spread
from .usage import Used, usage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
            first, after = day_span(self.days, self.run, whole)
            return Fraction(after - first, of)
        return Fraction((self.end - self.start) // _MICROSECOND, (whole.end - whole.start) // _MICROSECOND)


def wants(
    ran: Sequence[Run],
    used: Sequence[Used],
    currency: str,
    until: datetime,
    billed: Mapping[Key, datetime],
    planned: Mapping[str, datetime],
) -> dict[Key, Want]:
    """All that is due by then, and what was `billed` before (up to when), which stays wanted or goes back. `planned`:
    ends to come, by subscription."""
    charged = fees(ran, currency, until, billed, planned) | once_prices(ran, currency)
    charged |= usage(ran, used, currency, until, billed)
    return charged | minimums(ran, charged, currency, until, billed)


def fees(
    ran: Sequence[Run],
    currency: str,
    until: datetime,
    billed: Mapping[Key, datetime],
    planned: Mapping[str, datetime],
) -> dict[Key, Want]:
    """Recurring fees, each key rounded once."""
    by_key: dict[Key, list[Piece]] = {}
    for piece in pieces(ran, until):
        key = Key(piece.run.slot.subscription, piece.price.id, piece.whole.start)
        by_key.setdefault(key, []).append(_up_to(piece, planned.get(key.subscription), billed.get(key)))
    found = {}
    for key, several in by_key.items():
        several.sort(key=lambda piece: piece.start)
        last = several[-1]
        if key in billed or _due(last, until):
            amount = rounded(_exact(several), currency, last.price.rounding)
            spread = _spread(several)
            found[key] = Want(amount, last.run.plan.id, last.price, several[0].start, last.end, last.whole.end, spread)
    return found


def _up_to(piece: Piece, planned: datetime | None, billed: datetime | None) -> Piece:
    """What is paid in advance is billed up to the end that is planned, unless it was billed beyond that."""
    if planned is None or piece.run.plan.terms.billing is BillingMode.IN_ARREARS:
        return piece
    end = max(piece.start, min(piece.end, max(planned, billed or planned)))
    return piece if end == piece.end else piece._replace(run=piece.run._replace(end=end), days=_days_to(piece, end))


def _days_to(piece: Piece, end: datetime) -> Days:
    return owned([piece.run._replace(end=end)])[piece.run.start]._replace(first=piece.days.first)


def _due(last: Piece, until: datetime) -> bool:
    """In advance at once, else when the period or what runs in it has ended."""
    in_advance = last.run.plan.terms.billing is not BillingMode.IN_ARREARS
    return in_advance or last.whole.end <= until or (last.run.ended and last.end <= until)


def pieces(ran: Sequence[Run], until: datetime) -> Iterator[Piece]:
    for _, group in groupby(ran, key=lambda run: run.slot):
        charged = [run for run in group if not run.trial]
        days = owned(charged)
        for run in charged:
            for price in recurring(run.plan, run.cadence):
                if price.meter_key is None:
                    yield from (
                        Piece(run, price, whole, days[run.start]) for whole in wholes(run, price.cadence, until)
                    )


def wholes(run: Run, cadence: Cadence, until: datetime) -> Iterator[Whole]:
    """Those that it touches and that have begun by then."""
    at = run.start
    while at < run.end and at <= until:
        whole = whole_at(run.anchor, cadence, run.zone, at)
        yield whole
        at = whole.end


def _exact(several: Sequence[Piece]) -> Fraction:
    match several[0].price.proration:
        case ProrationPolicy.NONE:
            return sum((piece.costs for piece in several if piece.start == piece.whole.start), Fraction(0))
        case ProrationPolicy.FULL:
            return max(piece.costs for piece in several)
        case _:
            return sum((piece.costs * piece.share for piece in several), Fraction(0))


def _spread(several: Sequence[Piece]) -> Spread:
    """Each piece over its time, or its days; what has no parts in one place."""
    match several[0].price.proration:
        case ProrationPolicy.NONE | ProrationPolicy.FULL:
            return whole_spread(_exact(several))
        case ProrationPolicy.BY_DAY:
            days = ((piece, day_span(piece.days, piece.run, piece.whole)) for piece in several)
            return tuple(Cell(a, b, piece.costs * piece.share / (b - a)) for piece, (a, b) in days if a < b)
        case _:
            return tuple(
                Cell(
                    _micros(piece.start),
                    _micros(piece.end),
                    piece.costs * piece.share / (_micros(piece.end) - _micros(piece.start)),
                )
                for piece in several
            )


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def once_prices(ran: Iterable[Run], currency: str) -> dict[Key, Want]:
    """Due when a plan first runs in a subscription, whatever version."""
    found: dict[Key, Want] = {}
    met: set[tuple[str, str, str]] = set()
    for run in sorted(ran, key=lambda run: run.start):
        for price in once(run.plan) if not run.trial else ():
            name = (run.slot.subscription, run.plan.plan_key, price.key)
            if name not in met:
                met.add(name)
                amount = rounded(fee(price, run.quantity, run.slot.add_on is not None), currency, price.rounding)
                spread = whole_spread(amount)
                found[Key(run.slot.subscription, price.id, None)] = Want(
                    amount, run.plan.id, price, run.start, run.start, run.start, spread
                )
    return found


def minimums(
    ran: Sequence[Run], charged: dict[Key, Want], currency: str, until: datetime, billed: Container[Key]
) -> dict[Key, Want]:
    """What is missing from the minimum spend of each version in each period of the subscription's rhythm, of which
    what it ran counts, to the second."""
    parts: dict[Key, list[tuple[Run, Whole]]] = {}
    for run in ran:
        least = run.plan.terms.minimum_spend
        if run.slot.add_on is None and not run.trial and least:
            for whole in wholes(run, run.cadence, until):
                name = Key(run.slot.subscription, f"minimum/{run.plan.id}", whole.start)
                parts.setdefault(name, []).append((run, whole))
    found = {}
    for key, several in parts.items():
        run, whole = several[0]
        last = several[-1][0]
        if key in billed or whole.end <= until or (last.ended and last.end <= until):
            share = sum((_time(lasted, whole) for lasted, _ in several), Fraction(0))
            spent = sum((want.amount for want in _of(run, whole, charged)), Fraction(0))
            missing = max(Fraction(run.plan.terms.minimum_spend[0].amount) * share - spent, Fraction(0))
            amount, since, end = rounded(missing, currency), max(run.start, whole.start), min(last.end, whole.end)
            like = next(iter(recurring(last.plan, last.cadence)), None)
            found[key] = Want(amount, run.plan.id, like, since, end, whole.end, whole_spread(amount))
    return found


def _of(run: Run, whole: Whole, charged: dict[Key, Want]) -> Iterator[Want]:
    for key, want in charged.items():
        same = (key.subscription, want.version) == (run.slot.subscription, run.plan.id)
        if same and whole.start <= want.since < whole.end:
            yield want


def _time(run: Run, whole: Whole) -> Fraction:
    part = min(run.end, whole.end) - max(run.start, whole.start)
    return Fraction(part // _MICROSECOND, (whole.end - whole.start) // _MICROSECOND)
