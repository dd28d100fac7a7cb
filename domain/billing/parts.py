"""Parts: which price is charged for which stretches of which of its periods, before anything is multiplied."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account
from domain.billing.day_owners import begins, ends
from domain.books import Books
from domain.books.stretch import Stretch
from domain.catalog import BillingMode, Price, ProrationPolicy
from domain.period import FOREVER, Cadence, Period, period_at
from domain.policy import ChangeDay


class Piece(Struct, frozen=True):
    """A stretch of the period with its quantity. It may still run beyond `period.end`, which is then the period's own,
    or where its subscription is to end. `begins`, `ends`: whose the local days of that are, where days are counted."""

    period: Period
    quantity: int
    ended: bool
    begins: ChangeDay = ChangeDay.NEW
    ends: ChangeDay = ChangeDay.NEW


class Part(Struct, frozen=True):
    """One price in one of its periods, `whole`. `key` names it on every invoice. A one-time price has an empty
    period."""

    key: str
    price: Price
    stretch: Stretch
    whole: Period
    pieces: tuple[Piece, ...]

    @property
    def covered(self) -> Period:
        """From the first instant that is charged to the last."""
        return Period(self.pieces[0].period.start, self.pieces[-1].period.end)

    def due(self, until: datetime) -> bool:
        """Whether it is to be billed by then: fees in advance at once, all else when its period or its terms end."""
        if self.price.cadence is Cadence.ONCE:
            return True
        if self.stretch.mode is not BillingMode.IN_ARREARS:
            return True
        return self.whole.end <= until or (self.pieces[-1].ended and self.covered.end <= until)


def parts(account: Account, until: datetime) -> tuple[Part, ...]:
    """All fees that begin at or before `until` and are not closed, in the order in which they were sold, then of
    periods."""
    books = account.books
    found: dict[str, Part] = {}
    stretches = tuple(as_of(books, until))
    planned = {held.id: held.cancellation.effective_at for held in account.subscriptions if held.cancellation}
    for stretch in stretches:
        for part in _of(stretch, until, books.closed_until):
            if part.price.cadence is not Cadence.ONCE:
                part = replace(part, pieces=_owned(stretches, part))
                if stretch.subscription_id in planned and stretch.mode is not BillingMode.IN_ARREARS:
                    part = _until_the_end(books, part, planned[stretch.subscription_id])
            there = found.get(part.key)
            found[part.key] = part if there is None else replace(part, pieces=(*there.pieces, *part.pieces))
    return tuple(found.values())


def as_of(books: Books, until: datetime) -> Iterator[Stretch]:
    """The stretches as they were then: what ended later still ran. So what a period's invoice says does not depend on
    how long it stays a draft; a change that is made meanwhile is another invoice's."""
    for one in books.stretches:
        if one.start <= until:
            yield replace(one, end=None) if one.end is not None and one.end > until else one


def _of(stretch: Stretch, until: datetime, closed_until: datetime | None) -> Iterator[Part]:
    if not stretch.trial and (closed_until is None or stretch.start > closed_until):
        for price in (one for one in stretch.once if one.meter_key is None):
            moment = Period(stretch.start, stretch.start)
            key = f"{stretch.subscription_id}/{price.id}/once"
            yield Part(key, price, stretch, moment, (Piece(moment, stretch.quantity, ended=True),))
    for price in stretch.prices:
        if stretch.trial or price.meter_key is not None:
            continue
        for whole in periods(stretch, price.cadence, until, closed_until):
            key = f"{stretch.subscription_id}/{price.id}/{whole.start.isoformat()}"
            yield Part(key, price, stretch, whole, (_piece(stretch, whole),))


def periods(
    stretch: Stretch, cadence: Cadence, until: datetime, closed_until: datetime | None, anchor: datetime | None = None
) -> Iterator[Period]:
    """The whole periods that the stretch touches, from the first that is not closed to the one that holds `until`. A
    stretch that is over counts as long as its last period is not closed: others share it. `anchor`: not that of
    fees."""
    last = min(until, FOREVER if stretch.end is None else stretch.end - datetime.resolution)
    at = stretch.start if closed_until is None else max(stretch.start, min(closed_until, last))
    while at <= last:
        whole = period_at(anchor or stretch.anchor, cadence, stretch.zone, at)
        if closed_until is None or whole.end > closed_until:
            yield whole
        at = whole.end


def _piece(stretch: Stretch, whole: Period) -> Piece:
    end = whole.end if stretch.end is None else min(whole.end, stretch.end)
    return Piece(Period(max(whole.start, stretch.start), end), stretch.quantity, stretch.end is not None)


def _owned(stretches: Sequence[Stretch], part: Part) -> tuple[Piece, ...]:
    if part.price.proration is not ProrationPolicy.BY_DAY:
        return part.pieces
    begin, end = begins(stretches, part.stretch, part.price), ends(stretches, part.stretch, part.price)
    return tuple(replace(piece, begins=begin, ends=end) for piece in part.pieces)


def _until_the_end(books: Books, part: Part, end: datetime) -> Part:
    """What is paid in advance is paid up to the end that is planned. What was billed beyond it goes back when the end
    has come: until then it may be called off."""
    billed = books.billed.get(part.key)
    known = end if billed is None else max(end, billed.period.end)
    pieces = tuple(
        replace(piece, period=Period(piece.period.start, max(piece.period.start, min(piece.period.end, known))))
        for piece in part.pieces
    )
    return replace(part, pieces=pieces)
