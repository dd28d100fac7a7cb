"""Decides on a use with the meter's row locked: nobody else uses the same meter until the transaction ends."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from adapters.postgres.codec import decode_account
from adapters.postgres.directory import account_state
from adapters.postgres.driver import Driver
from adapters.postgres.usage import fold, meters, periods, reservations
from adapters.postgres.usage.meters import CustomerMeter, MeterRow
from adapters.postgres.usage.periods import PeriodSummary, UsageQuery
from domain.account import Account
from domain.catalog import Catalog, FeatureKind, Meter
from domain.errors import ErrorCode, Refusal, invalid
from domain.lifecycle.due import present
from domain.rights.account_rights import entitlement
from domain.rights.entitlement import Entitlement
from domain.rights.gate import Decision, FeatureUsage, decide_use, limit_with
from service.usage.base import Base
from service.usage.check import NO_SUBSCRIPTION, Ready, readable, unnamable
from service.usage.customer_lookup import Visible
from service.usage.events import CustomerIds
from service.usage.record import write_new
from service.usage.spend import adds, check_quantity, events


class UseRequest(NamedTuple):
    """Who wants to use how much of what. `subscription_id`: which of their subscriptions is to be charged for it."""

    ref: CustomerIds
    feature: str
    quantity: Decimal
    visible: Visible
    subscription_id: str | None = None


class UsePlace(NamedTuple):
    """Where the use is counted: the customer's time, their right, its meter, all meters that read its events, and the
    subscription that these name."""

    customer_id: str
    at: datetime
    account: Account
    catalog: Catalog
    right: Entitlement
    meter: Meter
    wanted: dict[CustomerMeter, Meter]
    subscription_id: str | None = None


async def place_of(base: Base, driver: Driver, request: UseRequest) -> UsePlace | Decision:
    """Where the use would be counted, or the decision that denies it whatever was used. Raises Refusal for what cannot
    be consumed at all."""
    catalog = await base.catalog(driver)
    customer = await base.look_up_customer(driver, request.ref, request.visible)
    if customer is None:
        return decide_use(None, catalog, request.feature, request.quantity, FeatureUsage(), base.clock.now())
    account = present(decode_account(await account_state(driver, customer.customer_id)), customer.now)
    right = entitlement(account, request.feature, customer.now)
    feature = right.feature if right else catalog.feature(request.feature)
    if feature is not None and feature.kind is not FeatureKind.METERED:
        raise invalid(f"{feature.key} is not metered: nothing of it can be used up", "feature")
    if feature is not None and (meter := catalog.meter(feature.meter_key or "")) is not None:
        check_quantity(meter, request.quantity)
        if right is not None and right.enabled and right.period is not None:
            same_type = (await base.meters_by_type(driver))[meter.event_type]
            wanted = {(customer.customer_id, read.key): read for read in same_type}
            _check_named(request.subscription_id, account, same_type)
            return UsePlace(
                customer.customer_id, customer.now, account, catalog, right, meter, wanted, request.subscription_id
            )
    return decide_use(account, catalog, request.feature, request.quantity, FeatureUsage(), customer.now)


def _check_named(subscription_id: str | None, account: Account, meters: tuple[Meter, ...]) -> None:
    """Raises Refusal."""
    if subscription_id is None:
        return
    if account.subscription(subscription_id) is None:
        raise Refusal(ErrorCode.NOT_FOUND, NO_SUBSCRIPTION, "subscription_id")
    if (reason := unnamable(meters)) is not None:
        raise invalid(reason, "subscription_id")


class LockedCount:
    """The locked meter of a place, and what its period has used."""

    def __init__(self, place: UsePlace, rows: dict[CustomerMeter, MeterRow]) -> None:
        self._place = place
        self._rows = rows
        self._key = (place.customer_id, place.meter.key)

    @classmethod
    async def locked(cls, driver: Driver, place: UsePlace) -> "LockedCount":
        """Take the locks. The transaction has begun; the rows were made before it (`Base.prepare`)."""
        count = cls(place, await fold.lock_complete(driver, place.wanted))
        row = count._rows[count._key]
        assert place.right.period is not None
        remembered = await periods.remember(driver, row, place.meter, place.right.period)
        if remembered is not row:
            count._rows[count._key] = remembered
            await meters.write(driver, [remembered])
        return count

    def used(self) -> Decimal:
        """What the period has used so far."""
        row, period = self._rows[self._key], self._place.right.period
        assert period is not None
        ask = UsageQuery(row.customer_id, self._place.meter, period, self._place.at)
        return periods.figure(ask, PeriodSummary([row.rollup] if row.rollup else [], row.level_before, row.texts))

    async def usage(self, driver: Driver) -> FeatureUsage:
        """What decides: used, held and carried over."""
        customer_id, at, meter = self._place.customer_id, self._place.at, self._place.meter
        reserved = await reservations.held(driver, self._key, at)
        asks = [UsageQuery(customer_id, meter, period.period, at) for period in self._place.right.earlier]
        past = await periods.used(driver, asks) if asks else []
        return FeatureUsage(self.used(), reserved, self._place.right.carried(past))

    async def decide(self, driver: Driver, quantity: Decimal) -> tuple[Decision, FeatureUsage]:
        """Whether `quantity` more may be used, and what that rests on."""
        place, usage = self._place, await self.usage(driver)
        needed = adds(place.meter, quantity, usage.used)
        return decide_use(place.account, place.catalog, place.right.feature.key, needed, usage, place.at), usage

    async def spend(self, driver: Driver, quantity: Decimal) -> list[Ready]:
        """Record the use; `used` then includes it."""
        place = self._place
        rows = events(place.meter, quantity, self._rows[self._key], place.at, place.subscription_id)
        ready = [readable(place.wanted.values(), row) for row in rows]
        await write_new(driver, self._rows, place.wanted, ready)
        await self._remember_again(driver)
        return ready

    async def _remember_again(self, driver: Driver) -> None:
        """If folding could not tell the period's roll-up any more, add it up."""
        period = self._place.right.period
        row = self._rows[self._key]
        assert period is not None
        if row.period != period:
            self._rows[self._key] = await periods.remember(driver, row, self._place.meter, period)
            await meters.write(driver, [self._rows[self._key]])


def after(decision: Decision, right: Entitlement, usage: FeatureUsage) -> Decision:
    """The decision with the figures as they are once it took effect."""
    limit = limit_with(right, usage)
    left = None if limit is None else max(Decimal(0), limit - usage.used - usage.held)
    return replace(decision, used=usage.used, remaining=left)


class Undone(Exception):
    """Raised to leave the transaction without a trace: the use was denied."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.decision = decision
