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
from domain.exact import ONE, exact_sum
from domain.money import rounded
from domain.period import FOREVER, Period
from domain.policy import ChangeDay
from domain.pricing.minimum import true_up
from domain.pricing.proration import share
from domain.tax import STANDARD_CATEGORY


def minimum_charges(books: Books, charges: Sequence[Charge], until: datetime) -> Iterator[Charge]:
    """What `charges` leave missing from the minimum spend of each period that is over (or whose plan is). One true-up
    for all that the plan costs, prorated like a fee (Lago, published cases I14, I16)."""
    parts_of: dict[str, list[Period]] = {}
    of_key: dict[str, tuple[Period, BillingSegment]] = {}
    for segment in as_of(books, until):
        if not segment.minimum or segment.trial:
            continue
        for whole in periods(segment, segment.cadence, until, books.closed_until):
            key = f"{segment.subscription_id}/minimum/{segment.version_id}/{whole.start.isoformat()}"
            part = Period(max(whole.start, segment.start), min(whole.end, segment.end or FOREVER))
            parts_of.setdefault(key, []).append(part)
            of_key[key] = whole, segment  # the latest segment
    for key, (whole, segment) in of_key.items():
        parts = parts_of[key]
        over = whole.end <= until or (segment.end is not None and parts[-1].end <= until)
        if over or key in books.billed:
            yield _true_up(key, whole, parts, segment, _spent(books, charges, segment, whole, parts))


def _spent(
    books: Books, charges: Iterable[Charge], segment: BillingSegment, whole: Period, parts: Iterable[Period]
) -> Decimal:
    """What the plan came to in the `whole` period, also in months of it that are closed by now."""
    id, closed = segment.subscription_id, books.closed_until
    wanted = (
        charge.amount
        for charge in charges
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
        and any(part.contains(billed.period.start) for part in parts)
    )
    return exact_sum((*wanted, *earlier))


def _true_up(key: str, whole: Period, parts: Sequence[Period], segment: BillingSegment, spent: Decimal) -> Charge:
    assert segment.minimum is not None
    policy, day = ProrationPolicy.BY_SECOND, ChangeDay.NEW
    fraction = sum((share(policy, part, whole, segment.zone, day) for part in parts), Fraction(0))
    amount = true_up(segment.minimum, fraction, spent, segment.currency)
    least = rounded(Fraction(segment.minimum) * fraction, segment.currency)
    covered = Period(parts[0].start, parts[-1].end)
    fee = next(iter((*segment.prices, *segment.once)), None)  # taxed like what it stands in for
    return Charge(
        key=key,
        kind=LineKind.MINIMUM,
        description=f"{segment.plan_name}: up to the minimum spend",
        currency=segment.currency,
        quantity=ONE,
        amount=amount,
        period=covered,
        changed_at=covered.start,
        segment=segment,
        whole=whole,
        tax_category=STANDARD_CATEGORY if fee is None else fee.tax_category,
        tax_inclusive=fee is not None and fee.tax_inclusive,
        steps=(Step("minimum spend", ONE, least, least), Step("spent", ONE, -spent, -spent)) if amount else (),
    )
