"""The fold of subscription events into segments: whatever happened, what runs now is compared with what ran before."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec.structs import replace

from domain.books import Books
from domain.books.segment import BillingSegment
from domain.catalog import PlanVersion, Price
from domain.period import Cadence
from domain.policy import ChangesBilled, TrialUsage
from domain.pricing.models import costs
from domain.subscription import Subscription

_ORDER = tuple(Cadence)


def with_segments(
    books: Books, subscription: Subscription, currency: str, since: datetime, at: datetime, *, because: int, runs: bool
) -> Books:
    """The books after a change of the subscription that is charged from `since` and was recorded at `at` as entry
    `because` of the journal: segments whose terms no longer hold end there, and (if it still `runs`) new ones begin."""
    wanted = {segment.plan_key: segment for segment in (segments_of(subscription, currency, since) if runs else ())}
    kept: list[BillingSegment] = []
    changed: list[BillingSegment] = []
    once = list(books.once)
    follows = False  # a paid segment of the same subscription came before: this is a change, not a beginning
    for segment in books.segments:
        if segment.subscription_id != subscription.id or segment.end is not None:
            kept.append(segment)
            follows = follows or (segment.subscription_id == subscription.id and not segment.trial)
            continue
        if segment.plan_key in wanted and _same_terms(segment, wanted[segment.plan_key]):
            kept.append(segment)
            del wanted[segment.plan_key]
            continue
        changed.append(segment)
        follows = follows or not segment.trial
        if segment.start < since:
            kept.append(replace(segment, end=since))
        else:  # it lasted no time: what was due at its start is due with what takes its place, or not at all
            once = [name for name in once if name not in {_name(segment, price) for price in segment.once}]
    for new in wanted.values():
        due = () if new.trial else tuple(price for price in new.once if _name(new, price) not in once)
        once += [_name(new, price) for price in due]
        new = replace(new, once=due, because=because)
        changed.append(new)
        kept.append(new)
    # Of a beginning, a pause or an end no invoice follows that could take it along.
    going_on = any(
        segment.subscription_id == subscription.id and segment.end is None and may_charge(segment) for segment in kept
    )
    edge = not follows or not going_on
    now = any(may_charge(segment) and (edge or segment.changes_billed is ChangesBilled.AT_ONCE) for segment in changed)
    return replace(books, segments=tuple(kept), once=tuple(once), bill_at=at if now else books.bill_at)


def _name(segment: BillingSegment, price: Price) -> str:
    """A one-time price is paid once for a plan of a subscription, whatever version is moved to."""
    return f"{segment.subscription_id}/{segment.plan_key}/{price.key}"


def billed_up_to(books: Books, subscription_id: str, end: datetime) -> bool:
    """Whether a period of the subscription was billed only up to there, in the midst of it."""
    return any(
        billed.subscription_id == subscription_id and billed.period.end == end < billed.ends_at
        for billed in books.billed.values()
    )


def may_charge(segment: BillingSegment) -> bool:
    """Whether anything can come of it. A free plan needs no billing, and a trial only for usage that is billed."""
    if segment.trial:
        billed = segment.trial_usage is TrialUsage.BILLED
        return billed and any(price.meter_key and costs(price) for price in segment.prices)
    return bool(segment.minimum) or any(costs(price) for price in (*segment.prices, *segment.once))


def applicable_prices(
    version: PlanVersion, overrides: Iterable[Price], currency: str, cadence: Cadence
) -> tuple[tuple[Price, ...], tuple[Price, ...]]:
    """The prices of a plan that a subscriber pays, (recurring, once). Of one key that is sold in several rhythms it
    is that of the subscription, else (usage by the month under a plan by the year) the shortest."""
    instead = {(price.key, price.currency, price.cadence): price for price in overrides}
    recurring: dict[str, Price] = {}
    once: list[Price] = []
    for listed in version.terms.prices:
        if listed.currency != currency:
            continue
        price = instead.get((listed.key, listed.currency, listed.cadence), listed)
        if price.cadence is Cadence.ONCE:
            once.append(price)
            continue
        other = recurring.get(price.key)
        if other is None or _fits(price, cadence) < _fits(other, cadence):
            recurring[price.key] = price
    return tuple(recurring.values()), tuple(once)


def _fits(price: Price, cadence: Cadence) -> tuple[bool, int]:
    return (price.cadence is not cadence, _ORDER.index(price.cadence))


def segments_of(subscription: Subscription, currency: str, since: datetime) -> Iterator[BillingSegment]:
    """What its plan and its add-ons charge for, from then on."""
    yield _segment(subscription, subscription.plan, subscription.quantity, currency, since, add_on=False)
    for add_on in subscription.add_ons:
        yield _segment(subscription, add_on.plan, add_on.quantity, currency, since, add_on=True)


def _segment(
    subscription: Subscription, version: PlanVersion, quantity: int, currency: str, since: datetime, *, add_on: bool
) -> BillingSegment:
    terms = subscription.plan.terms
    prices, once = applicable_prices(version, () if add_on else subscription.overrides, currency, subscription.cadence)
    minimum = next((money.amount for money in version.terms.minimum_spend if money.currency == currency), None)
    return BillingSegment(
        subscription_id=subscription.id,
        plan_key=version.plan_key,
        plan_name=version.plan_name,
        version_id=version.id,
        currency=currency,
        prices=prices,
        mode=version.terms.billing,
        anchor=subscription.anchor,
        cadence=subscription.cadence,
        zone=subscription.zone,
        quantity=quantity,
        start=since,
        once=once,
        add_on=add_on,
        trial=subscription.trialing,
        trial_usage=terms.trial_usage,
        changes_billed=terms.changes_billed,
        minimum=None if add_on else minimum,
        draft_hours=terms.draft_hours,
        usage_anchor=subscription.usage_anchor,
        usage_since=subscription.usage_since,
    )


def _same_terms(segment: BillingSegment, other: BillingSegment) -> bool:
    return replace(segment, start=other.start, once=(), because=None) == replace(other, once=())
