"""What usage comes to under the prices that follow its meter. (decisions/0021)

A subscription's use of a meter in one usage period is one count. Whoever charges a segment of it charges what the count
at its end comes to, less what the count at its beginning does, under their own price: so whatever changed in between
(a pause, a plan, a version, a rhythm), included units and tiers go on and never begin anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from domain.account import Account
from domain.billing.allowance import Read, beyond
from domain.billing.charge import Charge, Count
from domain.billing.counted import Counted, Cut, MeteredPeriod, Slice, joined
from domain.books.line import ZERO, LineKind, Step
from domain.catalog import Price
from domain.exact import EXACT, exact_sum
from domain.money import rounded
from domain.pricing.rate import INCLUDED, steps_of

ONE = Decimal(1)


class _Stretch(NamedTuple):
    """What a price charges of one count. `begins`: the count does so with it."""

    begins: bool
    cuts: tuple[Cut, ...]


class UsageCharges:
    """Every usage charge of one customer that is due by `until` and not closed, in two steps: which figures have to be
    read for them, and what they come to. `interim`: also of periods that still run, as far as they got. What was billed
    once stays wanted: usage that was billed in mid-period goes on being counted."""

    def __init__(self, account: Account, until: datetime, *, interim: bool) -> None:
        self._counted = Counted(account, until)
        self._due = tuple(
            (bill, tuple(self._stretches(bill)))
            for bill in self._counted.bills()
            if interim or bill.due(until) or bill.key in account.books.billed
        )

    def counts(self) -> tuple[Count, ...]:
        """All that working out the charges asks for, each once."""
        asked: dict[Count, Decimal] = {}

        def note(count: Count) -> Decimal:
            return asked.setdefault(count, ZERO)

        for _, segments in self._due:
            for segment in segments:
                for cut in segment.cuts:
                    self._counted.slice(cut, note)
        return tuple(asked)

    def charges(self, figures: Mapping[Count, Decimal]) -> Iterator[Charge]:
        """`figures`: of each of the `counts`."""
        for bill, segments in self._due:
            yield self._charge(bill, segments, figures.__getitem__)

    def _stretches(self, bill: MeteredPeriod) -> Iterator[_Stretch]:
        for _, windows in groupby(bill.windows, key=lambda window: window.since):
            of_one = list(windows)
            cuts = tuple(cut for window in of_one for cut in self._counted.cuts(bill, window))
            yield _Stretch(of_one[0].begins, cuts)

    def _charge(self, bill: MeteredPeriod, segments: Iterable[_Stretch], read: Read) -> Charge:
        slices: list[Slice] = []
        steps: list[Step] = []
        for segment in segments:
            charged = joined(self._counted.slice(cut, read) for cut in segment.cuts)
            steps += _steps(bill.price, charged, begins=segment.begins)
            slices += charged
        return _charge(bill, slices, tuple(steps), named_only=self._counted.named_only(bill))


def _charge(bill: MeteredPeriod, slices: Iterable[Slice], steps: tuple[Step, ...], *, named_only: bool) -> Charge:
    """A correction can lower a count below where this price took it over, but no charge goes below zero."""
    price, segment = bill.price, bill.windows[-1].tariff.segment
    total = exact_sum(step.amount for step in steps)
    if total < 0:
        steps = (*steps, Step("below zero, counts as 0", ONE, EXACT.minus(total), EXACT.minus(total)))
    return Charge(
        key=bill.key,
        kind=LineKind.USAGE,
        description=f"{segment.plan_name}: {price.key.replace('_', ' ')}",
        currency=price.currency,
        quantity=exact_sum(EXACT.subtract(slice.ends, slice.begins) for slice in slices),
        amount=rounded(max(total, ZERO), price.currency, price.rounding),
        period=bill.covered,
        changed_at=bill.windows[-1].period.start,
        segment=segment,
        whole=bill.whole,
        price=price,
        tax_category=price.tax_category,
        tax_inclusive=price.tax_inclusive,
        usage=bill.covered,
        named_only=named_only,
        steps=steps,
    )


def _steps(price: Price, slices: list[Slice], *, begins: bool) -> Iterator[Step]:
    """What the slices of one count come to. A count that `begins` with this price costs what nothing used costs, too:
    the fixed fee of a first tier."""
    counted = begins and (not slices or slices[0].begins != 0 or slices[0].spared is None)
    if counted:
        yield from (step for step in steps_of(price, ZERO) if step.amount)
    for n, slice in enumerate(slices):
        if slice.spared is None:
            yield Step("within what is unlimited", EXACT.subtract(slice.ends, slice.begins), ZERO, ZERO)
            continue
        yield from _of_count(price, slice.ends, slice.spared)
        if begins and n == 0 and not counted:
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
