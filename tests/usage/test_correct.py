"""Corrections: the event stays, what it reads changes, and every figure follows."""

import asyncio
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from adapters.postgres.usage.periods import UsageQuery
from domain.errors import ErrorCode, Refusal
from domain.period import Period
from service.usage import CustomerRef, RecordedEvent
from service.usage.correct import Correction
from tests.usage.conftest import METERS, NOON, Shop
from tests.usage.test_consume import everything

MINUTE = timedelta(minutes=1)


async def correct(shop: Shop, customer: str, id: str, quantity: Any = None, **more: Any) -> RecordedEvent:
    value = None if quantity is None else D(str(quantity))
    retry = more.pop("retry", None) or shop.retry()
    source, visible = more.pop("source", None), more.pop("visible", None)
    return await shop.usage.correct(
        Correction(CustomerRef(customer), source, id, value, more.pop("properties", None), "wrong", visible), retry
    )


@pytest.mark.parametrize(
    ("feature", "type", "events", "before", "fixed", "after", "retracted"),
    [
        ("calls", "call", [1, 2, 4], 7, "2.5", "7.5", 5),
        ("hits", "hit", [1, 1, 1], 3, 0, 2, 2),
        ("peak", "load", [1, 9, 4], 9, 3, 4, 4),
        ("storage", "level", [5, 3, 7], 7, 8, 7, 7),
    ],
)
async def test_each_kind_of_figure_follows_a_correction(
    shop: Shop, feature: str, type: str, events: list[int], before: int, fixed: Any, after: Any, retracted: int
) -> None:
    ana = await shop.customer()
    await shop.consume(ana, feature)  # the meter keeps count of a period from here on
    shop.clock.at_hand += timedelta(hours=3)
    at = shop.clock.now()
    name = METERS[feature].property
    sent = [
        shop.event(ana, type, None if name else value, id=f"e{n}", time=at - (3 - n) * MINUTE,
                   properties={name: value} if name else None)
        for n, value in enumerate(events)
    ]  # fmt: skip
    await shop.send(*sent)
    extra = 1 if feature in ("calls", "hits") else 0  # what was consumed
    assert await shop.used(ana, feature) == before + extra
    await correct(shop, ana, "e1", fixed)
    assert await shop.used(ana, feature) == D(str(after)) + extra
    await shop.check_rollups()
    await correct(shop, ana, "e1")
    assert await shop.used(ana, feature) == retracted + extra
    await correct(shop, ana, "e1", 1 if feature == "hits" else events[1])
    assert await shop.used(ana, feature) == before + extra
    await shop.check_rollups()


async def test_the_last_level_and_the_area_under_it_follow(shop: Shop) -> None:
    ana = await shop.customer()
    start = NOON + MINUTE
    shop.clock.at_hand += timedelta(hours=5)
    await shop.send(shop.event(ana, "disk", 2, id="a", time=start), shop.event(ana, "level", 5, id="b", time=start))
    await shop.send(shop.event(ana, "disk", 4, id="c", time=start + timedelta(hours=2)))
    shop.clock.at_hand = start + timedelta(hours=3)
    assert (await shop.used(ana, "hours"), await shop.used(ana, "storage")) == (8, 5)
    await correct(shop, ana, "a", 1)
    await correct(shop, ana, "b", "0.5")
    assert (await shop.used(ana, "hours"), await shop.used(ana, "storage")) == (6, D("0.5"))
    await correct(shop, ana, "c")
    assert await shop.used(ana, "hours") == 3
    await shop.check_rollups()


async def test_the_different_texts_follow(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(*(shop.event(ana, "login", None, id=who, properties={"user": who}) for who in ("ana", "ben")))
    assert await shop.used(ana, "users") == 2
    await correct(shop, ana, "ben", properties={"user": "ana"})
    assert await shop.used(ana, "users") == 1
    await correct(shop, ana, "ana")
    await correct(shop, ana, "ben")
    assert await shop.used(ana, "users") == 0
    await shop.check_rollups()


async def test_the_event_stays_as_it_was_and_its_retry_is_still_a_duplicate(shop: Shop) -> None:
    ana = await shop.customer()
    event = shop.event(ana, id="x", value=5, properties={"a": 1})
    await shop.send(event)
    correction = await correct(shop, ana, "x", 3)
    assert (correction.corrects, correction.revision, correction.value, correction.time) == ("x", 1, 3, NOON)
    assert await shop.send(event) == ["DUPLICATE"]
    assert await shop.used(ana) == 3
    page = await shop.usage.reads.events_page(ana, "call", Period(NOON, NOON + MINUTE), None, 10)
    assert sorted((one.revision, one.value, one.properties, one.reason) for one in page) == [
        (0, 5, '{"a":1}', None),
        (1, 3, '{"a":1}', "wrong"),
    ]


async def test_an_event_of_an_earlier_period_is_corrected_there(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(shop.event(ana, id="x", value=5))
    shop.clock.at_hand += timedelta(days=31)
    await shop.consume(ana, quantity=2)
    await correct(shop, ana, "x", 1)
    meter = METERS["calls"]
    period = Period(NOON, NOON + timedelta(days=30))
    assert await shop.usage.reads.used([UsageQuery(ana, meter, period, shop.clock.now(), shop.clock.now())]) == [1]
    assert await shop.used(ana) == 2


async def test_retries_answer_the_same_and_corrections_at_once_come_one_after_the_other(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(shop.event(ana, id="x", value=5))
    retry = shop.retry("fix", "to 3")
    first = await correct(shop, ana, "x", 3, retry=retry)
    before = await everything(shop)
    assert await correct(shop, ana, "x", 3, retry=retry) == first
    assert await everything(shop) == before
    with pytest.raises(Refusal) as refused:
        await correct(shop, ana, "x", 4, retry=shop.retry("fix", "to 4"))
    assert refused.value.code is ErrorCode.IDEMPOTENCY_MISMATCH
    corrections = await asyncio.gather(*(correct(shop, ana, "x", n) for n in range(10)))
    assert sorted(one.revision for one in corrections) == list(range(2, 12))
    last = max(corrections, key=lambda one: one.revision)
    assert await shop.used(ana) == last.value
    await shop.check_rollups()


async def test_what_cannot_be_corrected_is_refused_and_changes_nothing(shop: Shop) -> None:
    ana, ben = await shop.customer(), await shop.customer()
    await shop.send(
        shop.event(ana, id="x", source="s"),
        shop.event(ana, "hit", None, id="h"),
        shop.event(ana, "login", None, id="l", properties={"user": "ana"}),
    )
    before = await everything(shop)
    cases: list[tuple[Any, ErrorCode]] = [
        (correct(shop, ana, "x", 1), ErrorCode.NOT_FOUND),  # of another source
        (correct(shop, ben, "x", 1, source="s"), ErrorCode.NOT_FOUND),
        (correct(shop, ana, "x", 1, source="s", visible=frozenset({ben})), ErrorCode.NOT_FOUND),
        (correct(shop, "customer_0", "x", 1, source="s"), ErrorCode.NOT_FOUND),
        (correct(shop, ana, "\0", 1, source="s"), ErrorCode.NOT_FOUND),
        (correct(shop, ana, "x", "1e30", source="s"), ErrorCode.INVALID),
        (correct(shop, ana, "x", "NaN", source="s"), ErrorCode.INVALID),
        (correct(shop, ana, "h", 2), ErrorCode.INVALID),
        (correct(shop, ana, "l", properties={"user": ""}), ErrorCode.INVALID),
        (correct(shop, ana, "l", properties={"note": "\0"}), ErrorCode.INVALID),
    ]
    for attempt, code in cases:
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code is code
    assert await everything(shop) == before


async def test_what_was_consumed_can_be_corrected_too(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.consume(ana, quantity=9)
    (event,) = await shop.usage.reads.events_page(ana, "call", Period(NOON, NOON + MINUTE), None, 10)
    await correct(shop, ana, event.id, 1, source=event.source)
    assert await shop.used(ana) == 1
