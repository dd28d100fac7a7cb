"""Wanted − billed: what every charge has still to be billed, or to give back."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from domain.billing.charge import Charge
from domain.books import Books
from domain.books.books import Billed
from domain.books.invoice import Adjustment
from domain.books.line import ZERO, Line, LineKind, Step
from domain.money import rounded
from domain.period import Period
from domain.pricing.models import unit_amount

ONE = Decimal(1)


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
                lines.append(_first(charge))
        elif charge.amount != before.amount:
            lines.append(_changed(charge, before))
    for key, before in books.billed.items():
        if key not in keys and before.amount and not _closed(books, before):
            lines.append(_given_back(_nothing(key, before), before, -before.amount))
    # A reversal may find that all was given back by hand already.
    return tuple(line for line in lines if line.amount or line.calculated is None)


def _shown(books: Books, charge: Charge) -> bool:
    """Use that costs nothing is shown once: with the others of its period."""
    fresh = books.billed_until is None or charge.period.end > books.billed_until
    return charge.kind is LineKind.USAGE and charge.quantity != 0 and fresh


def _closed(books: Books, before: Billed) -> bool:
    return books.closed_until is not None and before.ends_at <= books.closed_until


def adjusted(lines: Iterable[Line], adjustments: Iterable[Adjustment]) -> tuple[Line, ...]:
    """Support's word in place of what the rules came to, which stays beside it."""
    words = {one.key: one for one in adjustments}
    return tuple(_adjusted(line, words[line.key]) if line.key in words else line for line in lines)


def _adjusted(line: Line, word: Adjustment) -> Line:
    change = word.amount - line.amount
    calculated = line.amount if line.calculated is None else line.calculated
    steps = (*line.steps, Step(f"adjusted: {word.reason}", ONE, change, change))
    # What gives back bore its shares of coupons and credit; with another amount these stay where they are.
    return replace(line, amount=word.amount, calculated=calculated, steps=steps, discount=ZERO, credit=ZERO)


def _first(charge: Charge) -> Line:
    return replace(
        _line(charge),
        quantity=charge.quantity,
        amount=charge.amount,
        unit_amount=None if charge.price is None else unit_amount(charge.price),
        steps=charge.steps,
    )


def _changed(charge: Charge, before: Billed) -> Line:
    """A seat more, a cancellation, a late event: the difference, over the part of the period in which it makes one."""
    difference = charge.amount - before.amount
    steps = (*charge.steps, Step("billed before", ONE, -before.amount, -before.amount))
    ended = charge.period.end < before.period.end
    period = Period(charge.period.end, before.period.end) if ended else Period(charge.changed_at, charge.period.end)
    if charge.kind is LineKind.USAGE:
        period = charge.period
    line = replace(_line(charge), period=period)
    if difference < 0:
        return _given_back(line, before, difference, steps)
    words = f"{charge.description}, difference"
    return replace(line, description=words, amount=difference, unit_amount=difference, steps=steps)


def _given_back(line: Line, before: Billed, difference: Decimal, steps: tuple[Step, ...] = ()) -> Line:
    """The shares of coupons and promotional credit go back with it, taxed as it was billed; and never more than what is
    left: 241.89 unused of 249.95, of which support gave back 10.00, are 239.95 (Kill Bill, published case P27)."""
    share = Fraction(difference) / Fraction(before.amount) if before.amount else Fraction(0)
    discount, credit = (
        rounded(part * share, before.currency) for part in map(Fraction, (before.discount, before.credit))
    )
    amount = max(difference, -max(before.left, ZERO) + discount + credit)
    capped = amount != difference
    if capped:
        kept = amount - difference
        steps = (*steps, Step("given back before, by hand", ONE, kept, kept))
    return replace(
        line,
        description=f"{before.description}, given back",
        quantity=-ONE,
        amount=amount,
        unit_amount=-amount,
        calculated=difference if capped else None,
        discount=discount,
        credit=credit,
        treatment=before.treatment,
        tax_inclusive=before.tax_inclusive,
        steps=steps or (Step("billed before", ONE, difference, difference),),
    )


def _line(charge: Charge) -> Line:
    price = charge.price
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
        subscription_id=charge.stretch.subscription_id,
        plan_key=charge.stretch.plan_key,
        price=price,
        usage=charge.usage,
        ends_at=charge.whole.end,
    )


def _nothing(key: str, before: Billed) -> Line:
    """What is not charged any more, as after a beginning that was dated back."""
    return Line(
        id="",
        key=key,
        kind=before.kind,
        description=before.description,
        quantity=ONE,
        amount=ZERO,
        period=before.period,
        tax_inclusive=before.tax_inclusive,
        subscription_id=before.subscription_id,
        plan_key=before.plan_key,
        ends_at=before.ends_at,
    )
