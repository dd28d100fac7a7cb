"""What usage comes to under the prices that follow its meter. (decisions/0021)

A subscription's use of a meter in one usage period is one count. Whoever charges a segment of it charges what the count
at its end comes to, less what the count at its beginning does, under their own price: so whatever changed in between
(a pause, a plan, a version, a rhythm), included units and tiers go on and never begin anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from domain.account import Account
from domain.billing.allowance import Read, beyond
from domain.billing.charge import Charge, Count
from domain.billing.metered_periods import Cut, MeteredPeriod, MeteredUse, Slice, event_shares, joined_slices
from domain.books.line import EventShare, LineKind, Step
from domain.catalog import Price
from domain.exact import EXACT, ONE, ZERO, exact_sum
from domain.money import rounded
from domain.pricing.rate import INCLUDED, steps_of


class _CountShare(NamedTuple):
    """What a price charges of one count. `begins`: the count begins with that."""

    begins: bool
    cuts: tuple[Cut, ...]


class UsageCharges:
    """Every usage charge of one customer that is due by `until` and not closed, in two steps: which figures have to be
    read for them, and what they come to. `interim`: also of periods that still run, as far as they got. What was billed
    once stays wanted: usage that was billed in mid-period goes on being counted."""

    def __init__(self, account: Account, until: datetime, *, interim: bool) -> None:
        self._use = MeteredUse(account, until)
        self._due = tuple(
            (metered_period, tuple(self._count_shares(metered_period)))
            for metered_period in self._use.metered_periods()
            if interim or metered_period.due(until) or metered_period.key in account.books.billed
        )

    def counts(self) -> tuple[Count, ...]:
        """All counts that have to be read to work the charges out, each once."""
        asked: dict[Count, Decimal] = {}

        def note(count: Count) -> Decimal:
            return asked.setdefault(count, ZERO)

        for cut in (cut for _, shares in self._due for share in shares for cut in share.cuts):
            self._use.slice(cut, note)
        return tuple(asked)

    def charges(self, figures: Mapping[Count, Decimal]) -> Iterator[Charge]:
        """`figures`: of each of the `counts`."""
        for metered_period, shares in self._due:
            yield self._charge(metered_period, shares, figures.__getitem__)

    def _count_shares(self, metered_period: MeteredPeriod) -> Iterator[_CountShare]:
        for _, same_count in groupby(metered_period.windows, key=lambda window: window.since):
            windows = list(same_count)
            cuts = tuple(cut for window in windows for cut in self._use.cuts(metered_period, window))
            yield _CountShare(windows[0].begins, cuts)

    def _charge(self, metered_period: MeteredPeriod, shares: Sequence[_CountShare], read: Read) -> Charge:
        slices: list[Slice] = []
        steps: list[Step] = []
        for share in shares:
            charged = joined_slices(self._use.slice(cut, read) for cut in share.cuts)
            steps += _steps(metered_period.price, charged, begins=share.begins)
            slices += charged
        events = event_shares(cut for share in shares for cut in share.cuts)
        return _charge(metered_period, slices, tuple(steps), events)


def _charge(
    metered_period: MeteredPeriod, slices: Iterable[Slice], steps: tuple[Step, ...], events: tuple[EventShare, ...]
) -> Charge:
    """A correction can lower a count below where this price took it over, but no charge goes below zero."""
    price, segment = metered_period.price, metered_period.windows[-1].tariff.segment
    total = exact_sum(step.amount for step in steps)
    if total < 0:
        steps = (*steps, Step("below zero, counts as 0", ONE, EXACT.minus(total), EXACT.minus(total)))
    return Charge(
        key=metered_period.key,
        kind=LineKind.USAGE,
        description=f"{segment.plan_name}: {price.key.replace('_', ' ')}",
        currency=price.currency,
        quantity=exact_sum(EXACT.subtract(slice.ends, slice.begins) for slice in slices),
        amount=rounded(max(total, ZERO), price.currency, price.rounding),
        period=metered_period.covered,
        changed_at=metered_period.windows[-1].period.start,
        segment=segment,
        whole=metered_period.whole,
        price=price,
        tax_category=price.tax_category,
        tax_inclusive=price.tax_inclusive,
        usage=metered_period.covered,
        events=events,
        steps=steps,
    )


def _steps(price: Price, slices: list[Slice], *, begins: bool) -> Iterator[Step]:
    """What the slices of one count come to. A count that `begins` with this price costs what nothing used costs, too:
    the fixed fee of a first tier."""
    nothing_charged = begins and (not slices or slices[0].begins != 0 or slices[0].spared is None)
    if nothing_charged:
        yield from (step for step in steps_of(price, ZERO) if step.amount)
    for n, slice in enumerate(slices):
        if slice.spared is None:
            yield Step("within what is unlimited", EXACT.subtract(slice.ends, slice.begins), ZERO, ZERO)
            continue
        yield from _of_count(price, slice.ends, slice.spared)
        if begins and n == 0 and not nothing_charged:
            continue
        before = exact_sum(step.amount for step in _of_count(price, slice.begins, slice.spared))
        if before:
            yield Step(f"counted before: {slice.begins:f}", ONE, EXACT.minus(before), EXACT.minus(before))


def _of_count(price: Price, count: Decimal, spared: Decimal) -> Iterable[Step]:
    """The steps of so many units, of which `spared` come off after those that are included."""
    if not spared:
        return steps_of(price, count)
    own = price.included or ZERO
    steps: list[Step] = []
    for step in steps_of(beyond(price, spared), count):
        if step.label != INCLUDED:
            steps.append(step)
            continue
        kept = min(step.quantity, own)
        off = ((INCLUDED, kept), ("within the limit", EXACT.subtract(step.quantity, kept)))
        steps += [Step(label, quantity, ZERO, ZERO) for label, quantity in off if quantity]
    return steps
