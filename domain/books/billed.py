"""What was billed of each key: line by line, what stands of it, and at which tax."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from domain.books.line import LineKind, Span
from domain.books.redemption import CouponShare, less_shares, part_of
from domain.exact import EXACT, ZERO, divided, exact_sum
from domain.money import rounded
from domain.period import Period
from domain.tax import Treatment

PLACES = 12
_INSTANT = datetime.resolution


class BilledLine(Struct, frozen=True, omit_defaults=True):
    """A line that charged for a key, less what went back of it by the rules.

    `amount` is what the rules came to; `discount` and `credit` are the shares of coupons (`coupons`: of which) and of
    promotional credit in it. `given`: what support took off by hand. `forgiven`: what nobody will pay any more, since
    its invoice was voided or written off; `set_off`: what would have gone back, of this line or of others of the key,
    and was set off against that. `charged` is the amount it began with. `spans`: how the amount lies in `period`, where
    parts of it went back; else evenly. `because`: as of the line. Below zero, `amount` is what went back of a line that
    was voided since, to be billed anew."""

    invoice_id: str
    line_id: str
    charged: Decimal
    amount: Decimal
    period: Period
    treatment: Treatment
    tax_inclusive: bool = False
    discount: Decimal = ZERO
    coupons: tuple[CouponShare, ...] = ()
    credit: Decimal = ZERO
    given: Decimal = ZERO
    forgiven: Decimal = ZERO
    set_off: Decimal = ZERO
    spans: tuple[Span, ...] = ()
    because: int | None = None

    @property
    def left(self) -> Decimal:
        """What of it was charged and stands: the most that can still be given back."""
        return self.amount - self.discount - self.credit - self.given - self.unpaid

    @property
    def unpaid(self) -> Decimal:
        """What nobody will pay of it, and nothing was set off against yet."""
        return self.forgiven - self.set_off

    def taxed(self, treatment: Treatment | None, inclusive: bool) -> bool:
        return (self.treatment, self.tax_inclusive) == (treatment, inclusive)

    def less(self, taken: "Return") -> "BilledLine":
        """What is left of the line after a return of it."""
        set_off = min(self.unpaid, max(taken.kept, ZERO))
        return replace(
            self,
            amount=self.amount - taken.amount,
            discount=self.discount - taken.discount,
            coupons=less_shares(self.coupons, taken.coupons),
            credit=self.credit - taken.credit,
            given=self.given - (taken.kept - set_off),
            set_off=self.set_off + set_off,
            spans=_without(self, taken) if taken.stands is None else taken.stands,
        )

    def paid_after_all(self, amount: Decimal) -> "BilledLine":
        """So much of what was forgiven has been paid: what was set off against it is charged, and may go back."""
        forgiven = self.forgiven - amount
        more = max(self.set_off - forgiven, ZERO)
        spans = () if more else self.spans
        return replace(self, amount=self.amount + more, forgiven=forgiven, set_off=self.set_off - more, spans=spans)


class Return(Struct, frozen=True):
    """What goes back of one line. `amount`: by the rules; `back`: what is left of that when what was forgiven or given
    by hand is set off. `discount`, `coupons` and `credit`: the shares in it. `over`: for which part of the period, if
    for one in particular."""

    amount: Decimal
    back: Decimal
    discount: Decimal = ZERO
    coupons: tuple[CouponShare, ...] = ()
    credit: Decimal = ZERO
    over: Period | None = None
    stands: tuple[Span, ...] | None = None

    @property
    def kept(self) -> Decimal:
        """What does not go back, since it was not paid or given before."""
        return self.amount - self.back


class Billed(Struct, frozen=True, omit_defaults=True):
    """What was billed of one key. `period` is what was paid for, `ends_at` the end of the price's own period: until
    that is closed, it is compared with what is wanted. `lines`: those that charged for it, newest last."""

    kind: LineKind
    description: str
    currency: str
    period: Period
    ends_at: datetime
    subscription_id: str | None = None
    plan_key: str | None = None
    lines: tuple[BilledLine, ...] = ()

    @property
    def amount(self) -> Decimal:
        return exact_sum(line.amount for line in self.lines)

    @property
    def redemptions(self) -> frozenset[str]:
        """The coupons that lowered it."""
        return frozenset(share.redemption_id for line in self.lines for share in line.coupons)

    def line(self, line_id: str) -> BilledLine | None:
        return next((line for line in self.lines if line.line_id == line_id), None)

    def unpaid_like(self, line: BilledLine) -> Decimal:
        """Of all that was charged at the line's tax, what nobody will pay and nothing was set off against yet."""
        return exact_sum(alike.unpaid for alike in self._like(line))

    def left_like(self, line: BilledLine) -> Decimal:
        """Of all that was charged at the line's tax, what stands."""
        return exact_sum(alike.left for alike in self._like(line))

    def less(self, line_id: str, taken: "Return") -> "Billed":
        """After a return of the line. What is kept of it beyond what is unpaid of that line itself, is set off against
        others that are taxed alike."""
        line = self.line(line_id)
        assert line is not None
        more = max(taken.kept - line.unpaid, ZERO)
        lines: list[BilledLine] = []
        for other in self.lines:
            alike = other.line_id != line_id and other.taxed(line.treatment, line.tax_inclusive)
            set_off = min(other.unpaid, more) if alike else ZERO
            more -= set_off
            line = replace(line, given=line.given + set_off)
            lines.append(replace(other, set_off=other.set_off + set_off))
        return replace(self, lines=tuple(lines)).changing(line_id, lambda _: line.less(taken))

    def _like(self, line: BilledLine) -> Iterator[BilledLine]:
        return (other for other in self.lines if other.taxed(line.treatment, line.tax_inclusive))

    def changing(self, line_id: str, change: Callable[[BilledLine], BilledLine]) -> "Billed":
        return replace(self, lines=tuple(change(line) if line.line_id == line_id else line for line in self.lines))


Weight = Callable[[Period], Fraction]
"""What a part of the price's period costs, as a fraction of the price."""


def returns(
    billed: Billed, amount: Decimal, over: Period, weight: Weight | None
) -> Iterator[tuple[BilledLine, Return]]:
    """How `amount` goes back: of the newest line first, of each what it charged for the time that goes back (`weight`
    None: whatever its time), then of what is left, newest first. So who had a seat more for the second half of a month
    gets that seat back at the tax of the second half."""
    takes: dict[str, Decimal] = {}
    rest = amount
    newest_first = [line for line in reversed(billed.lines) if line.amount > 0]
    if weight is not None:
        for line in newest_first:
            takes[line.line_id] = min(rest, worth(line, over, weight, billed.currency))
            rest -= takes[line.line_id]
    for line in newest_first:
        more = min(rest, line.amount - takes.get(line.line_id, ZERO))
        takes[line.line_id] = takes.get(line.line_id, ZERO) + more
        rest -= more
    # What nobody will pay is set off first, so that of every other line as much as can be goes back.
    for line in sorted(newest_first, key=lambda line: not line.unpaid):
        if takes[line.line_id]:
            found = _return(billed, line.line_id, takes[line.line_id], over if weight else None)
            found = replace(found, stands=_without(line, found, weight))
            yield line, found
            billed = billed.less(line.line_id, found)


def worth(line: BilledLine, over: Period, weight: Weight, currency: str) -> Decimal:
    """What of the line's amount is for the time `over`."""
    exact = sum((Fraction(span.amount) * _part(span.period, over, weight) for span in _spans(line)), Fraction(0))
    return min(max(rounded(exact, currency), ZERO), line.amount)


def _return(billed: Billed, line_id: str, amount: Decimal, over: Period | None) -> Return:
    """The shares of coupons and promotional credit go back with it; and never more than is left: 241.89 unused of
    249.95, of which support gave back 10.00, are 239.95 (Kill Bill, published case P27). What nobody will pay is no
    gift: of a fee of 30.00 of which 15.00 were written off, half a period is 0.00 to give back."""
    line = billed.line(line_id)
    assert line is not None
    share = Fraction(amount) / Fraction(line.amount)
    discount, credit = (rounded(Fraction(part) * share, billed.currency) for part in (line.discount, line.credit))
    set_off = min(amount - discount - credit, billed.unpaid_like(line))
    left = max(min(line.left, billed.left_like(line)), ZERO)
    back = min(amount - discount - credit - set_off, left)
    coupons = part_of(line.coupons, discount, billed.currency)
    return Return(amount, back + discount + credit, discount, coupons, credit, over)


def _spans(line: BilledLine) -> Sequence[Span]:
    return line.spans or (Span(line.period, line.amount),)


def _part(period: Period, over: Period, weight: Weight) -> Fraction:
    common = Period(max(period.start, over.start), min(period.end, over.end))
    if common == period:
        return Fraction(1)
    if common.start >= common.end:
        return Fraction(0)
    whole = weight(period)
    return min(weight(common) / whole, Fraction(1)) if whole else Fraction(0)


def _without(line: BilledLine, taken: Return, weight: Weight | None = None) -> tuple[Span, ...]:
    """How what is left of the line lies in time: what went back is missing from its end. Where it went back for no time
    in particular, the rest lies evenly. `weight` None: of a time that is cut, each instant counts as much."""
    if taken.over is None or not 0 < taken.amount < line.amount:
        return ()
    before, within = [], []
    for span in _spans(line):
        if span.period.end <= taken.over.start:
            before.append(span)
        elif span.period.start >= taken.over.start:
            within.append(span)
        else:
            earlier, later = _cut(span, taken.over.start, weight or _time)
            before.append(earlier)
            within.append(later)
    most = exact_sum(span.amount for span in within)
    left = [Span(span.period, _share(span.amount, most - taken.amount, most)) for span in within if most > taken.amount]
    return (*before, *left)


def _cut(span: Span, at: datetime, weight: Weight) -> tuple[Span, Span]:
    later = Period(at, span.period.end)
    part = _part(span.period, later, weight)
    amount = _share(span.amount, Decimal(part.numerator), Decimal(part.denominator))
    return Span(Period(span.period.start, at), span.amount - amount), Span(later, amount)


def _time(part: Period) -> Fraction:
    return Fraction((part.end - part.start) // _INSTANT)


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return divided(EXACT.multiply(amount, part), whole, PLACES, ROUND_HALF_UP)
