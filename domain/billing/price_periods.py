"""Parts: which price is charged for which segments of which of its periods, before anything is multiplied."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account
from domain.billing.day_owners import begins, ends
from domain.books import Books
from domain.books.segment import BillingSegment
from domain.catalog import BillingMode, Price, ProrationPolicy
from domain.period import FOREVER, Cadence, Period, period_at
from domain.policy import ChangeDay


class PeriodPart(Struct, frozen=True):
    """A segment of the period with its quantity. It may still run beyond `period.end`, which is then the period's own,
    or where its subscription is to end. `begins`, `ends`: whose the local days of that are, where days are counted."""

    period: Period
    quantity: int
    ended: bool
    begins: ChangeDay = ChangeDay.NEW
    ends: ChangeDay = ChangeDay.NEW


class PricePeriod(Struct, frozen=True):
    """One price in one of its periods, `whole`. `key` names it on every invoice. A one-time price has an empty
    period."""

    key: str
    price: Price
    segment: BillingSegment
    whole: Period
    pieces: tuple[PeriodPart, ...]

    @property
    def covered(self) -> Period:
        """From the first instant that is charged to the last."""
        return Period(self.pieces[0].period.start, self.pieces[-1].period.end)

    def due(self, until: datetime) -> bool:
        """Whether it is to be billed by then: fees in advance at once, all else when its period or its terms end."""
        if self.price.cadence is Cadence.ONCE:
            return True
        if self.segment.mode is not BillingMode.IN_ARREARS:
            return True
        return self.whole.end <= until or (self.pieces[-1].ended and self.covered.end <= until)


def price_periods(account: Account, until: datetime) -> tuple[PricePeriod, ...]:
    """All fees that begin at or before `until` and are not closed, in the order in which they were sold, then of
    periods."""
    books = account.books
    found: dict[str, PricePeriod] = {}
    segments = tuple(as_of(books, until))
    planned = {held.id: held.cancellation.effective_at for held in account.subscriptions if held.cancellation}
    for segment in segments:
        for part in _of(segment, until, books.closed_until):
            if part.price.cadence is not Cadence.ONCE:
                part = replace(part, pieces=_owned(segments, part))
                if segment.subscription_id in planned and segment.mode is not BillingMode.IN_ARREARS:
                    part = _until_the_end(books, part, planned[segment.subscription_id])
            there = found.get(part.key)
            found[part.key] = part if there is None else replace(part, pieces=(*there.pieces, *part.pieces))
    return tuple(found.values())


def as_of(books: Books, until: datetime) -> Iterator[BillingSegment]:
    """The segments as they were then: what ended later still ran. So what a period's invoice says does not depend on
    how long it stays a draft; a change that is made meanwhile is another invoice's."""
    for segment in books.segments:
        if segment.start <= until:
            yield replace(segment, end=None) if segment.end is not None and segment.end > until else segment


def _of(segment: BillingSegment, until: datetime, closed_until: datetime | None) -> Iterator[PricePeriod]:
    if not segment.trial and (closed_until is None or segment.start > closed_until):
        for price in (once for once in segment.once if once.meter_key is None):
            moment = Period(segment.start, segment.start)
            key = f"{segment.subscription_id}/{price.id}/once"
            yield PricePeriod(key, price, segment, moment, (PeriodPart(moment, segment.quantity, ended=True),))
    for price in segment.prices:
        if segment.trial or price.meter_key is not None:
            continue
        for whole in periods(segment, price.cadence, until, closed_until):
            key = f"{segment.subscription_id}/{price.id}/{whole.start.isoformat()}"
            yield PricePeriod(key, price, segment, whole, (_piece(segment, whole),))


def periods(
    segment: BillingSegment,
    cadence: Cadence,
    until: datetime,
    closed_until: datetime | None,
    anchor: datetime | None = None,
) -> Iterator[Period]:
    """The whole periods that the segment touches, from the first that is not closed to the one that holds `until`. A
    segment that is over counts as long as its last period is not closed: others share it. `anchor`: not that of
    fees."""
    last = min(until, FOREVER if segment.end is None else segment.end - datetime.resolution)
    at = segment.start if closed_until is None else max(segment.start, min(closed_until, last))
    while at <= last:
        whole = period_at(anchor or segment.anchor, cadence, segment.zone, at)
        if closed_until is None or whole.end > closed_until:
            yield whole
        at = whole.end


def _piece(segment: BillingSegment, whole: Period) -> PeriodPart:
    end = whole.end if segment.end is None else min(whole.end, segment.end)
    return PeriodPart(Period(max(whole.start, segment.start), end), segment.quantity, segment.end is not None)


def _owned(segments: Sequence[BillingSegment], part: PricePeriod) -> tuple[PeriodPart, ...]:
    if part.price.proration is not ProrationPolicy.BY_DAY:
        return part.pieces
    begin, end = begins(segments, part.segment, part.price), ends(segments, part.segment, part.price)
    return tuple(replace(piece, begins=begin, ends=end) for piece in part.pieces)


def _until_the_end(books: Books, part: PricePeriod, end: datetime) -> PricePeriod:
    """What is paid in advance is paid up to the end that is planned. What was billed beyond it goes back when the end
    has come: until then it may be called off."""
    billed = books.billed.get(part.key)
    known = end if billed is None else max(end, billed.period.end)
    pieces = tuple(
        replace(piece, period=Period(piece.period.start, max(piece.period.start, min(piece.period.end, known))))
        for piece in part.pieces
    )
    return replace(part, pieces=pieces)
