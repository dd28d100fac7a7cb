"""Charges: what an account should have been billed, by key. (Invoice = wanted − billed; this is what is wanted.)"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.billing.parts import Part, as_of, parts, periods
from domain.books import Books
from domain.books.line import LineKind, Step
from domain.books.stretch import Stretch
from domain.catalog import ChargeModel, Price, ProrationPolicy
from domain.exact import exact_sum
from domain.money import rounded
from domain.period import FOREVER, Cadence, Period
from domain.policy import ChangeDay
from domain.pricing.minimum import true_up
from domain.pricing.proration import prorated, share
from domain.pricing.rate import Rated, rate


class Count(Struct, frozen=True):
    """A figure that has to be read before the charge can be worked out: what the meter read in the period."""

    key: str
    meter_key: str
    period: Period


class Charge(Struct, frozen=True):
    """`amount` is rounded, once. `period` is what is paid for of the `whole`; `changed_at`: since when the present
    quantity holds. `continues`: another price was charged for the beginning of the same period."""

    key: str
    kind: LineKind
    description: str
    currency: str
    quantity: Decimal
    amount: Decimal
    period: Period
    changed_at: datetime
    stretch: Stretch
    whole: Period
    continues: bool = False
    price: Price | None = None
    tax_category: str = "standard"
    tax_inclusive: bool = False
    usage: Period | None = None
    steps: tuple[Step, ...] = ()


def counts(books: Books, until: datetime, *, interim: bool = False) -> tuple[Count, ...]:
    """What has to be read to know the charges up to `until`."""
    return tuple(
        Count(part.key, part.price.meter_key, part.covered)
        for part in _due(books, until, interim)
        if part.price.meter_key is not None
    )


def charges(
    books: Books, figures: Mapping[str, Decimal], until: datetime, *, interim: bool = False
) -> tuple[Charge, ...]:
    """Every charge that is due by `until` and not closed. `figures`: of each of the `counts`, by its key. `interim`:
    also of usage whose period still runs, as far as it got."""
    found = [_charge(books, part, figures) for part in _due(books, until, interim)]
    return (*found, *_minimums(books, found, until))


def _due(books: Books, until: datetime, interim: bool) -> Iterator[Part]:
    """What was billed once stays wanted: usage that was billed in mid-period goes on being counted."""
    for part in parts(books, until):
        if part.due(until) or part.key in books.billed or (interim and part.price.meter_key is not None):
            yield part


def _charge(books: Books, part: Part, figures: Mapping[str, Decimal]) -> Charge:
    price, stretch = part.price, part.stretch
    rated, quantity, kind = _rated(books, part, figures)
    return Charge(
        key=part.key,
        kind=kind,
        description=f"{stretch.plan_name}: {price.key.replace('_', ' ')}",
        currency=price.currency,
        quantity=quantity,
        amount=rounded(rated.exact, price.currency, price.rounding),
        period=part.covered,
        changed_at=part.pieces[-1].period.start,
        stretch=stretch,
        whole=part.whole,
        continues=part.covered.start > part.whole.start and _follows(books, part),
        price=price,
        tax_category=price.tax_category,
        tax_inclusive=price.tax_inclusive,
        usage=None if price.meter_key is None else part.covered,
        steps=rated.steps,
    )


def _rated(books: Books, part: Part, figures: Mapping[str, Decimal]) -> tuple[Rated, Decimal, LineKind]:
    price = part.price
    if price.meter_key is not None:
        used = figures[part.key]
        return rate(price, used), used, LineKind.USAGE
    quantities = [(piece.period, _bought(part.stretch, price, piece.quantity)) for piece in part.pieces]
    last = Decimal(quantities[-1][1])
    if price.cadence is Cadence.ONCE:
        return rate(price, last), last, LineKind.ONCE
    begins = None if _follows(books, part) else ChangeDay.NEW
    return prorated(price, quantities, part.whole, part.stretch.zone, begins=begins), last, LineKind.RECURRING


def _bought(stretch: Stretch, price: Price, quantity: int) -> int:
    """A fixed price is charged once, however many seats there are; of an add-on as often as it was bought."""
    return 1 if price.model is ChargeModel.FLAT and not stretch.add_on else quantity


def _follows(books: Books, part: Part) -> bool:
    """Whether it goes on with what was charged before: of an add-on, with that add-on."""
    start, after = part.covered.start, part.stretch
    return any(
        one.subscription_id == after.subscription_id
        and one.end == start
        and not one.trial
        and one.add_on is after.add_on
        and (not one.add_on or one.plan_key == after.plan_key)
        for one in books.stretches
    )


def _minimums(books: Books, found: list[Charge], until: datetime) -> Iterator[Charge]:
    """What is missing from the minimum spend of each period that is over (or whose plan is). One true-up for all that
    the plan costs, prorated like a fee (Lago, published cases I14, I16)."""
    wanted: dict[str, list[tuple[Period, Stretch]]] = {}
    wholes: dict[str, Period] = {}
    for stretch in as_of(books, until):
        if not stretch.minimum or not stretch.prices or stretch.trial:
            continue
        for whole in periods(stretch, stretch.cadence, until, books.closed_until):
            key = f"{stretch.subscription_id}/minimum/{stretch.version_id}/{whole.start.isoformat()}"
            part = Period(max(whole.start, stretch.start), min(whole.end, stretch.end or FOREVER))
            wanted.setdefault(key, []).append((part, stretch))
            wholes[key] = whole
    for key, pieces in wanted.items():
        whole, stretch = wholes[key], pieces[-1][1]
        covered = Period(pieces[0][0].start, pieces[-1][0].end)
        over = whole.end <= until or (stretch.end is not None and covered.end <= until)
        if over or key in books.billed:
            periods_of = [part for part, _ in pieces]
            spent = _spent(books, found, stretch, whole, periods_of)
            yield _minimum(key, whole, covered, periods_of, stretch, spent)


def _spent(books: Books, found: Iterable[Charge], stretch: Stretch, whole: Period, pieces: Iterable[Period]) -> Decimal:
    """What the plan came to in the period, also in months of it that are closed by now."""
    id, closed = stretch.subscription_id, books.closed_until
    wanted = (
        one.amount
        for one in found
        if (one.stretch.subscription_id, one.stretch.version_id) == (id, stretch.version_id)
        and whole.contains(one.period.start)
    )
    earlier = (
        one.amount
        for one in books.billed.values()
        if closed is not None
        and one.ends_at <= closed
        and one.kind is not LineKind.MINIMUM
        and (one.subscription_id, one.plan_key) == (id, stretch.plan_key)
        and any(piece.contains(one.period.start) for piece in pieces)
    )
    return exact_sum((*wanted, *earlier))


def _minimum(
    key: str, whole: Period, covered: Period, pieces: list[Period], stretch: Stretch, spent: Decimal
) -> Charge:
    assert stretch.minimum is not None
    policy, day = ProrationPolicy.BY_SECOND, ChangeDay.NEW
    part = sum((share(policy, piece, whole, stretch.zone, day) for piece in pieces), Fraction(0))
    amount = true_up(stretch.minimum, part, spent, stretch.currency)
    least = rounded(Fraction(stretch.minimum) * part, stretch.currency)
    one, fee = Decimal(1), stretch.prices[0]  # taxed like what it stands in for
    return Charge(
        key=key,
        kind=LineKind.MINIMUM,
        description=f"{stretch.plan_name}: up to the minimum spend",
        currency=stretch.currency,
        quantity=one,
        amount=amount,
        period=covered,
        changed_at=covered.start,
        stretch=stretch,
        whole=whole,
        tax_category=fee.tax_category,
        tax_inclusive=fee.tax_inclusive,
        steps=(Step("minimum spend", one, least, least), Step("spent", one, -spent, -spent)) if amount else (),
    )
