"""Minimum spend: what a plan's charges leave missing from it, as a charge of its own."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from domain.billing.charge import Charge
from domain.billing.price_periods import as_of, periods
from domain.books import Books
from domain.books.line import LineKind, Step
from domain.books.segment import BillingSegment
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
    wanted: dict[str, list[tuple[Period, BillingSegment]]] = {}
    wholes: dict[str, Period] = {}
    for segment in as_of(books, until):
        if not segment.minimum or segment.trial:
            continue
        for whole in periods(segment, segment.cadence, until, books.closed_until):
            key = f"{segment.subscription_id}/minimum/{segment.version_id}/{whole.start.isoformat()}"
            part = Period(max(whole.start, segment.start), min(whole.end, segment.end or FOREVER))
            wanted.setdefault(key, []).append((part, segment))
            wholes[key] = whole
    for key, pieces in wanted.items():
        whole, segment = wholes[key], pieces[-1][1]
        covered = Period(pieces[0][0].start, pieces[-1][0].end)
        over = whole.end <= until or (segment.end is not None and covered.end <= until)
        if over or key in books.billed:
            periods_of = [part for part, _ in pieces]
            spent = _spent(books, found, segment, whole, periods_of)
            yield _minimum(key, whole, covered, periods_of, segment, spent)


def _spent(
    books: Books, found: Iterable[Charge], segment: BillingSegment, whole: Period, pieces: Iterable[Period]
) -> Decimal:
    """What the plan came to in the period, also in months of it that are closed by now."""
    id, closed = segment.subscription_id, books.closed_until
    wanted = (
        charge.amount
        for charge in found
        if (charge.segment.subscription_id, charge.segment.version_id) == (id, segment.version_id)
        and whole.contains(charge.period.start)
    )
    earlier = (
        billed.amount
        for billed in books.billed.values()
        if closed is not None
        and billed.ends_at <= closed
        and billed.kind is not LineKind.MINIMUM
        and (billed.subscription_id, billed.plan_key) == (id, segment.plan_key)
        and any(piece.contains(billed.period.start) for piece in pieces)
    )
    return exact_sum((*wanted, *earlier))


def _minimum(
    key: str, whole: Period, covered: Period, pieces: list[Period], segment: BillingSegment, spent: Decimal
) -> Charge:
    assert segment.minimum is not None
    policy, day = ProrationPolicy.BY_SECOND, ChangeDay.NEW
    part = sum((share(policy, piece, whole, segment.zone, day) for piece in pieces), Fraction(0))
    amount = true_up(segment.minimum, part, spent, segment.currency)
    least = rounded(Fraction(segment.minimum) * part, segment.currency)
    one = Decimal(1)
    fee = next(iter((*segment.prices, *segment.once)), None)  # taxed like what it stands in for
    return Charge(
        key=key,
        kind=LineKind.MINIMUM,
        description=f"{segment.plan_name}: up to the minimum spend",
        currency=segment.currency,
        quantity=one,
        amount=amount,
        period=covered,
        changed_at=covered.start,
        segment=segment,
        whole=whole,
        tax_category=STANDARD_CATEGORY if fee is None else fee.tax_category,
        tax_inclusive=fee is not None and fee.tax_inclusive,
        steps=(Step("minimum spend", one, least, least), Step("spent", one, -spent, -spent)) if amount else (),
    )
