"""recordUsage: each event once, whatever is retried, raced or repeated."""

import asyncio
import random
from datetime import timedelta
from decimal import Decimal as D

import pytest

from domain.errors import Refusal
from service.usage import CustomerRef, UsageEvent
from tests.usage.conftest import NOON, RETENTION_DAYS, Shop

MINUTE = timedelta(minutes=1)


async def test_an_event_counts_at_once(shop: Shop) -> None:
    ana = await shop.customer()
    assert await shop.send(shop.event(ana, value="2.5")) == ["ACCEPTED"]
    assert await shop.used(ana) == D("2.5")
    assert shop.changed == [ana]


async def test_a_retried_batch_is_all_duplicates_and_counts_once(shop: Shop) -> None:
    ana = await shop.customer()
    events = [shop.event(ana, value=n, time=NOON - n * MINUTE) for n in range(1, 50)]
    assert set(await shop.send(*events)) == {"ACCEPTED"}
    assert set(await shop.send(*events)) == {"DUPLICATE"}
    assert await shop.used(ana, "lifetime") == 0  # all lie before the customer was made
    assert (await shop.fetch("SELECT sum(sum) FROM usage_hours"))[0][0] == sum(range(1, 50))
    await shop.check_rollups()


async def test_a_retry_without_a_time_is_a_duplicate_though_it_comes_later(shop: Shop) -> None:
    ana = await shop.customer()
    event = shop.event(ana)
    assert await shop.send(event) == ["ACCEPTED"]
    shop.clock.at_hand += timedelta(days=40)  # in another month, so in another partition
    assert await shop.send(event) == ["DUPLICATE"]
    assert (await shop.fetch("SELECT count(*) FROM usage_events"))[0][0] == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"value": 1}, {"value": 2}),
        ({"type": "call"}, {"type": "hit"}),
        ({"time": NOON}, {"time": NOON - MINUTE}),
        ({"time": NOON}, {}),
        ({}, {"time": NOON}),
        ({"properties": {"a": 1}}, {"properties": {"a": "1"}}),
        ({"value": 1, "properties": {"a": 1}}, {"value": 2}),
    ],
)
async def test_the_same_id_with_other_content_is_a_conflict_and_changes_nothing(
    shop: Shop, first: dict[str, object], second: dict[str, object]
) -> None:
    ana = await shop.customer()
    assert await shop.send(shop.event(ana, id="x", **first)) == ["ACCEPTED"]
    (outcome,) = await shop.outcomes(shop.event(ana, id="x", **second))
    assert outcome == ("CONFLICT", "an event with this id was recorded with other content")
    (within, again) = await shop.outcomes(shop.event(ana, id="y", **first), shop.event(ana, id="y", **second))
    assert (within.status, again) == ("ACCEPTED", outcome)
    assert (await shop.fetch("SELECT count(*) FROM usage_events"))[0][0] == 2
    await shop.check_rollups()


async def test_content_is_compared_by_what_it_means(shop: Shop) -> None:
    ana = await shop.customer()
    event = shop.event(ana, id="x", value="1.50", time=NOON, properties={"a": 1, "b": D("2.5")})
    same = shop.event(ana, id="x", value="1.5", time=NOON.astimezone(), properties={"b": "2.5", "a": 1}, source="")
    assert await shop.send(event, same) == ["ACCEPTED", "DUPLICATE"]
    assert await shop.send(same) == ["DUPLICATE"]


async def test_the_same_id_from_another_source_or_customer_is_another_event(shop: Shop) -> None:
    ana, ben = await shop.customer(), await shop.customer()
    events = [shop.event(ana, id="e1", value=5), shop.event(ana, id="e1", value=5, source="b")]
    assert await shop.send(*events, shop.event(ben, id="e1", value=7)) == ["ACCEPTED"] * 3
    assert (await shop.used(ana), await shop.used(ben)) == (10, 7)


async def test_within_a_batch_the_first_that_is_whole_wins_and_what_is_stored_wins_over_it(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(shop.event(ana, id="x", value=1))
    batch = [
        shop.event(ana, id="x", value=2),
        shop.event(ana, id="x", value=1),
        shop.event(ana, id="y", type="nothing reads this"),
        shop.event(ana, id="y", value=3),
        shop.event(ana, id="y", value=3),
        shop.event(ana, id="y", value=4),
    ]
    assert await shop.send(*batch) == ["CONFLICT", "DUPLICATE", "REJECTED", "ACCEPTED", "DUPLICATE", "CONFLICT"]


async def test_what_is_wrong_with_an_event_is_said_and_the_others_are_recorded(shop: Shop) -> None:
    ana, gone = await shop.customer("ana"), await shop.customer("gone")
    await shop.customers.erase(gone, _by())
    unknown = UsageEvent("u", CustomerRef("customer_0"), "call", quantity=D(1))
    by_name = UsageEvent("n", CustomerRef(external_id="ana"), "call", quantity=D(1))
    nobody = UsageEvent("m", CustomerRef(external_id="nobody"), "call", quantity=D(1))
    future = NOON + timedelta(seconds=31)
    old = NOON - timedelta(days=RETENTION_DAYS, microseconds=1)
    cases = {
        unknown: "no such customer",
        nobody: "no such customer",
        by_name: None,
        shop.event(gone): "the customer was erased",
        shop.event(ana, "unheard"): "no meter reads events of type 'unheard'",
        shop.event(ana, value=None): "value is missing: the meter calls reads it",
        shop.event(ana, "load", None): "properties.cpu is missing: the meter peak reads it",
        shop.event(ana, time=future): f"time lies in the future: it is {NOON.isoformat()}",
        shop.event(ana, time=NOON + timedelta(seconds=30)): None,
        shop.event(ana, time=old): "time lies more than 400 days back",
        shop.event(ana, time=NOON - timedelta(days=RETENTION_DAYS)): None,
        shop.event(ana, time=NOON.replace(tzinfo=None)): "time must have an offset",
        shop.event(ana, id=""): "id must be 1 to 255 characters",
        shop.event(ana, id="\0"): "id must be 1 to 255 characters",
        shop.event(ana, source="tollgate"): "source must be at most 255 characters, and not tollgate",
        shop.event(ana, "hit", "NaN"): "value must have at most 18 digits before the point and 12 after it",
        shop.event(ana, "hit", "1e18"): "value must have at most 18 digits before the point and 12 after it",
    }
    events = list(cases)
    told = {event.id: outcome.message for event, outcome in zip(events, await shop.outcomes(*events), strict=True)}
    assert told == {event.id: message for event, message in cases.items()}
    bad = [shop.event(ana, properties={"a": text}) for text in ("\0", "\ud800", "x" * 9_000)]
    assert await shop.send(*bad) == ["REJECTED"] * 3
    await shop.check_rollups()


async def test_customers_that_may_not_be_seen_are_answered_as_if_they_were_not_there(shop: Shop) -> None:
    ana, ben = await shop.customer("ana"), await shop.customer("ben")
    events = [shop.event(ana), shop.event(ben), UsageEvent("n", CustomerRef(external_id="ben"), "call", quantity=D(1))]
    outcomes = await shop.outcomes(*events, visible=frozenset({ana}))
    assert [one.message for one in outcomes] == [None, "no such customer", "no such customer"]
    assert await shop.used(ben) == 0


async def test_one_event_feeds_every_meter_of_its_type(shop: Shop) -> None:
    ana = await shop.customer()
    await shop.send(*(shop.event(ana, "send", None, properties={"size": size}) for size in ("0.5", 3)))
    assert (await shop.used(ana, "bytes"), await shop.used(ana, "sends")) == (D("3.5"), 2)


async def test_two_connections_that_send_the_same_events_in_another_order_record_each_once(shop: Shop) -> None:
    customers = [await shop.customer() for _ in range(5)]
    kinds: list[tuple[str, object, object]] = [
        ("call", 1, None),
        ("hit", None, None),
        ("disk", 2, None),
        ("login", None, {"user": "a"}),
    ]
    events = [
        shop.event(customer, type, value, properties=properties, time=NOON - n * MINUTE)
        for n, customer in enumerate(customers * 20)
        for type, value, properties in kinds
    ]
    orders = [random.Random(n).sample(events, len(events)) for n in range(6)]
    outcomes = await asyncio.gather(*(shop.send(*order) for order in orders))
    statuses = [status for group in outcomes for status in group]
    assert statuses.count("ACCEPTED") == len(events)
    assert statuses.count("DUPLICATE") == len(events) * 5
    await shop.check_rollups()


async def test_many_single_requests_at_once_are_gathered_and_each_gets_its_own_answer(shop: Shop) -> None:
    ana = await shop.customer()
    events = [shop.event(ana, id=f"s-{n % 150}", value=1) for n in range(300)] + [shop.event(ana, "unheard")]
    before = (await shop.fetch("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))[0][0]
    outcomes = [one for group in await asyncio.gather(*(shop.send(event) for event in events)) for one in group]
    assert (outcomes.count("ACCEPTED"), outcomes.count("DUPLICATE"), outcomes[-1]) == (150, 150, "REJECTED")
    assert before is not None
    assert await shop.used(ana) == 150


async def test_more_than_ten_thousand_events_are_refused(shop: Shop) -> None:
    ana = await shop.customer()
    events = [shop.event(ana) for _ in range(10_001)]
    with pytest.raises(Refusal, match="at most 10000 events"):
        await shop.send(*events)
    assert set(await shop.send(*events[:10_000])) == {"ACCEPTED"}
    assert set(await shop.send(*events[:10_000])) == {"DUPLICATE"}
    assert await shop.used(ana) == 10_000


def _by():  # type: ignore[no-untyped-def]
    from service.write.record import By

    return By("test")
