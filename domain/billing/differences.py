"""Wanted − billed: what every charge has still to be billed, or to give back."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from domain.billing.charge import Charge
from domain.books import Books
from domain.books.billed import Billed, Weight, returns
from domain.books.invoice import Adjustment
from domain.books.line import Line, LineKind, LineRef, Step
from domain.books.redemption import mirrored_shares
from domain.exact import ONE, ZERO
from domain.period import Period
from domain.pricing.models import unit_amount
from domain.pricing.proration import share


def differences(books: Books, wanted: Iterable[Charge]) -> tuple[Line, ...]:
    """A line for each charge whose amount is not the one that was billed, and for what was billed and is not wanted any
    more. What used nothing, or nothing beyond what is included, gets a line of zero the first time, for the customer to
    see. The lines have no ids yet."""
    lines: list[Line] = []
    keys = set()
    for charge in wanted:
        keys.add(charge.key)
        before = books.billed.get(charge.key)
        if before is None:
            if charge.amount or _shown(books, charge):
                lines.append(_first_line(charge))
        elif charge.amount > before.amount:
            lines.append(_raised_line(charge, before))
        elif charge.amount < before.amount:
            lines.extend(_lowered_lines(charge, before))
    for key, before in books.billed.items():
        if key not in keys and before.amount > 0 and not _closed(books, before):
            lines.extend(_credited_back(_unwanted_line(key, before), before, before.amount, before.period, None))
    return tuple(lines)


def is_set_off(line: Line) -> bool:
    """Whether nothing goes back of what would, by the rules: it was not paid, or all given back by hand already."""
    return line.corrects is not None and not line.amount


def _shown(books: Books, charge: Charge) -> bool:
    """Whether use that costs nothing is shown: once, with the other charges of its period."""
    fresh = books.billed_until is None or charge.period.end > books.billed_until
    return charge.kind is LineKind.USAGE and charge.quantity != 0 and fresh


def _closed(books: Books, before: Billed) -> bool:
    return books.closed_until is not None and before.ends_at <= books.closed_until


def adjusted(lines: Iterable[Line], adjustments: Iterable[Adjustment]) -> tuple[Line, ...]:
    """Support's word in place of what the rules came to, which stays beside it. Where several lines have the key, since
    something goes back of each, the first comes to that and the others to nothing."""
    by_key = {adjustment.key: adjustment for adjustment in adjustments}
    found: list[Line] = []
    for line in lines:
        adjustment = by_key.get(line.key)
        found.append(line if adjustment is None else _adjusted_line(line, adjustment))
        if adjustment is not None:
            by_key[line.key] = replace(adjustment, amount=ZERO)
    return tuple(found)


def _adjusted_line(line: Line, adjustment: Adjustment) -> Line:
    amount = adjustment.amount
    change = amount - line.amount
    calculated = line.amount if line.calculated is None else line.calculated
    steps = (*line.steps, Step(f"adjusted: {adjustment.reason}", ONE, change, change))
    # What gives back bore its shares of coupons and credit; with another amount these stay where they are.
    return replace(line, amount=amount, calculated=calculated, steps=steps, discount=ZERO, coupons=(), credit=ZERO)


def _first_line(charge: Charge) -> Line:
    return replace(
        _empty_line(charge),
        quantity=charge.quantity,
        amount=charge.amount,
        unit_amount=None if charge.price is None else unit_amount(charge.price),
        steps=charge.steps,
    )


def _raised_line(charge: Charge, before: Billed) -> Line:
    """A seat more, a late event: the difference, over the part of the period in which it makes one."""
    difference = charge.amount - before.amount
    since = charge.changed_at
    if before.period.end < charge.period.end:  # an end that was planned does not come
        since = max(since, before.period.end)
    usage = charge.kind is LineKind.USAGE
    return replace(
        _empty_line(charge),
        period=charge.period if usage else Period(since, charge.period.end),
        description=f"{charge.description}, difference",
        amount=difference,
        unit_amount=difference,
        steps=(*charge.steps, _billed_before(before)),
    )


def _lowered_lines(charge: Charge, before: Billed) -> Iterator[Line]:
    """A seat less, a cancellation, a correction: what is credited back for the part of the period in which it makes a
    difference."""
    ended = charge.period.end < before.period.end
    over = Period(charge.period.end, before.period.end) if ended else Period(charge.changed_at, charge.period.end)
    line = replace(_empty_line(charge), period=charge.period if charge.kind is LineKind.USAGE else over)
    weight = _weight(charge) if charge.kind is LineKind.RECURRING else None
    steps = (*charge.steps, _billed_before(before))
    yield from _credited_back(line, before, before.amount - charge.amount, over, weight, steps)


def _billed_before(before: Billed) -> Step:
    return Step("billed before", ONE, -before.amount, -before.amount)


def _weight(charge: Charge) -> Weight:
    price = charge.price
    assert price is not None

    def weight(part: Period) -> Fraction:
        begins = charge.end_day if part.start == charge.period.end else None
        return share(price.proration, part, charge.whole, charge.segment.zone, price.change_day, begins=begins)

    return weight


def _credited_back(
    line: Line, before: Billed, amount: Decimal, over: Period, weight: Weight | None, steps: tuple[Step, ...] = ()
) -> Iterator[Line]:
    """A line for each billed line that `amount` goes back of, taxed as that was."""
    found = list(returns(before, amount, over, weight))
    for billed, back in found:
        told = steps if len(found) == 1 else ()
        told = told or (Step("billed before", ONE, -back.amount, -back.amount),)
        if back.kept:
            reason = "given back before, by hand" if billed.given else "never paid"
            told = (*told, Step(reason, ONE, back.kept, back.kept))
        yield replace(
            line,
            description=f"{before.description}, given back",
            quantity=-ONE,
            amount=-back.back,
            unit_amount=back.back,
            calculated=-back.amount if back.kept else None,
            discount=-back.discount,
            coupons=mirrored_shares(back.coupons),
            credit=-back.credit,
            treatment=billed.treatment,
            tax_inclusive=billed.tax_inclusive,
            steps=told,
            because=line.because or billed.because,
            corrects=LineRef(billed.invoice_id, billed.line_id),
            over=back.over,
            stands=back.stands,
        )


def _empty_line(charge: Charge) -> Line:
    return Line(
        id="",
        key=charge.key,
        kind=charge.kind,
        description=charge.description,
        quantity=ONE,
        amount=ZERO,
        period=charge.period,
        tax_category=charge.tax_category,
        tax_inclusive=charge.tax_inclusive,
        subscription_id=charge.segment.subscription_id,
        plan_key=charge.segment.plan_key,
        price=charge.price,
        usage=charge.usage,
        events=charge.events,
        ends_at=charge.whole.end,
        because=charge.segment.because,
    )


def _unwanted_line(key: str, before: Billed) -> Line:
    """Of a key that is not charged any more, as after a beginning that was dated back."""
    return Line(
        id="",
        key=key,
        kind=before.kind,
        description=before.description,
        quantity=ONE,
        amount=ZERO,
        period=before.period,
        subscription_id=before.subscription_id,
        plan_key=before.plan_key,
        ends_at=before.ends_at,
    )
