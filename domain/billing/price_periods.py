"""Price periods: which price is charged for which parts of which of its periods, before anything is multiplied."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account
from domain.billing.day_owners import owner_of_first_day, owner_of_last_day
from domain.books import Books
from domain.books.segment import BillingSegment
from domain.catalog import BillingMode, Price, ProrationPolicy
from domain.period import FOREVER, Cadence, Period, period_at
from domain.policy import ChangeDay


class PeriodPart(Struct, frozen=True):
    """What a billing segment takes of a price period, with its quantity. The segment may still run (not `ended`): then
    `period.end` is the price period's own, or where the subscription is to end. `first_day`, `last_day`: who owns the
    local days on which the part begins and ends, where days are counted."""

    period: Period
    quantity: int
    ended: bool
    first_day: ChangeDay = ChangeDay.NEW
    last_day: ChangeDay = ChangeDay.NEW


class PricePeriod(Struct, frozen=True):
    """One price in one of its periods, `whole`, and the parts of that which are charged. `key` names the price period
    on every invoice. A one-time price has an empty period."""

    key: str
    price: Price
    segment: BillingSegment
    whole: Period
    parts: tuple[PeriodPart, ...]

    @property
    def covered(self) -> Period:
        """From the first instant that is charged to the last."""
        return Period(self.parts[0].period.start, self.parts[-1].period.end)

    def due(self, until: datetime) -> bool:
        """Whether the price period is to be billed by then: a fee in advance at once, all else when the period or its
        terms end."""
        if self.price.cadence is Cadence.ONCE:
            return True
        if self.segment.mode is not BillingMode.IN_ARREARS:
            return True
        return self.whole.end <= until or (self.parts[-1].ended and self.covered.end <= until)


def price_periods(account: Account, until: datetime) -> tuple[PricePeriod, ...]:
    """The price periods of all fees that begin at or before `until` and are not closed, in the order in which the
    prices were sold, then of periods."""
    books = account.books
    found: dict[str, PricePeriod] = {}
    segments = tuple(as_of(books, until))
    planned = {
        subscription.id: subscription.cancellation.effective_at
        for subscription in account.subscriptions
        if subscription.cancellation
    }
    for segment in segments:
        for price_period in _price_periods_of(segment, until, books.closed_until):
            if price_period.price.cadence is not Cadence.ONCE:
                price_period = replace(price_period, parts=_with_day_owners(segments, price_period))
                if segment.subscription_id in planned and segment.mode is not BillingMode.IN_ARREARS:
                    price_period = _until_the_end(books, price_period, planned[segment.subscription_id])
            earlier = found[price_period.key].parts if price_period.key in found else ()
            found[price_period.key] = replace(price_period, parts=(*earlier, *price_period.parts))
    return tuple(found.values())


def as_of(books: Books, until: datetime) -> Iterator[BillingSegment]:
    """The billing segments as they stood at `until`: what ended later still ran. So what a period's invoice says does
    not depend on how long it stays a draft; a change that is made meanwhile is another invoice's."""
    for segment in books.segments:
        if segment.start <= until:
            yield replace(segment, end=None) if segment.end is not None and segment.end > until else segment


def _price_periods_of(segment: BillingSegment, until: datetime, closed_until: datetime | None) -> Iterator[PricePeriod]:
    if segment.trial:
        return
    if closed_until is None or segment.start > closed_until:
        for price in (price for price in segment.once if price.meter_key is None):
            no_time = Period(segment.start, segment.start)
            key = f"{segment.subscription_id}/{price.id}/once"
            yield PricePeriod(key, price, segment, no_time, (PeriodPart(no_time, segment.quantity, ended=True),))
    for price in (price for price in segment.prices if price.meter_key is None):
        for whole in periods(segment, price.cadence, until, closed_until):
            key = f"{segment.subscription_id}/{price.id}/{whole.start.isoformat()}"
            yield PricePeriod(key, price, segment, whole, (_part(segment, whole),))


def periods(
    segment: BillingSegment,
    cadence: Cadence,
    until: datetime,
    closed_until: datetime | None,
    anchor: datetime | None = None,
) -> Iterator[Period]:
    """The whole periods that the segment touches, from the first that is not closed to the one that holds `until`. A
    segment that is over counts as long as its last period is not closed: other segments share that period. `anchor`:
    where the periods begin, if not where those of fees do."""
    last = min(until, FOREVER if segment.end is None else segment.end - datetime.resolution)
    at = segment.start if closed_until is None else max(segment.start, min(closed_until, last))
    while at <= last:
        whole = period_at(anchor or segment.anchor, cadence, segment.zone, at)
        if closed_until is None or whole.end > closed_until:
            yield whole
        at = whole.end


def _part(segment: BillingSegment, whole: Period) -> PeriodPart:
    end = whole.end if segment.end is None else min(whole.end, segment.end)
    return PeriodPart(Period(max(whole.start, segment.start), end), segment.quantity, segment.end is not None)


def _with_day_owners(segments: Sequence[BillingSegment], price_period: PricePeriod) -> tuple[PeriodPart, ...]:
    if price_period.price.proration is not ProrationPolicy.BY_DAY:
        return price_period.parts
    segment, price = price_period.segment, price_period.price
    first, last = owner_of_first_day(segments, segment, price), owner_of_last_day(segments, segment, price)
    return tuple(replace(part, first_day=first, last_day=last) for part in price_period.parts)


def _until_the_end(books: Books, price_period: PricePeriod, end: datetime) -> PricePeriod:
    """A fee in advance is charged up to the planned end of its subscription. What was billed beyond that goes back when
    the end has come: until then the end may be called off."""
    billed = books.billed.get(price_period.key)
    known = end if billed is None else max(end, billed.period.end)
    parts = tuple(
        replace(part, period=Period(part.period.start, max(part.period.start, min(part.period.end, known))))
        for part in price_period.parts
    )
    return replace(price_period, parts=parts)
