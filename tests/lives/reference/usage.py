"""What use costs. A subscription's use of a meter in one usage period is one count, whoever charges for a part of it.
Of several at one instant the one begun first does, its add-ons before its plan; what the others include comes off."""

from collections.abc import Container, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from domain.catalog import ChargeModel, Price
from domain.policy import TrialUsage

from .calendar import Whole, whole_at
from .keys import Key, Want
from .price import recurring, rounded
from .runs import Run
from .spread import whole_spread

ZERO = Fraction(0)


class Used(NamedTuple):
    meter: str
    at: datetime
    value: Fraction


class _Part(NamedTuple):
    """A price in one of its periods, while one run lasts."""

    run: Run
    price: Price
    whole: Whole
    start: datetime
    end: datetime

    @property
    def since(self) -> datetime:
        """From when it is counted."""
        return min(max(self.whole.start, self.run.counted_since), self.start)


def usage(
    ran: Sequence[Run], used: Sequence[Used], currency: str, until: datetime, billed: Container[Key]
) -> dict[Key, Want]:
    """Each key rounded once, and never below zero."""
    by_key: dict[Key, list[_Part]] = {}
    charging = [run for run in ran if not run.trial or run.plan.terms.trial_usage is TrialUsage.BILLED]
    for run in charging:
        for part in _parts(run, until):
            by_key.setdefault(Key(run.slot.subscription, part.price.id, part.whole.start), []).append(part)
    found = {}
    for key, parts in by_key.items():
        parts.sort(key=lambda part: part.start)
        last = parts[-1]
        if key in billed or last.whole.end <= until or last.run.ended:
            exact = sum((_charged(part, charging, used) for part in parts), ZERO)
            amount = rounded(max(exact, ZERO), currency, last.price.rounding)
            found[key] = Want(
                amount, last.run.plan.id, last.price, parts[0].start, last.end, last.whole.end, whole_spread(amount)
            )
    return found


def _parts(run: Run, until: datetime) -> Iterator[_Part]:
    for price in recurring(run.plan, run.cadence):
        at = run.start
        while price.meter_key is not None and at < run.end and at <= until:
            whole = whole_at(run.counted_by, price.cadence, run.zone, at)
            yield _Part(run, price, whole, max(whole.start, run.start), min(whole.end, run.end))
            at = whole.end


def _charged(part: _Part, ran: Sequence[Run], used: Sequence[Used]) -> Fraction:
    """What the count came to while it was this run's to charge."""
    rivals = [run for run in ran if any(price.meter_key == part.price.meter_key for price in _metered(run))]
    edges = {edge for run in rivals for edge in (run.start, run.end) if part.start < edge < part.end}
    found = ZERO
    for start, end in pairwise(sorted({part.start, *edges, part.end})):
        running = sorted((run for run in rivals if run.start <= start < run.end), key=_rank)
        if running[0] is part.run:
            free = _included(part.run, part.price) + sum((_most(run, part.price) for run in running[1:]), ZERO)
            begins, ends = (cost(part.price, _count(used, part, at), free) for at in (start, end))
            found += ends - begins
    return found


def _included(run: Run, price: Price) -> Fraction:
    """Of an add-on as often as it was bought."""
    return Fraction(price.included or 0) * (run.quantity if run.slot.add_on else 1)


def _most(run: Run, price: Price) -> Fraction:
    """What it includes of the same meter in the same rhythm."""
    alike = [other for other in _metered(run) if (other.meter_key, other.cadence) == (price.meter_key, price.cadence)]
    return max((_included(run, other) for other in alike), default=ZERO)


def _metered(run: Run) -> list[Price]:
    return [price for price in recurring(run.plan, run.cadence) if price.meter_key is not None]


def _rank(run: Run) -> tuple[datetime, int, bool, float]:
    return (run.begun, run.number, run.slot.add_on is None, -run.start.timestamp())


def _count(used: Sequence[Used], part: _Part, at: datetime) -> Fraction:
    return sum((use.value for use in used if use.meter == part.price.meter_key and part.since <= use.at < at), ZERO)


def cost(price: Price, count: Fraction, free: Fraction) -> Fraction:
    """So many units, of which some come off."""
    rest = max(max(count, ZERO) - free, ZERO)
    unit = Fraction(price.unit_amount or 0)
    match price.model:
        case ChargeModel.GRADUATED:
            found, below = ZERO, ZERO
            for tier in price.tiers:
                top = rest if tier.up_to is None else min(rest, Fraction(tier.up_to))
                found += max(top - below, ZERO) * Fraction(tier.unit_amount)
                below = max(below, top)
            return found
        case ChargeModel.VOLUME:
            tier = next(tier for tier in price.tiers if tier.up_to is None or rest <= Fraction(tier.up_to))
            return rest * Fraction(tier.unit_amount)
        case ChargeModel.PACKAGE:
            size = Fraction(price.package_size or 1)
            return -(-rest // size) * unit
        case ChargeModel.PERCENTAGE:
            return rest * Fraction(price.percent or 0) / 100
        case _:
            return rest * unit
