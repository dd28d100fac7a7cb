"""Acts of every kind at once, from several processes: nothing is lost, counted twice or stuck."""

import asyncio
from datetime import timedelta
from decimal import Decimal as D

from service.usage import CustomerRef
from service.usage.gate import UseRequest
from service.usage.reserve import Settling
from tests.usage.conftest import NOON, Shop
from tests.usage.test_correct import correct


async def test_one_id_sent_at_once_for_two_meters_is_recorded_for_one_of_them(shop: Shop) -> None:
    ana = await shop.customer()
    others = [Shop(shop.engine) for _ in range(4)]
    for n in range(10):
        events = [shop.event(ana, type, 1, id=f"x{n}") for type in ("call", "hit", "level", "disk")]
        outcomes = await asyncio.gather(*(other.send(event) for other, event in zip(others, events, strict=True)))
        assert sorted(status for (status,) in outcomes) == ["ACCEPTED", "CONFLICT", "CONFLICT", "CONFLICT"]
    await shop.check_rollups()


async def test_recording_using_up_holding_and_correcting_at_once(shop: Shop) -> None:
    customers = [await shop.customer() for _ in range(3)]
    others = [shop, *(Shop(shop.engine) for _ in range(2))]
    start = [shop.event(who, "call", "0.25", id=f"c{n}") for who in customers for n in range(5)]
    assert set(await shop.send(*start)) == {"ACCEPTED"}

    async def act(n: int) -> None:
        other, who = others[n % 3], customers[n % 2]
        match n % 5:
            case 0:
                await other.send(
                    *(
                        other.event(who, "call", "0.01", time=NOON - k * timedelta(hours=1))
                        for who in customers
                        for k in range(3)
                    )
                )
            case 1:
                await other.consume(who, "calls", "0.1")
            case 2:
                reserved = await other.reserve(who, "calls", "0.3")
                if reserved.reservation is not None:
                    await other.usage.commit_reservation(
                        Settling(reserved.reservation.id, None), D("0.2"), other.retry()
                    )
            case 3:
                await correct(other, who, f"c{n % 4}", "0.5")
            case _:
                await other.send(other.event(who, "disk", n), other.event(who, "level", n), other.event(who, "hit"))

    await asyncio.gather(*(act(n) for n in range(100)))
    await shop.check_rollups()
    for who in customers:
        remembered = await shop.used(who)
        await shop.fetch("UPDATE usage_meters SET period_start = NULL, period_end = NULL WHERE customer_id = $1", who)
        assert await shop.used(who) == remembered
        assert (await shop.standing(who)).held == 0


async def test_what_was_given_up_while_waiting_is_recorded_or_not_but_never_in_part(shop: Shop) -> None:
    ana = await shop.customer()
    tasks = [
        asyncio.create_task(shop.usage.consume(UseRequest(CustomerRef(ana), "calls", D("0.1"), None), shop.retry()))
        for _ in range(30)
    ]
    tasks += [asyncio.create_task(shop.send(shop.event(ana, value="0.1"), shop.event(ana, "hit"))) for _ in range(30)]  # type: ignore[arg-type]
    for n, task in enumerate(tasks):
        await asyncio.sleep(0.002)
        if n % 2:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await shop.check_rollups()
    assert (await shop.consume(ana, "calls", 1)).allowed
