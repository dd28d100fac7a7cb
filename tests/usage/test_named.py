"""Events that name a subscription: counted for limits like any other, and once more among themselves, so that billing
can tell them from the rest."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from adapters.postgres import partitions
from domain.catalog import Aggregation, Meter, PlanVersion, Terms
from domain.commands import CreateMeter, CreatePlan, Subscribe
from domain.errors import ErrorCode, Refusal
from domain.period import Cadence, Period
from service.ids import new_id
from service.usage import UsageOutcome, UsageQuery
from service.usage.reserve import Settling
from service.write.record import By
from service.write.streams import CATALOG
from tests.api.reads.statements import counted
from tests.usage.conftest import METERS, NOON, Shop
from tests.usage.test_consume import everything
from tests.usage.test_correct import correct

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
YEAR = Period(NOON - timedelta(days=200), NOON + timedelta(days=165))
UNKNOWN = UsageOutcome("REJECTED", "no such subscription")  # type: ignore[arg-type]


async def sold(shop: Shop, customer: str) -> str:
    """The id of one more subscription of the customer's."""
    key = f"plan_{new_id('x')[-8:]}"
    created = await shop.record(
        CATALOG, CreatePlan(new_id("plan"), new_id("version"), key, key, None, Terms()), By("t")
    )
    version: PlanVersion = created.state.plan(key).current
    id = new_id("subscription")
    await shop.record(customer, Subscribe(id, version, cadence=Cadence.MONTH), By("t"))
    return id


async def figures(shop: Shop, customer: str, *subscriptions: str | None, meter: str = "calls") -> list[D]:
    asks = [UsageQuery(customer, METERS[meter], YEAR, NOON, subscription_id=one) for one in subscriptions]
    return await shop.usage.reads.used(asks)


async def test_events_count_for_the_limit_and_once_more_for_the_subscription_they_name(shop: Shop) -> None:
    ana = await shop.customer()
    first, second = *await shop.subscriptions(ana), await sold(shop, ana)
    await shop.consume(ana)  # the meter keeps count of a period from here on
    sent = [
        shop.event(ana, value=2),
        shop.event(ana, value=3, subscription_id=first),
        shop.event(ana, value=4, subscription_id=second),
        shop.event(ana, value="0.5", subscription_id=second, time=NOON - 3 * HOUR),
        shop.event(ana, "hit", subscription_id=second),
    ]
    assert await shop.send(*sent) == ["ACCEPTED"] * 5
    assert await shop.send(*sent) == ["DUPLICATE"] * 5
    assert await shop.used(ana) == 1 + 2 + 3 + 4
    assert await figures(shop, ana, None, first, second) == [D("10.5"), 3, D("4.5")]
    assert await figures(shop, ana, None, first, second, meter="hits") == [1, 0, 1]
    await shop.check_rollups()


async def test_the_same_id_with_another_subscription_is_a_conflict(shop: Shop) -> None:
    ana = await shop.customer()
    first, second = *await shop.subscriptions(ana), await sold(shop, ana)
    assert await shop.send(shop.event(ana, id="x", subscription_id=first)) == ["ACCEPTED"]
    again = [shop.event(ana, id="x", subscription_id=one) for one in (first, second, None)]
    assert await shop.send(*again) == ["DUPLICATE", "CONFLICT", "CONFLICT"]
    assert await shop.send(shop.event(ana, id="y")) == ["ACCEPTED"]
    assert await shop.send(shop.event(ana, id="y", subscription_id=first)) == ["CONFLICT"]


async def test_an_event_that_names_none_is_known_by_what_it_was_always_known_by(shop: Shop) -> None:
    """What was recorded by earlier releases stays a duplicate."""
    ana = await shop.customer()
    event = shop.event(ana, id="x", value="1.50", time=NOON, properties={"b": 1, "a": "2"})
    assert await shop.send(event) == ["ACCEPTED"]
    ((digest,),) = await shop.fetch("SELECT digest FROM usage_ids")
    assert digest.hex() == "34f6c270a25bcbf3cf79e88b3df15218"


async def test_only_a_subscription_of_their_own_can_be_named(shop: Shop) -> None:
    ana, ben = await shop.customer(), await shop.customer()
    (bens,) = await shop.subscriptions(ben)
    before = await everything(shop)
    for named in (bens, new_id("subscription"), ana, "", "subscription_\0", "\ud800", "x" * 10_000):
        for visible in (None, frozenset({ana}), frozenset({ana, ben})):
            sent = shop.event(ana, subscription_id=named)
            assert await shop.outcomes(sent, visible=visible) == [UNKNOWN]
        for act in (shop.consume, shop.reserve):
            with pytest.raises(Refusal) as refused:
                await act(ana, subscription_id=named)
            assert (refused.value.code, refused.value.message) == (ErrorCode.NOT_FOUND, UNKNOWN.message)
            assert refused.value.field == ("subscription_id",)
    assert await everything(shop) == before


async def test_a_meter_that_does_not_add_up_cannot_tell_subscriptions_apart(shop: Shop) -> None:
    ana = await shop.customer()
    (own,) = await shop.subscriptions(ana)
    words = "subscriptionId is only for meters of SUM and COUNT; storage, of LATEST, reads this, too"
    assert await shop.outcomes(shop.event(ana, "level", 3, subscription_id=own)) == [
        UsageOutcome("REJECTED", words)  # type: ignore[arg-type]
    ]
    for act in (shop.consume, shop.reserve):
        with pytest.raises(Refusal) as refused:
            await act(ana, "storage", subscription_id=own)
        assert (refused.value.code, refused.value.message) == (ErrorCode.INVALID, words)
    await shop.send(shop.event(ana, "level", 3))
    assert await figures(shop, ana, None, own, meter="storage") == [3, 0]


async def test_a_correction_goes_on_naming_it(shop: Shop) -> None:
    ana = await shop.customer()
    (own,) = await shop.subscriptions(ana)
    at = NOON - 2 * HOUR
    await shop.send(
        shop.event(ana, id="a", value=2, time=at, subscription_id=own), shop.event(ana, value=5, time=at + MINUTE)
    )
    assert (await correct(shop, ana, "a", "2.5")).subscription_id == own
    assert await figures(shop, ana, None, own) == [D("7.5"), D("2.5")]
    await shop.check_rollups()
    await correct(shop, ana, "a")
    assert await figures(shop, ana, None, own) == [5, 0]
    await shop.check_rollups()
    await correct(shop, ana, "a", 1)
    assert await figures(shop, ana, None, own) == [6, 1]
    await shop.check_rollups()
    page = await shop.usage.reads.events_page(ana, "call", YEAR, None, 10)
    assert [(one.corrects or one.id, one.subscription_id) for one in page if one.value != 5] == [("a", own)] * 4


async def test_what_is_consumed_or_reserved_can_name_it(shop: Shop) -> None:
    ana = await shop.customer()
    (own,) = await shop.subscriptions(ana)
    assert (await shop.consume(ana, quantity=2, subscription_id=own)).allowed
    assert (await shop.consume(ana, "hits", quantity=3, subscription_id=own)).allowed
    reserved = (await shop.reserve(ana, quantity=6, subscription_id=own)).reservation
    assert reserved is not None
    assert not (await shop.consume(ana, quantity=3, subscription_id=own)).allowed
    assert await figures(shop, ana, own) == [2]
    await shop.usage.commit_reservation(Settling(reserved.id, None), D(4), shop.retry())
    assert (await shop.consume(ana)).used == 7
    assert await figures(shop, ana, None, own) == [7, 6]
    assert await figures(shop, ana, None, own, meter="hits") == [3, 3]
    await shop.check_rollups()


async def test_a_meter_made_later_tells_them_apart_as_well(shop: Shop) -> None:
    ana, ben = await shop.customer(), await shop.customer()
    (anas,), (bens,) = await shop.subscriptions(ana), await shop.subscriptions(ben)
    other = await sold(shop, ana)
    await shop.send(
        *(shop.event(ana, value=n, time=NOON - n * HOUR, subscription_id=(None, anas, other)[n % 3]) for n in range(9)),
        shop.event(ana, id="gone", value=50, subscription_id=anas),
        shop.event(ben, value=7, subscription_id=bens),
    )
    await correct(shop, ana, "gone")
    later = [
        Meter("meter_90", "later", Aggregation.SUM, "call"),
        Meter("meter_91", "later_calls", Aggregation.COUNT, "call"),
        Meter("meter_92", "later_peak", Aggregation.MAX, "call"),
    ]
    for meter in later:
        await shop.record(CATALOG, CreateMeter(meter), By("test"))
    asks = [
        UsageQuery(who, meter, YEAR, NOON, subscription_id=named)
        for meter in later
        for who, named in ((ana, None), (ana, anas), (ana, other), (ben, bens))
    ]
    wanted = [36, 1 + 4 + 7, 2 + 5 + 8, 7, 9, 3, 3, 1, 8, 0, 0, 0]
    assert await shop.usage.reads.used(asks) == wanted  # off the events
    assert await shop.send(shop.event(ana, value=0), shop.event(ben, value=0)) == ["ACCEPTED"] * 2
    counted = [0] * 4 + [1, 0, 0, 0] + [0] * 4
    assert await shop.usage.reads.used(asks) == [a + b for a, b in zip(wanted, counted, strict=True)]  # off the hours
    rows = await shop.fetch(
        "SELECT meter_key, sum(count)::int FROM usage_hours WHERE meter_key LIKE 'later%' GROUP BY 1"
    )
    assert dict(tuple(row) for row in rows) == {
        "later": 12,
        f"later/{anas}": 3,
        f"later/{other}": 3,
        f"later/{bens}": 1,
        "later_calls": 12,
        f"later_calls/{anas}": 3,
        f"later_calls/{other}": 3,
        f"later_calls/{bens}": 1,
        "later_peak": 12,
    }


async def test_their_figures_stay_when_the_events_are_past_their_retention(shop: Shop) -> None:
    ana = await shop.customer()
    (own,) = await shop.subscriptions(ana)
    early = datetime(2026, 1, 20, 10, 30, tzinfo=UTC)
    await shop.send(
        *(
            shop.event(ana, value=n, time=early + n * 7 * MINUTE, subscription_id=own if n % 2 else None)
            for n in range(10)
        )
    )
    halves = [Period(early - timedelta(days=9), early + 30 * MINUTE), Period(early + 30 * MINUTE, NOON)]
    asks = [UsageQuery(ana, METERS["calls"], half, NOON, subscription_id=own) for half in halves]
    assert await shop.usage.reads.used(asks) == [1 + 3, 5 + 7 + 9]
    async with shop.engine.connect() as connection:
        await partitions.drop_old(connection, NOON + timedelta(days=500), timedelta(days=400))
    assert await shop.fetch("SELECT FROM usage_events WHERE time < '2026-02-01'") == []
    assert await shop.usage.reads.used(asks) == [1 + 3, 5 + 7 + 9]


async def test_the_statements_do_not_grow_with_the_names(shop: Shop) -> None:
    customers = [await shop.customer() for _ in range(20)]
    named = {who: (await shop.subscriptions(who))[0] for who in customers}
    await shop.send(*(shop.event(who, subscription_id=named[who]) for who in customers))  # rows and months are made

    async def statements(events: int, *, naming: bool) -> int:
        async with counted(shop.engine) as sent:
            chosen = customers[:events]
            await shop.send(*(shop.event(who, subscription_id=named[who] if naming else None) for who in chosen))
        return len(sent)

    few, many, none = (
        await statements(1, naming=True),
        await statements(20, naming=True),
        await statements(20, naming=False),
    )
    assert few == many == none + 1
    asks = [UsageQuery(who, METERS["calls"], YEAR, NOON, subscription_id=named[who]) for who in customers]
    async with counted(shop.engine) as sent:
        assert await shop.usage.reads.used(asks) == [3 if who == customers[0] else 2 for who in customers]
    assert len(sent) <= 4


async def test_what_names_none_writes_no_more_rows(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(shop.event(ana), shop.event(ana, "send", properties={"size": 3}))
    rows = await shop.fetch("SELECT meter_key FROM usage_hours ORDER BY 1")
    assert [row[0] for row in rows] == ["bytes", "calls", "sends"]
