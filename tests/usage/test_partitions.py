"""The months of usage_events: made ahead, append-only, dropped when all in them is too old."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from adapters.postgres import partitions
from domain.commands import CreateClock
from domain.errors import ErrorCode, Refusal
from domain.period import Period
from service.ids import new_id
from service.usage import UsageQuery
from service.write.record import By
from tests.usage.conftest import METERS, NOON, Shop
from tests.usage.test_correct import correct

YEAR = timedelta(days=365)


async def months(shop: Shop) -> list[str]:
    rows = await shop.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'usage_events'::regclass ORDER BY 1"
    )
    return [row[0].removeprefix("usage_events_") for row in rows]


async def test_the_present_month_and_three_more_are_made_once(shop: Shop) -> None:
    for _ in range(2):
        async with shop.engine.connect() as connection:
            await partitions.ensure_ahead(connection, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    made = await months(shop)
    assert {"2026_11", "2026_12", "2027_01", "2027_02"} <= set(made)
    assert len(made) == len(set(made))


async def test_an_event_makes_its_month_if_it_is_missing_also_if_it_was_there_before(shop: Shop) -> None:
    ana = await shop.customer()
    at = datetime(2026, 3, 31, 23, 59, 59, 999_999, UTC)
    assert await shop.send(shop.event(ana, time=at), shop.event(ana, time=at + timedelta(microseconds=1))) == [
        "ACCEPTED",
        "ACCEPTED",
    ]
    assert {"2026_03", "2026_04"} <= set(await months(shop))
    await shop.fetch("DROP TABLE usage_events_2026_03")
    assert await shop.send(shop.event(ana, time=at)) == ["ACCEPTED"]


@pytest.mark.parametrize("table", ["usage_events", "usage_events_2026_11"])
@pytest.mark.parametrize("change", ["UPDATE {} SET value = 0", "DELETE FROM {}", "TRUNCATE {}"])
async def test_events_cannot_be_changed(shop: Shop, table: str, change: str) -> None:
    await shop.send(shop.event(await shop.customer()))
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await shop.fetch(change.format(table))


async def test_old_months_are_dropped_with_their_ids_and_the_figures_stay(shop: Shop) -> None:
    ana = await shop.customer()
    early = datetime(2026, 1, 20, 10, 30, tzinfo=UTC)
    old = [shop.event(ana, id=f"o{n}", value=n, time=early + timedelta(minutes=7 * n)) for n in range(10)]
    await shop.send(*old, shop.event(ana, id="new"))
    retention = timedelta(days=400)
    periods = [Period(early - YEAR, early + YEAR), Period(early + timedelta(minutes=15), early + YEAR)]
    asks = [UsageQuery(ana, METERS["calls"], period, NOON) for period in periods]
    before = await shop.usage.reads.used(asks)
    shop.clock.at_hand = datetime(2026, 2, 28, tzinfo=UTC) + retention
    async with shop.engine.connect() as connection:
        assert "usage_events_2026_01" not in await partitions.drop_old(connection, NOON, retention)
        assert await partitions.drop_old(connection, shop.clock.now(), retention) == ["usage_events_2026_01"]
        assert await partitions.drop_old(connection, shop.clock.now(), retention) == []
    assert [row[0] for row in await shop.fetch("SELECT id FROM usage_ids")] == ["new"]
    assert await shop.send(old[1]) == ["REJECTED"]
    assert (await shop.usage.reads.used(asks))[0] == before[0]
    with pytest.raises(Refusal) as refused:
        await correct(shop, ana, "o1", 1)
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_an_hour_cut_in_two_counts_once_also_when_its_events_are_gone(shop: Shop) -> None:
    ana = await shop.customer()
    hour = datetime(2026, 1, 20, 10, tzinfo=UTC)
    cut = hour + timedelta(minutes=30)
    await shop.send(*(shop.event(ana, value=1, time=hour + timedelta(minutes=n)) for n in (10, 20, 40)))
    await shop.fetch("DROP TABLE usage_events_2026_01")
    asks = [UsageQuery(ana, METERS["calls"], period, NOON) for period in (Period(hour, cut), Period(cut, cut + YEAR))]
    assert await shop.usage.reads.used(asks) == [0, 3]


async def test_a_month_in_which_a_test_clock_stands_is_kept(shop: Shop) -> None:
    clock = new_id("clock")
    start = datetime(2020, 5, 5, tzinfo=UTC)
    await shop.record(clock, CreateClock(clock, "test", start), By("test"))
    ana = await shop.customer(clock_id=clock)
    await shop.consume(ana)
    async with shop.engine.connect() as connection:
        assert await partitions.drop_old(connection, NOON, timedelta(days=400)) == []
    assert (await shop.standing(ana, at=start)).used == 1


async def test_retries_are_forgotten_in_time(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.consume(ana)
    async with shop.engine.connect() as connection:
        await partitions.forget_retries(connection, datetime(2000, 1, 1, tzinfo=UTC))
        assert len(await shop.fetch("SELECT FROM idempotency")) == 1
        await partitions.forget_retries(connection, datetime(2100, 1, 1, tzinfo=UTC))
    assert await shop.fetch("SELECT FROM idempotency") == []
