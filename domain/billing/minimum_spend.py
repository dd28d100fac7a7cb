"""Minimum spend: what a plan's charges leave missing from it, as a charge of its own."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from domain.billing.charge import Charge
from domain.billing.parts import as_of, periods
from domain.books import Books
from domain.books.line import LineKind, Step
from domain.books.stretch import Stretch
from domain.catalog import ProrationPolicy
from domain.exact import exact_sum
from domain.money import rounded
from domain.period import FOREVER, Period
from domain.policy import ChangeDay
from domain.pricing.minimum import true_up
from domain.pricing.proration import share
from domain.tax import STANDARD_CATEGORY


def minimum_charges(books: Books, found: Sequence[Charge], until: datetime) -> Iterator[Charge]:
    """What is missing from the minimum spend of each period that is over (or whose plan is). One true-up for all that
    the plan costs, prorated like a fee (Lago, published cases I14, I16)."""
    wanted: dict[str, list[tuple[Period, Stretch]]] = {}
    wholes: dict[str, Period] = {}
    for stretch in as_of(books, until):
        if not stretch.minimum or stretch.trial:
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
    one = Decimal(1)
    fee = next(iter((*stretch.prices, *stretch.once)), None)  # taxed like what it stands in for
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
        tax_category=STANDARD_CATEGORY if fee is None else fee.tax_category,
        tax_inclusive=fee is not None and fee.tax_inclusive,
        steps=(Step("minimum spend", one, least, least), Step("spent", one, -spent, -spent)) if amount else (),
    )
