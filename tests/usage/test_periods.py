"""Each event is counted in the period its time lies in, to the microsecond, whenever it arrives."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from itertools import pairwise

import pytest

from adapters.postgres.usage import periods
from domain.errors import Refusal
from domain.period import Grain, Period
from service.usage import UsageQuery
from tests.usage.conftest import METERS, NOON, Shop

US = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
CALLS = METERS["calls"]


async def test_an_event_in_the_same_millisecond_but_before_the_period_belongs_to_the_one_before(shop: Shop) -> None:
    """Lago #5104, published case U10: accepted at .918, the period begins at .918285; it was counted nowhere."""
    ana = await shop.customer()
    start = NOON + timedelta(days=30)  # 2026-12-20 12:00:00.918285
    shop.clock.at_hand = start + HOUR
    early = start.replace(microsecond=918_000)
    await shop.send(shop.event(ana, value=1, time=early), shop.event(ana, value=2, time=start))
    assert await shop.used(ana) == 2
    before, after = Period(NOON, start), Period(start, start + timedelta(days=31))
    now = shop.clock.now()
    figures = await shop.usage.reads.used([UsageQuery(ana, CALLS, period, now) for period in (before, after)])
    assert figures == [1, 2]


async def test_late_events_are_counted_in_their_own_period_whatever_was_remembered(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.consume(ana, quantity=1)
    shop.clock.at_hand += timedelta(days=31)
    await shop.consume(ana, quantity=2)
    await shop.send(shop.event(ana, value=4, time=NOON + timedelta(days=2)))
    assert await shop.used(ana) == 2
    now = shop.clock.now()
    first = Period(NOON, datetime(2026, 12, 20, 12, 0, 0, 918_285, UTC))
    assert await shop.usage.reads.used([UsageQuery(ana, CALLS, first, now, now)]) == [5]
    assert await shop.usage.reads.used([UsageQuery(ana, CALLS, first, NOON, NOON)]) == [1]  # as of then
    assert await shop.usage.reads.used([UsageQuery(ana, CALLS, first, NOON - US, NOON - US)]) == [0]


async def test_pieces_tile_the_whole_wherever_they_are_cut(shop: Shop) -> None:
    ana = await shop.customer()
    times = [NOON - timedelta(seconds=7 * n * n, microseconds=n) for n in range(60)]
    await shop.send(*(shop.event(ana, value=2**n, time=at) for n, at in enumerate(times)))
    edges = sorted({times[0] + US, *times[3:40:5], *(at + US for at in times[2:50:7]), times[-1] - HOUR})
    asks = [UsageQuery(ana, CALLS, Period(a, b), NOON) for a, b in pairwise(edges)]
    figures = await shop.usage.reads.used(asks)
    assert sum(figures) == 2**60 - 1
    expected = [sum(2**n for n, at in enumerate(times) if ask.period.contains(at)) for ask in asks]
    assert figures == expected


async def test_a_level_is_carried_over_the_start_of_a_period(shop: Shop) -> None:
    """Published case U01: a level of March counts in April from its first instant."""
    ana = await shop.customer()
    day = timedelta(days=1)
    start = datetime(2026, 11, 10, tzinfo=UTC)
    await shop.send(
        *(shop.event(ana, type, 2500, time=start - 3 * day) for type in ("disk", "level")),
        *(shop.event(ana, type, 500, time=start + 3 * day) for type in ("disk", "level")),
        *(shop.event(ana, type, 300, time=start + 5 * day) for type in ("disk", "level")),
    )
    until = start + 10 * day
    hours = METERS["hours"]
    (figure,) = await shop.usage.reads.used([UsageQuery(ana, hours, Period(start, start + 30 * day), until, until)])
    assert figure == 24 * (2500 * 3 + 500 * 2 + 300 * 5)
    quiet = Period(start + 6 * day, start + 7 * day)
    asks = [UsageQuery(ana, METERS[key], quiet, NOON) for key in ("hours", "storage")]
    assert await shop.usage.reads.used(asks) == [24 * 300, 300]
    before = [
        UsageQuery(ana, METERS[key], Period(start - 9 * day, start - 8 * day), NOON) for key in ("hours", "storage")
    ]
    assert await shop.usage.reads.used(before) == [0, 0]


async def test_readings_that_arrive_out_of_order_change_an_area_as_if_they_had_come_in_time(shop: Shop) -> None:
    ana, ben = await shop.customer(), await shop.customer()
    start = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    levels = [(start + timedelta(minutes=11 * n), D(n * n % 7)) for n in range(14)]
    for who, order in ((ana, levels), (ben, levels[::2] + levels[1::2][::-1])):
        for at, level in order:
            await shop.send(shop.event(who, "disk", level, time=at))
    period = Period(start - 2 * HOUR, NOON + HOUR)
    asks = [UsageQuery(who, METERS["hours"], period, NOON) for who in (ana, ben)]
    one, other = await shop.usage.reads.used(asks)
    assert one == other > 0
    await shop.check_rollups()


async def test_a_history_has_a_bucket_for_each_day_of_the_customer_and_none_in_the_future(shop: Shop) -> None:
    ana = await shop.customer()
    kolkata_midnight = datetime(2026, 11, 19, 18, 30, tzinfo=UTC)
    await shop.send(
        shop.event(ana, value=1, time=kolkata_midnight - US),
        shop.event(ana, value=2, time=kolkata_midnight),
        shop.event(ana, value=4, time=NOON - HOUR),
    )
    ask = UsageQuery(ana, CALLS, Period(kolkata_midnight - timedelta(days=2), NOON + timedelta(days=9)), NOON)
    points = await shop.usage.reads.history(ask, Grain.DAY, "Asia/Kolkata")
    assert [(point.start, point.value) for point in points] == [
        (kolkata_midnight - timedelta(days=2), 0),
        (kolkata_midnight - timedelta(days=1), 1),
        (kolkata_midnight, 6),
    ]
    with pytest.raises(Refusal):
        await shop.usage.reads.history(ask._replace(period=Period(NOON - 1001 * HOUR, NOON)), Grain.HOUR, "UTC")


async def test_events_are_paged_without_gap_or_repeat(shop: Shop) -> None:
    ana = await shop.customer()
    times = [NOON - timedelta(seconds=n // 3) for n in range(25)]
    await shop.send(*(shop.event(ana, time=at, source=f"s{n % 2}") for n, at in enumerate(times)))
    period, after, seen = Period(NOON - timedelta(seconds=6), NOON), None, []
    while page := await shop.usage.reads.events_page(ana, "call", period, after, 4):
        seen += page
        after = (page[-1].time, page[-1].source, page[-1].id, page[-1].revision)
    assert [event.time for event in seen] == sorted(at for at in times if period.contains(at))
    assert len({(event.source, event.id) for event in seen}) == len(seen) == 18


async def test_a_meter_made_later_counts_what_was_recorded_before_it(shop: Shop) -> None:
    from domain.catalog import Aggregation, Meter
    from domain.commands import CreateMeter
    from service.write.record import By
    from service.write.streams import CATALOG

    ana = await shop.customer()
    await shop.send(*(shop.event(ana, value=n, time=NOON - n * HOUR, properties={"who": f"{n % 3}"}) for n in range(9)))
    later = [
        Meter("meter_90", "later_peak", Aggregation.MAX, "call"),
        Meter("meter_91", "later_users", Aggregation.UNIQUE, "call", "who"),
        Meter("meter_92", "later_hours", Aggregation.TIME_WEIGHTED, "call"),
    ]
    for meter in later:
        await shop.record(CATALOG, CreateMeter(meter), By("test"))
    asks = [UsageQuery(ana, meter, Period(NOON - 8 * HOUR, NOON - HOUR), NOON) for meter in later]
    before = await shop.usage.reads.used(asks)
    assert before == [8, 3, 8 + 7 + 6 + 5 + 4 + 3 + 2]
    assert await shop.send(shop.event(ana, value=100, properties={"who": "new"}), shop.event(ana, "call", 1)) == [
        "ACCEPTED",
        "REJECTED",
    ]
    assert await shop.usage.reads.used(asks) == before


async def test_the_statements_do_not_grow_with_the_customers(shop: Shop) -> None:
    customers = [await shop.customer() for _ in range(30)]
    for key, type, more in (
        ("calls", "call", {"value": 1}),
        ("storage", "level", {"value": 1}),
        ("users", "login", {"value": None, "properties": {"user": "a"}}),
        ("hours", "disk", {"value": 1}),
    ):
        await shop.send(*(shop.event(who, type, **more) for who in customers))
        assert key in METERS
    await _statements(shop, customers)  # the driver asks about types once
    counted = await _statements(shop, customers[:1]), await _statements(shop, customers)
    assert counted[0] == counted[1] <= 6


async def _statements(shop: Shop, customers: list[str]) -> int:
    period = Period(NOON - timedelta(days=3, microseconds=1), NOON + HOUR)
    asks = [
        UsageQuery(who, METERS[key], period, NOON)
        for who in customers
        for key in ("calls", "storage", "users", "hours")
    ]
    queries: list[str] = []
    async with shop.usage._base.driver() as driver:
        with driver.query_logger(lambda record: queries.append(record.query)):
            await periods.used(driver, asks)
    return len(queries)


async def test_reading_writes_nothing_and_two_readers_at_once_agree(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(shop.event(ana, value=3))
    before = await shop.fetch("SELECT t::text FROM usage_meters t ORDER BY 1")
    assert await asyncio.gather(*(shop.used(ana) for _ in range(5))) == [3] * 5
    assert await shop.fetch("SELECT t::text FROM usage_meters t ORDER BY 1") == before
