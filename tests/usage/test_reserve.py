"""Reservations: held, then used or released, and let go by themselves."""

import asyncio
from datetime import timedelta
from decimal import Decimal as D

import pytest

from domain.errors import ErrorCode, Refusal
from service.usage import ReservationState
from service.usage.reserve import Settling
from tests.usage.conftest import Shop
from tests.usage.test_consume import everything


async def test_what_is_held_counts_against_the_limit_until_it_is_released(shop: Shop) -> None:
    ana = await shop.customer()
    reserved = await shop.reserve(ana, quantity=8)
    assert reserved.reservation is not None
    assert (reserved.decision.used, reserved.decision.remaining) == (0, 2)
    assert (await shop.standing(ana)).held == 8
    assert not (await shop.consume(ana, quantity=3)).allowed
    assert (await shop.consume(ana, quantity=2)).remaining == 0
    released = await shop.usage.release_reservation(Settling(reserved.reservation.id, None), shop.retry())
    assert released.state is ReservationState.RELEASED
    assert (await shop.standing(ana)).held == 0
    assert (await shop.consume(ana, quantity=8)).allowed


async def test_a_part_can_be_used_and_the_rest_is_free_again(shop: Shop) -> None:
    ana = await shop.customer()
    reservation = (await shop.reserve(ana, quantity=8)).reservation
    assert reservation is not None
    committed = await shop.usage.commit_reservation(Settling(reservation.id, None), D("2.5"), shop.retry())
    assert (committed.state, committed.committed) == (ReservationState.COMMITTED, D("2.5"))
    standing = await shop.standing(ana)
    assert (standing.used, standing.held) == (D("2.5"), 0)
    await shop.check_rollups()


async def test_by_default_all_of_it_is_used_also_when_the_limit_was_lowered_meanwhile(shop: Shop) -> None:
    ana = await shop.customer()
    reservation = (await shop.reserve(ana, quantity=8)).reservation
    await shop.send(shop.event(ana, value=10))
    assert reservation is not None
    await shop.usage.commit_reservation(Settling(reservation.id, None), None, shop.retry())
    assert await shop.used(ana) == 18


async def test_its_time_over_it_holds_nothing_and_cannot_be_used(shop: Shop) -> None:
    ana = await shop.customer()
    reservation = (await shop.reserve(ana, quantity=8, ttl=timedelta(minutes=1))).reservation
    assert reservation is not None
    shop.clock.at_hand = reservation.expires_at
    assert (await shop.standing(ana)).held == 0
    before = await everything(shop)
    with pytest.raises(Refusal) as refused:
        await shop.usage.commit_reservation(Settling(reservation.id, None), None, shop.retry())
    assert refused.value.code is ErrorCode.STALE
    assert await everything(shop) == before
    assert (await shop.consume(ana, quantity=10)).allowed


async def test_of_many_at_once_no_more_are_held_than_the_limit_has(shop: Shop) -> None:
    ana = await shop.customer()
    others = [Shop(shop.engine) for _ in range(3)]
    reserved = await asyncio.gather(*(other.reserve(ana, quantity=3) for other in others for _ in range(10)))
    assert [one.reservation is not None for one in reserved].count(True) == 3
    assert (await shop.standing(ana)).held == 9


async def test_retries_answer_the_same_and_it_is_settled_once(shop: Shop) -> None:
    ana = await shop.customer()
    retry = shop.retry("reserve")
    first = await shop.reserve(ana, quantity=4, retry=retry)
    assert await shop.reserve(ana, quantity=4, retry=retry) == first
    assert (await shop.standing(ana)).held == 4
    assert first.reservation is not None
    id, commit = first.reservation.id, shop.retry("commit")
    outcomes = await asyncio.gather(
        *(other.usage.commit_reservation(Settling(id, None), None, commit) for other in (shop, Shop(shop.engine)))
    )
    assert outcomes[0] == outcomes[1]
    assert await shop.used(ana) == 4
    before = await everything(shop)
    for settle in (
        shop.usage.commit_reservation(Settling(id, None), None, shop.retry()),
        shop.usage.release_reservation(Settling(id, None), shop.retry()),
    ):
        with pytest.raises(Refusal) as refused:
            await settle
        assert refused.value.code is ErrorCode.CONFLICT
    assert await everything(shop) == before


async def test_only_those_who_see_the_customer_see_the_reservation(shop: Shop) -> None:
    ana, ben = await shop.customer(), await shop.customer()
    reservation = (await shop.reserve(ana)).reservation
    assert reservation is not None
    for id, visible in ((reservation.id, frozenset({ben})), ("reservation_0", None), ("\0", None)):
        with pytest.raises(Refusal) as refused:
            await shop.usage.release_reservation(Settling(id, visible), shop.retry())
        assert refused.value.code is ErrorCode.NOT_FOUND
    assert (
        await shop.usage.release_reservation(Settling(reservation.id, frozenset({ana})), shop.retry())
    ).quantity == 1


async def test_a_denied_reservation_holds_nothing(shop: Shop) -> None:
    ana = await shop.customer()
    before = await everything(shop)
    reserved = await shop.reserve(ana, quantity=11)
    assert (reserved.decision.allowed, reserved.reservation) == (False, None)
    assert await everything(shop) == before
    for quantity in ("8.1", "-1"):
        held = (await shop.reserve(ana, quantity=8, retry=shop.retry("k"))).reservation
        assert held is not None
        with pytest.raises(Refusal, match="0 to 8"):
            await shop.usage.commit_reservation(Settling(held.id, None), D(quantity), shop.retry())
    with pytest.raises(Refusal, match="1 to 86400 seconds"):
        await shop.reserve(ana, ttl=timedelta(days=2))
