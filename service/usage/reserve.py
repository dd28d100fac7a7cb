"""Holds an amount for a while: reserved first, used or released later, and released by itself when its time is over."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from adapters.postgres.driver import Driver
from adapters.postgres.partitions import month_of
from adapters.postgres.retries import Retry
from adapters.postgres.usage import fold, reservations
from adapters.postgres.usage.reservations import ReservationRow
from domain.catalog import Meter
from domain.errors import ErrorCode, Refusal, invalid
from domain.rights.gate import Decision
from service.ids import new_id, prefix_of
from service.usage.base import Base
from service.usage.check import is_number, readable
from service.usage.customer_lookup import Visible
from service.usage.events import CustomerRef, turn_of
from service.usage.gate import LockedCount, Undone, UsePlace, UseRequest, after, place_of
from service.usage.once import answered, keep
from service.usage.record import write_new
from service.usage.spend import check_quantity, events

TTL_MIN, TTL_MAX = timedelta(seconds=1), timedelta(days=1)


class ReservationState(StrEnum):
    """EXPIRED: its time was over before it was committed or released."""

    OPEN = "OPEN"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class Reservation(Struct, frozen=True):
    """`committed`: how much of the quantity was used."""

    id: str
    customer_id: str
    feature: str
    quantity: Decimal
    expires_at: datetime
    state: ReservationState = ReservationState.OPEN
    committed: Decimal | None = None


class Reserved(Struct, frozen=True):
    """`reservation` is None if the decision denies it."""

    decision: Decision
    reservation: Reservation | None = None


class Settling(NamedTuple):
    """Which reservation is to be committed or released."""

    id: str
    visible: Visible


async def reserve(base: Base, request: UseRequest, ttl: timedelta, retry: Retry) -> Reserved:
    """Hold the quantity if it may be used. A denied one changes nothing and is not remembered. Raises Refusal."""
    if not TTL_MIN <= ttl <= TTL_MAX:
        raise invalid(f"must be {TTL_MIN.total_seconds():.0f} to {TTL_MAX.total_seconds():.0f} seconds", "ttl")
    async with base.connection() as (connection, driver):
        place = await place_of(base, driver, request)
        if isinstance(place, UsePlace):
            await base.prepare(driver, place.wanted, [])
        try:
            async with connection.begin():
                if (before := await answered(connection, retry, Reserved)) is not None:
                    return before
                if isinstance(place, Decision):
                    raise Undone(place)
                count = await LockedCount.locked(driver, place)
                decision, usage = await count.decide(driver, request.quantity)
                if not decision.allowed:
                    raise Undone(decision)
                reservation = await _open(driver, place, request.quantity, ttl)
                after_it = replace(usage, held=usage.held + request.quantity)
                reserved = Reserved(after(decision, place.right, after_it), reservation)
                await keep(connection, retry, reserved)
        except Undone as undone:
            return Reserved(undone.decision)
    base.tell([place.customer_id])
    return reserved


async def commit(base: Base, settling: Settling, quantity: Decimal | None, retry: Retry) -> Reservation:
    """Use up what was held, or the `quantity` of it (0 to all); the rest is free again. It was allowed when it was
    reserved, so no limit is asked again. Raises Refusal."""
    async with base.connection() as (connection, driver):
        found, meter, at = await _find(base, driver, settling)
        quantity = found.quantity if quantity is None else quantity
        if not is_number(quantity) or not 0 <= quantity <= found.quantity:
            raise invalid(f"must be 0 to {found.quantity:f}, which was reserved", "quantity")
        if quantity:
            check_quantity(meter, quantity)
        wanted = {
            (found.customer_id, read.key): read
            for read in (await base.meters_by_type(driver)).get(meter.event_type, ())
        }
        await base.prepare(driver, wanted, [month_of(at)])
        async with connection.begin():
            if (before := await answered(connection, retry, Reservation)) is not None:
                return before
            rows = await fold.lock_complete(driver, wanted)
            await _settle(driver, found, at, ReservationState.COMMITTED, quantity)
            if quantity:
                row = rows[found.customer_id, meter.key]
                new = events(meter, quantity, row, at, found.subscription_id)
                await write_new(driver, rows, wanted, [readable(wanted.values(), event) for event in new])
            reservation = _shown(found, ReservationState.COMMITTED, quantity)
            await keep(connection, retry, reservation)
    base.tell([found.customer_id])
    return reservation


async def release(base: Base, settling: Settling, retry: Retry) -> Reservation:
    """Hold it no longer. One whose time is over is released all the same. Raises Refusal."""
    async with base.connection() as (connection, driver):
        found, _, at = await _find(base, driver, settling)
        async with connection.begin():
            if (before := await answered(connection, retry, Reservation)) is not None:
                return before
            await _settle(driver, found, at, ReservationState.RELEASED, None)
            reservation = _shown(found, ReservationState.RELEASED, None)
            await keep(connection, retry, reservation)
    base.tell([found.customer_id])
    return reservation


async def owner_turn(base: Base, id: str) -> list[str]:
    """Whose turn it takes to settle the reservation; nobody's, if there is none."""
    async with base.driver() as driver:
        found = await reservations.find(driver, id, None)
    return [] if found is None else [turn_of(CustomerRef(found.customer_id))]


async def _open(driver: Driver, place: UsePlace, quantity: Decimal, ttl: timedelta) -> Reservation:
    row = ReservationRow(
        customer_id=place.customer_id,
        id=new_id("reservation"),
        feature=place.right.feature.key,
        meter_key=place.meter.key,
        quantity=quantity,
        created_at=place.at,
        expires_at=place.at + ttl,
        state=ReservationState.OPEN,
        committed=None,
        settled_at=None,
        subscription_id=place.subscription_id,
    )
    await reservations.add(driver, row)
    return _shown(row, ReservationState.OPEN, None)


async def _find(base: Base, driver: Driver, settling: Settling) -> tuple[ReservationRow, Meter, datetime]:
    """The reservation, its meter and its customer's present."""
    is_one = prefix_of(settling.id) == "reservation"
    found = await reservations.find(driver, settling.id, settling.visible) if is_one else None
    meter = None if found is None else (await base.catalog(driver)).meter(found.meter_key)
    if found is None or meter is None:
        raise Refusal(ErrorCode.NOT_FOUND, "no such reservation", "id")
    customer = await base.look_up_customer(driver, CustomerRef(found.customer_id), None)
    assert customer is not None
    return found, meter, customer.now


async def _settle(
    driver: Driver, found: ReservationRow, at: datetime, state: ReservationState, committed: Decimal | None
) -> None:
    row = await reservations.lock(driver, found.customer_id, found.id)
    if row.state != ReservationState.OPEN:
        raise Refusal(ErrorCode.CONFLICT, f"the reservation is {row.state} already", "id")
    if state is ReservationState.COMMITTED and row.expires_at <= at:
        raise Refusal(ErrorCode.STALE, f"the reservation ran out at {row.expires_at.isoformat()}", "id")
    await reservations.settle(driver, found.customer_id, found.id, state, committed, at)


def _shown(row: ReservationRow, state: ReservationState, committed: Decimal | None) -> Reservation:
    return Reservation(row.id, row.customer_id, row.feature, row.quantity, row.expires_at, state, committed)
