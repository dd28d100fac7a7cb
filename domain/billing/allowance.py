"""What of use is not charged although its price includes no more: what other sources allow. (decisions/0021)

What the gate calls within the limit is never billed as overage. A price that charges only beyond its own plan's limit
therefore spares, like units it includes, what everything else adds to that limit while it does: grants (from the
beginning of the usage period in which they are given), overrides, add-ons, other plans, what rolled over. A price that
charges within its own limit is no price of overage: of other sources only the units bought with prices that lost the
event come off.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from domain.account import Account, Grant
from domain.billing.charge import Count
from domain.billing.tariffs import Tariff
from domain.catalog import Price
from domain.exact import EXACT, ZERO, exact_sum
from domain.limit import Limit
from domain.period import Cadence, Period
from domain.pricing.rate import rate
from domain.rights.entitlement import Entitlement
from domain.rights.past_rights import earlier_of, entitlement_then

Read = Callable[[Count], Decimal]
_Where = tuple[tuple[str, str | None], str, datetime]


class Place(Struct, frozen=True):
    """Where use is charged: by `price` of `tariff`, from `at` on, counted from `since`, while the `running` tariffs
    do."""

    tariff: Tariff
    price: Price
    running: tuple[Tariff, ...]
    since: datetime
    at: datetime


class Allowances:
    """Of one customer's use of one meter. What has to be read to tell them is asked of the `read` that is given."""

    def __init__(self, account: Account, meter_key: str) -> None:
        self._account = account
        self._meter_key = meter_key
        self._rights_at: dict[_Where, tuple[Entitlement, ...]] = {}
        self._beyond_at: dict[_Where, Mapping[str, Decimal]] = {}
        self._limits = [limit for limit in account.limits if limit.feature.meter_key == meter_key]
        self._grants = [grant for grant in account.grants if grant.feature.meter_key == meter_key]
        keys = [limit.feature.key for limit in self._limits] + [grant.feature.key for grant in self._grants]
        self._features = tuple(dict.fromkeys(keys))
        self._accounts: tuple[Account, ...] = (account,)
        if self._grants:
            lifted = tuple(_backdated_grant(account, grant) for grant in account.grants)
            self._accounts = (account, replace(account, grants=lifted))

    def until(self, place: Place, end: datetime) -> datetime:
        """Up to `end`, when next anything that is allowed at the place may change."""
        edges = [edge for limit in self._limits for edge in (limit.start, limit.end)]
        edges += [edge for grant in self._grants for edge in (grant.granted_at, grant.expires_at, grant.ended_at)]
        edges += [right.period.end for right in self._rights(place) if right.period is not None]
        return min((edge for edge in edges if edge is not None and place.at < edge < end), default=end)

    def spared(self, place: Place, read: Read) -> Decimal | None:
        """How many units come off beside those that the price includes once. None: all of them."""
        rights = self._rights(place)
        if any(right.unlimited for right in rights):
            return None
        limits = {
            right.feature.key: exact_sum(
                (right.limit or ZERO, self._rolled_over(right, read), self._count_ahead(place, right, read))
            )
            for right in rights
        }
        return self._spared(place, place.running, limits)

    def spared_within(self, place: Place, feature: str, limit: Decimal | None) -> Decimal | None:
        """As `spared`, where all that is allowed of one feature, with what rolled over, is known already."""
        if feature not in self._beyond(place):
            return self._spared(place, place.running, {})
        return None if limit is None else self._spared(place, place.running, {feature: limit})

    def spared_of_named(self, place: Place) -> Decimal:
        """As `spared`, for events that name the subscription where another subscription charges all other events: by
        what it gives itself."""
        id = place.tariff.subscription_id
        own = [tariff for tariff in place.running if tariff.subscription_id == id]
        limits = {feature: self._limits_of(feature, id, place.at) for feature in self._beyond(place)}
        return self._spared(place, own, limits)

    def given_by(self, subscription_id: str, place: Place) -> Decimal:
        """What a subscription brings along: limits, and units that its prices include."""
        own = [tariff for tariff in place.running if tariff.subscription_id == subscription_id]
        brought = [self._included(place, own, None)]
        for feature in self._beyond(place):
            limits = self._limits_of(feature, subscription_id, place.at)
            brought.append(exact_sum((limits, self._included(place, own, feature))))
        return max(brought)

    def _spared(self, place: Place, among: Iterable[Tariff], limits: Mapping[str, Decimal]) -> Decimal:
        """`limits`: how far use is allowed, in the price's count. What its own plan gives, it includes already."""
        others = [tariff for tariff in among if tariff is not place.tariff]
        own = self._beyond(place)
        found = [self._included(place, others, None)]
        for feature, limit in limits.items():
            found.append(exact_sum((limit, self._included(place, others, feature), -own[feature])))
        return EXACT.add(_included_again(place), max(ZERO, *found))

    def _beyond(self, place: Place) -> Mapping[str, Decimal]:
        """The features beyond whose limit the price charges, and not within: with the limit of its own plan."""
        where = _where(place)
        if where not in self._beyond_at:
            self._beyond_at[where] = dict(self._charged_beyond(place))
        return self._beyond_at[where]

    def _charged_beyond(self, place: Place) -> Iterator[tuple[str, Decimal]]:
        for feature in self._features:
            own = self._limit(feature, place.tariff.slot, place.at)
            if own is None:
                yield feature, ZERO
            elif own.limit is not None and own.resets is place.price.cadence and _free(place, own.limit):
                yield feature, own.limit

    def _rights(self, place: Place) -> tuple[Entitlement, ...]:
        """What the gate goes by there, or by a grant that was given later in the usage period."""
        where = _where(place)
        if where not in self._rights_at:
            self._rights_at[where] = tuple(self._rights_of(place))
        return self._rights_at[where]

    def _rights_of(self, place: Place) -> Iterator[Entitlement]:
        for feature in self._beyond(place):
            found = [entitlement_then(account, feature, place.at) for account in self._accounts]
            rights = [right for right in found if right is not None and right.enabled and right.period is not None]
            if rights:
                best = max(rights, key=lambda right: (right.unlimited, right.limit or ZERO))
                yield replace(best, earlier=earlier_of(self._account, best))

    def _rolled_over(self, right: Entitlement, read: Read) -> Decimal:
        """What rolled into the right's period."""
        return right.carried(read(Count(self._meter_key, earlier.period)) for earlier in right.earlier)

    def _count_ahead(self, place: Place, right: Entitlement, read: Read) -> Decimal:
        """How far the price's count is ahead of the gate's, which may have begun at another instant."""
        assert right.period is not None
        if right.period.start == place.since:
            return ZERO
        count, gates = (self._used(since, place.at, read) for since in (place.since, right.period.start))
        return EXACT.subtract(count, gates)

    def _used(self, since: datetime, at: datetime, read: Read) -> Decimal:
        return ZERO if at <= since else read(Count(self._meter_key, Period(since, at)))

    def _included(self, place: Place, among: Iterable[Tariff], feature: str | None) -> Decimal:
        """Units that prices include; with a feature only what is more than their own limit of it, which counts
        already."""
        found = []
        for tariff in among:
            limit = None if feature is None else self._limit(feature, tariff.slot, place.at)
            known = ZERO if limit is None else limit.limit or ZERO
            found.append(max(ZERO, EXACT.subtract(_included(tariff, place.price.cadence), known)))
        return exact_sum(found)

    def _limits_of(self, feature: str, subscription_id: str, at: datetime) -> Decimal:
        """What a subscription gives of the feature: by its plan and its add-ons."""
        given = (limit for limit in self._holding(feature, at) if limit.subscription_id == subscription_id)
        return exact_sum(limit.limit or ZERO for limit in given)

    def _limit(self, feature: str, slot: tuple[str, str | None], at: datetime) -> Limit | None:
        return next((limit for limit in self._holding(feature, at) if limit.slot == slot), None)

    def _holding(self, feature: str, at: datetime) -> Iterator[Limit]:
        return (limit for limit in self._limits if limit.feature.key == feature and limit.enabled and limit.holds(at))


def _where(place: Place) -> _Where:
    return place.tariff.slot, place.price.id, place.at


def _backdated_grant(account: Account, grant: Grant) -> Grant:
    """A grant also allows what was used before it in the same usage period: from then on the gate counts that within
    the limit, and support gives it for that."""
    right = entitlement_then(account, grant.feature.key, grant.granted_at)
    if right is None or right.resets in (None, Cadence.ONCE) or right.period is None:
        return grant
    return replace(grant, granted_at=min(grant.granted_at, right.period.start))


def beyond(price: Price, spared: Decimal) -> Price:
    """The price with so many more units included."""
    return replace(price, included=EXACT.add(price.included or ZERO, spared)) if spared else price


def _included(tariff: Tariff, cadence: Cadence) -> Decimal:
    return max((tariff.included(price) for price in tariff.prices if price.cadence is cadence), default=ZERO)


def _included_again(place: Place) -> Decimal:
    """Units that the price includes beyond the first time, as an add-on bought several times."""
    return EXACT.subtract(place.tariff.included(place.price), place.price.included or ZERO)


def _free(place: Place, units: Decimal) -> bool:
    included = place.tariff.included(place.price)
    if units <= included:
        return True
    price = replace(place.price, included=included)
    return rate(price, units).exact == rate(price, ZERO).exact
