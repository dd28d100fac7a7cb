"""Which part of the count of a meter each price charges, before anything is multiplied."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account
from domain.billing.allowance import Allowances, Place, Read
from domain.billing.charge import Count
from domain.billing.price_periods import periods
from domain.billing.tariffs import Tariff, cut_where_tariffs_change, tariffs
from domain.books.line import EventShare
from domain.catalog import Price
from domain.exact import EXACT, ZERO
from domain.period import FOREVER, Period


class Window(Struct, frozen=True):
    """The part of a usage period in which a tariff runs. Use is counted `since` the usage period began."""

    tariff: Tariff
    since: datetime
    period: Period

    @property
    def begins(self) -> bool:
        """Whether the count begins with the window."""
        return self.period.start == self.since


class MeteredPeriod(Struct, frozen=True):
    """One price in one of its usage periods, `whole`. `key` names the metered period on every invoice."""

    key: str
    price: Price
    whole: Period
    windows: tuple[Window, ...]

    @property
    def covered(self) -> Period:
        return Period(self.windows[0].period.start, self.windows[-1].period.end)

    def due(self, until: datetime) -> bool:
        """Whether it is to be billed by then: when the usage period is over, or the terms are."""
        return self.whole.end <= until or self.windows[-1].tariff.segment.end is not None


class Cut(Struct, frozen=True):
    """The part of a count that a price charges from `place.at` up to `until`, while one thing is allowed."""

    place: Place
    until: datetime


class Slice(Struct, frozen=True):
    """A part of the count that a price charges: from one figure to another, of which `spared` units come off beside
    those it includes (None: all)."""

    begins: Decimal
    ends: Decimal
    spared: Decimal | None


class MeteredUse:
    """One customer's use of meters by `until`: which tariff charges for which part of it. No count is read before
    `slice` asks for it."""

    def __init__(self, account: Account, until: datetime) -> None:
        self._tariffs = tariffs(account, until)
        self._allowances = {meter: Allowances(account, meter) for meter in self._tariffs}
        self._closed_until = account.books.closed_until
        self._until = until

    def metered_periods(self) -> tuple[MeteredPeriod, ...]:
        """All that begin by then and are not closed, in the order in which the prices were sold, then of periods."""
        found: dict[str, MeteredPeriod] = {}
        for tariff, price in self._in_order():
            segment = tariff.segment
            for whole in periods(segment, price.cadence, self._until, self._closed_until, segment.anchor_of(price)):
                key = f"{segment.subscription_id}/{price.id}/{whole.start.isoformat()}"
                metered_period = found.get(key) or MeteredPeriod(key, price, whole, ())
                found[key] = replace(metered_period, windows=(*metered_period.windows, _window(tariff, whole)))
        return tuple(found.values())

    def cuts(self, metered_period: MeteredPeriod, window: Window) -> Iterator[Cut]:
        """What the price charges of the count in one of its windows, cut where what is allowed changes."""
        rivals = self._tariffs[window.tariff.meter_key]
        allowances = self._allowances[window.tariff.meter_key]
        for period in cut_where_tariffs_change(window.period, rivals):
            running = tuple(tariff for tariff in rivals if tariff.runs(period.start))
            mine = next(tariff for tariff in running if tariff.subscription_id == window.tariff.subscription_id)
            at = period.start
            while mine is window.tariff and at < period.end:
                place = Place(mine, metered_period.price, running, window.since, at)
                at = allowances.until(place, period.end)
                yield Cut(place, at)

    def _in_order(self) -> Sequence[tuple[Tariff, Price]]:
        def order(tariff: Tariff, price: Price) -> tuple[int, int]:
            return tariff.sold, tariff.segment.prices.index(price)

        every = [(tariff, price) for rivals in self._tariffs.values() for tariff in rivals for price in tariff.prices]
        return sorted(every, key=lambda pair: order(*pair))

    def slice(self, cut: Cut, read: Read) -> Slice:
        """The part of the count that the price charges in the cut, by the counts that `read` tells. The subscription
        begun first charges for all events but those that others charge for: what names another is that one's."""
        place = cut.place
        first, *others = dict.fromkeys(tariff.subscription_id for tariff in place.running)
        mine = place.tariff.subscription_id
        allowances = self._allowances[place.tariff.meter_key]
        spared = allowances.spared(place, read)
        allowed = None if spared is None else EXACT.add(place.price.included or ZERO, spared)
        brought = {id: allowances.given_by(id, place) for id in others}
        begins, ends = (_by_subscription(place, at, allowed, brought, read) for at in (place.at, cut.until))
        return Slice(begins[mine], ends[mine], spared if mine == first else allowances.spared_of_named(place))


def _by_subscription(
    place: Place, at: datetime, allowed: Decimal | None, brought: Mapping[str, Decimal], read: Read
) -> dict[str, Decimal]:
    """By subscription, the part of the count at an instant that it charges for. Events that name another subscription
    than the first use up what that one `brought` along; what is more that one charges for, as far as use is beyond all
    that is `allowed`. The rest is in the count of the first."""
    first = place.running[0].subscription_id
    every = _used(place, at, read)
    beyond = ZERO if allowed is None else max(ZERO, EXACT.subtract(every, allowed))
    found = {first: every}
    for id, own in brought.items():
        named = _used(place, at, read, id)
        taken = min(beyond, max(ZERO, EXACT.subtract(named, own)))
        beyond = EXACT.subtract(beyond, taken)
        found[id] = min(named, EXACT.add(own, taken))
        found[first] = EXACT.subtract(found[first], taken)
    return found


def _used(place: Place, at: datetime, read: Read, subscription_id: str | None = None) -> Decimal:
    if at <= place.since:
        return ZERO
    return read(Count(place.tariff.meter_key, Period(place.since, at), subscription_id))


def event_shares(cuts: Iterable[Cut]) -> tuple[EventShare, ...]:
    """Which events are charged for in the cuts. The subscription begun first charges for all but those that name
    another which charges, too."""
    shares: list[EventShare] = []
    for cut in cuts:
        first, *others = dict.fromkeys(tariff.subscription_id for tariff in cut.place.running)
        mine, period = cut.place.tariff.subscription_id, Period(cut.place.at, cut.until)
        share = EventShare(period, but=tuple(others)) if mine == first else EventShare(period, naming=mine)
        if shares and replace(shares[-1], period=Period(shares[-1].period.end, cut.until)) == share:
            share = replace(share, period=Period(shares.pop().period.start, cut.until))
        shares.append(share)
    return tuple(shares)


def _window(tariff: Tariff, whole: Period) -> Window:
    period = Period(max(whole.start, tariff.segment.start), min(whole.end, tariff.segment.end or FOREVER))
    return Window(tariff, min(max(whole.start, tariff.since), period.start), period)


def joined_slices(slices: Iterable[Slice]) -> list[Slice]:
    """The slices without seams: where one goes on where the last ended, and as many units are spared, both are one."""
    found: list[Slice] = []
    for slice in slices:
        if found and (found[-1].ends, found[-1].spared) == (slice.begins, slice.spared):
            slice = replace(slice, begins=found.pop().begins)
        found.append(slice)
    return found
