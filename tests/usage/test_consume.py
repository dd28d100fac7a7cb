"""consume: checks the limit and counts in one step."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from domain.errors import ErrorCode, Refusal
from domain.rights.gate import DecisionReason
from service.usage import CustomerRef
from service.usage.gate import UseRequest
from tests.usage.conftest import NOON, Shop


async def everything(shop: Shop) -> list[object]:
    """All that usage has written, to see that a refusal changed none of it. Empty rows of meters say nothing."""
    tables = ("usage_ids", "usage_events", "usage_hours", "usage_distinct", "usage_reservations", "idempotency")
    rows = [await shop.fetch(f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables]
    rows.append(await shop.fetch("SELECT customer_id, meter_key, count, sum FROM usage_meters WHERE count > 0"))
    return rows


async def test_the_decision_has_the_figures_with_the_use_counted(shop: Shop) -> None:
    ana = await shop.customer()
    decision = await shop.consume(ana, "calls", "2.5")
    assert (decision.allowed, decision.reason) == (True, DecisionReason.WITHIN_LIMIT)
    assert (decision.limit, decision.used, decision.remaining) == (10, D("2.5"), D("7.5"))
    assert decision.resets_at == datetime(2026, 12, 20, 12, 0, 0, 918_285, UTC)
    assert await shop.used(ana) == D("2.5")
    assert shop.changed == [ana]


async def test_of_200_at_one_below_the_limit_exactly_one_passes(shop: Shop) -> None:
    ana = await shop.customer()
    assert (await shop.consume(ana, "calls", 9)).allowed
    decisions = await asyncio.gather(*(shop.consume(ana) for _ in range(200)))
    assert [decision.allowed for decision in decisions].count(True) == 1
    assert await shop.used(ana) == 10
    await shop.check_rollups()


async def test_so_it_is_when_they_race_from_several_processes(shop: Shop) -> None:
    ana = await shop.customer()
    others = [Shop(shop.engine) for _ in range(4)]  # nothing in common but the database
    await shop.consume(ana, "calls", 7)
    decisions = await asyncio.gather(*(other.consume(ana) for other in others for _ in range(25)))
    assert [decision.allowed for decision in decisions].count(True) == 3
    assert await shop.used(ana) == 10


async def test_a_denied_use_changes_nothing_and_its_key_may_pass_later(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.consume(ana, "calls", 10)
    before, retry = await everything(shop), shop.retry("later")
    decision = await shop.consume(ana, retry=retry)
    assert (decision.allowed, decision.reason, decision.used) == (False, DecisionReason.LIMIT_REACHED, 10)
    assert await everything(shop) == before
    shop.clock.at_hand += timedelta(days=31)  # the next period
    assert (await shop.consume(ana, retry=retry)).allowed


async def test_a_retry_answers_the_same_and_counts_nothing(shop: Shop) -> None:
    ana = await shop.customer()
    retry = shop.retry("once", "input")
    first = await shop.consume(ana, "calls", 3, retry=retry)
    await shop.consume(ana, "calls", 2)
    shop.clock.at_hand += timedelta(days=1)
    before = await everything(shop)
    assert await shop.consume(ana, "calls", 3, retry=retry) == first
    assert await everything(shop) == before
    with pytest.raises(Refusal) as refused:
        await shop.consume(ana, "calls", 4, retry=shop.retry("once", "another input"))
    assert refused.value.code is ErrorCode.IDEMPOTENCY_MISMATCH
    assert await everything(shop) == before


async def test_retries_at_once_count_once(shop: Shop) -> None:
    ana = await shop.customer()
    others, retry = [Shop(shop.engine) for _ in range(4)], shop.retry("once")
    decisions = await asyncio.gather(*(other.consume(ana, retry=retry) for other in others for _ in range(5)))
    assert all(decision == decisions[0] for decision in decisions)
    assert await shop.used(ana) == 1


async def test_a_soft_limit_lets_pass_and_says_so(shop: Shop) -> None:
    ana = await shop.customer()
    decision = await shop.consume(ana, "soft", 25)
    assert (decision.allowed, decision.reason, decision.remaining) == (True, DecisionReason.OVERAGE_BILLED, 0)
    assert await shop.used(ana, "soft") == 25


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity", "1e18", "0.0000000000001"])
async def test_quantities_that_are_none_are_refused(shop: Shop, quantity: str) -> None:
    ana = await shop.customer()
    with pytest.raises(Refusal) as refused:
        await shop.consume(ana, "calls", quantity)
    assert (refused.value.code, refused.value.field) == (ErrorCode.INVALID, ("quantity",))


async def test_what_is_not_there_gets_an_answer_that_a_gate_can_use(shop: Shop) -> None:
    ana, ben = await shop.customer(), await shop.customer(plan=False)
    cases = [
        (await shop.consume("customer_0"), DecisionReason.NO_SUBSCRIPTION),
        (await shop.consume(ana, visible=frozenset({ben})), DecisionReason.NO_SUBSCRIPTION),
        (await shop.consume(ana, "unheard"), DecisionReason.UNKNOWN_FEATURE),
        (await shop.consume(ben), DecisionReason.NO_SUBSCRIPTION),
    ]
    for decision, reason in cases:
        assert (decision.allowed, decision.reason) == (False, reason)
    for feature in ("sso", "users"):
        with pytest.raises(Refusal):
            await shop.consume(ana, feature)
    assert (await shop.fetch("SELECT count(*) FROM usage_events"))[0][0] == 0


async def test_each_kind_of_meter_takes_a_quantity_in_its_own_way(shop: Shop) -> None:
    ana = await shop.customer()
    assert (await shop.consume(ana, "hits", 3)).used == 3  # three events
    with pytest.raises(Refusal, match="whole number"):
        await shop.consume(ana, "hits", "1.5")
    assert (await shop.consume(ana, "peak", 8)).used == 8
    assert (await shop.consume(ana, "peak", 9)).used == 9  # not 17: the highest counts
    assert not (await shop.consume(ana, "peak", 11)).allowed
    assert (await shop.consume(ana, "storage", 4)).used == 4
    assert (await shop.consume(ana, "storage", 3)).used == 7  # the level rises
    assert not (await shop.consume(ana, "storage", 4)).allowed
    assert (await shop.consume(ana, "bytes", "0.5")).used == D("0.5")
    assert await shop.used(ana, "sends") == 1
    await shop.check_rollups()


async def test_a_level_that_was_recorded_ahead_of_our_clock_is_not_lost(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(shop.event(ana, "level", 5, time=NOON + timedelta(seconds=20)))
    assert (await shop.consume(ana, "storage", 2)).used == 7
    assert (await shop.consume(ana, "storage", 2)).used == 9
    shop.clock.at_hand += timedelta(minutes=1)
    assert await shop.used(ana, "storage") == 9


async def test_time_weighted_levels_are_used_up_by_time(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.consume(ana, "hours", 2)
    shop.clock.at_hand += timedelta(hours=3)
    assert await shop.used(ana, "hours") == 6
    assert (await shop.consume(ana, "hours", 1)).used == 6
    shop.clock.at_hand += timedelta(hours=2)
    assert await shop.used(ana, "hours") == 12
    assert not (await shop.consume(ana, "hours", 1)).allowed


async def test_a_limit_for_life_and_one_by_the_month_on_the_same_meter_are_both_kept(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.consume(ana, "calls", 6)
    shop.clock.at_hand += timedelta(days=31)
    assert (await shop.consume(ana, "lifetime", 3)).used == 9
    assert (await shop.consume(ana, "calls", 2)).used == 5
    assert not (await shop.consume(ana, "lifetime", 1)).allowed


async def test_a_customer_on_a_test_clock_uses_up_in_its_own_time(shop: Shop) -> None:
    from domain.commands import AdvanceClock, CreateClock
    from service.ids import new_id
    from service.write.record import By

    clock = new_id("clock")
    start = datetime(2031, 1, 31, 10, tzinfo=UTC)
    await shop.record(clock, CreateClock(clock, "test", start), By("test"))
    ana = await shop.customer(clock_id=clock)
    assert (await shop.consume(ana, "calls", 10)).resets_at == datetime(2031, 2, 28, 10, tzinfo=UTC)
    assert not (await shop.consume(ana)).allowed
    assert await shop.send(shop.event(ana, time=start + timedelta(minutes=1))) == ["REJECTED"]
    await shop.record(clock, AdvanceClock(datetime(2031, 2, 28, 10, tzinfo=UTC)), By("test"))
    assert (await shop.consume(ana)).used == 1
    (row,) = await shop.fetch("SELECT max(time) FROM usage_events")
    assert row[0] == datetime(2031, 2, 28, 10, tzinfo=UTC)


async def test_a_customer_is_found_by_the_caller_s_own_id(shop: Shop) -> None:
    ana = await shop.customer("ana")
    ref = CustomerRef(external_id="ana")
    assert (await shop.usage.consume(UseRequest(ref, "calls", D(4), frozenset({ana})), shop.retry())).used == 4
    assert await shop.used(ana) == 4
