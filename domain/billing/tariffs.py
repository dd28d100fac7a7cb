"""Who charges for use: one tariff at each instant, so that one event is charged once. (decisions/0021)"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import chain, pairwise

from msgspec import Struct

from domain.account import Account
from domain.billing.price_periods import as_of
from domain.books.segment import BillingSegment
from domain.catalog import Price
from domain.evolve.segments import segments_of
from domain.exact import EXACT, ZERO
from domain.period import FOREVER, Period
from domain.policy import TrialUsage


class Tariff(Struct, frozen=True):
    """All prices that one plan version, or one add-on, puts on a meter: they charge together. `since`: from when on its
    subscription's use counts. `sold`: the order in which they were."""

    meter_key: str
    sold: int
    segment: BillingSegment
    prices: tuple[Price, ...]
    since: datetime

    @property
    def subscription_id(self) -> str:
        return self.segment.subscription_id

    @property
    def slot(self) -> tuple[str, str | None]:
        """As of a `Limit`."""
        return self.subscription_id, self.segment.plan_key if self.segment.add_on else None

    @property
    def end(self) -> datetime:
        return self.segment.end or FOREVER

    def included(self, price: Price) -> Decimal:
        """Units that come off: of an add-on that was bought n times n times as many, like its limit."""
        times = self.segment.quantity if self.segment.add_on else 1
        return EXACT.multiply(price.included or ZERO, Decimal(times))

    def runs(self, at: datetime) -> bool:
        return self.segment.start <= at < self.end


def tariffs(account: Account, until: datetime) -> dict[str, list[Tariff]]:
    """By meter, all tariffs that charge for its use by then, in the order in which an event is theirs: the subscription
    begun first; within it the add-ons, the latest first, before the plan."""
    return _ordered(account, as_of(account.books, until))


def running(account: Account, at: datetime) -> dict[str, list[Tariff]]:
    """The tariffs of what runs at `at`, told without the books."""
    assert account.customer is not None
    currency = account.customer.currency
    subscriptions = (subscription for subscription in account.subscriptions if subscription.gives_rights)
    segments = (segments_of(subscription, currency, at) for subscription in subscriptions)
    return _ordered(account, chain.from_iterable(segments))


def _ordered(account: Account, segments: Iterable[BillingSegment]) -> dict[str, list[Tariff]]:
    """The tariffs of these segments. A free trial charges nobody, and takes no event from other tariffs."""
    begun = {subscription.id: (subscription.start_at, n) for n, subscription in enumerate(account.subscriptions)}
    found: dict[str, list[Tariff]] = {}

    def rank(sold: int, segment: BillingSegment) -> tuple[tuple[datetime, int], bool, int]:
        return begun[segment.subscription_id], not segment.add_on, -sold

    for sold, segment in sorted(enumerate(segments), key=lambda numbered: rank(*numbered)):
        if segment.trial and segment.trial_usage is not TrialUsage.BILLED:
            continue
        for meter_key, prices in _by_meter(segment).items():
            since = segment.usage_since or begun[segment.subscription_id][0]
            found.setdefault(meter_key, []).append(Tariff(meter_key, sold, segment, prices, since))
    return found


def cut_where_tariffs_change(period: Period, among: list[Tariff]) -> Iterator[Period]:
    """The period, cut where any of the tariffs begins or ends."""
    edges = {
        edge for tariff in among for edge in (tariff.segment.start, tariff.end) if period.start < edge < period.end
    }
    cuts = [period.start, *sorted(edges), period.end]
    yield from (Period(start, end) for start, end in pairwise(cuts))


def _by_meter(segment: BillingSegment) -> dict[str, tuple[Price, ...]]:
    found: dict[str, tuple[Price, ...]] = {}
    for price in segment.prices:
        if price.meter_key is not None:
            found[price.meter_key] = (*found.get(price.meter_key, ()), price)
    return found
