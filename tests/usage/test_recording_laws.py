"""Laws: however events are ordered, split over batches and repeated, the figures are those of domain.usage over all of
them at once; and what the SQL reads off an event is what the domain reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal as D
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.catalog import Aggregation, Meter
from domain.period import Period
from domain.usage import Measured, Reading, roll_up, total, value_of
from service.usage import UsageEvent, UsageQuery
from tests.usage.conftest import METERS, NOON, Shop

KINDS = ("calls", "hits", "peak", "storage", "users", "hours")
NAMING = ("calls", "hits")
SECONDS = 3 * 3600
# Few distinct instants, so that events meet at the same microsecond and at the edges of hours and periods.
times = st.integers(0, SECONDS).map(lambda s: NOON - timedelta(seconds=s // 600 * 600)) | st.integers(
    0, SECONDS * 10**6
).map(lambda us: NOON - timedelta(microseconds=us))
values = st.decimals(-1000, 1000, places=3) | st.integers(-5, 5).map(D)


class Sent(msgspec.Struct, frozen=True):
    kind: str
    time: datetime
    value: D
    named: bool

    def event(self, shop: Shop, customer: str, subscription: str, id: str) -> UsageEvent:
        meter = METERS[self.kind]
        return shop.event(
            customer,
            meter.event_type,
            self.value,
            id=id,
            time=self.time,
            properties=None if meter.property is None else {meter.property: format(self.value, "f")},
            subscription_id=subscription if self.named and self.kind in NAMING else None,
        )


sents = st.builds(Sent, st.sampled_from(KINDS), times, values, st.booleans())


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data(), sent=st.lists(sents, min_size=1, max_size=40), remembered=st.lists(st.sampled_from(KINDS)))
async def test_order_and_splitting_change_nothing(
    shop: Shop, data: st.DataObject, sent: list[Sent], remembered: list[str]
) -> None:
    ana = await shop.customer()
    for kind in remembered:  # their rows keep count of a period while the events come in
        if kind != "users":
            await shop.reserve(ana, kind)
    (subscription,) = await shop.subscriptions(ana)
    events = [one.event(shop, ana, subscription, f"e{n}") for n, one in enumerate(sent)]
    order = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events)))))
    while order:
        size = data.draw(st.integers(1, len(order)))
        statuses = await shop.send(*order[:size])
        assert set(statuses) <= {"ACCEPTED", "DUPLICATE"}
        order = order[size:]
    await shop.check_rollups()
    edges = sorted(data.draw(st.tuples(times, times.filter(bool))))
    period = Period(edges[0], edges[1] + timedelta(microseconds=1))
    asked = [
        UsageQuery(ana, METERS[kind], of, NOON)
        for kind in KINDS
        for of in (period, Period(NOON - timedelta(days=9), NOON))
    ]
    assert await shop.usage.reads.used(asked) == [expected(ask, sent) for ask in asked]
    naming = [one for one in sent if one.named and one.kind in NAMING]
    assert await shop.usage.reads.used([ask._replace(subscription_id=subscription) for ask in asked]) == [
        expected(ask, naming) for ask in asked
    ]
    for kind in KINDS:
        standing = await shop.standing(ana, kind)
        alone = UsageQuery(ana, METERS[kind], Period(NOON, NOON + timedelta(days=30)), NOON)
        assert standing.used == expected(alone, sent)


def expected(ask: UsageQuery, sent: Sequence[Sent]) -> D:
    readings = [reading(ask.meter, one) for one in sent if METERS[one.kind] is ask.meter]
    inside = [one for one in readings if ask.period.contains(one.time)]
    before = [one for one in readings if one.time < ask.period.start]
    aggregation = ask.meter.aggregation
    rolled = [roll_up(aggregation, inside)] if inside else []
    level = roll_up(aggregation, before).last_value if before else None
    texts = len({one.text for one in inside})
    return total(aggregation, rolled, level, ask.period, ask.at, distinct=texts)


def reading(meter: Meter, one: Sent) -> Reading:
    properties = None if meter.property is None else {meter.property: format(one.value, "f")}
    measured = value_of(meter, one.value, properties)
    assert isinstance(measured, Measured)
    return Reading(one.time, measured.value, measured.text)


json_values: Any = (
    st.none()
    | st.booleans()
    | st.integers(-(10**19), 10**19)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
    | st.from_regex(r"\A-?[0-9]{1,19}(\.[0-9]{0,13})?\Z")
    | st.lists(st.integers(), max_size=2)
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(found=json_values, value=st.none() | values, named=st.booleans())
async def test_the_database_reads_off_an_event_what_the_domain_reads(
    shop: Shop, found: Any, value: D | None, named: bool
) -> None:
    name = 'a "b"' if named else None
    text = msgspec.json.encode({'a "b"': found}).decode()
    for aggregation in Aggregation:
        if aggregation is Aggregation.UNIQUE and not named:
            continue  # an event's value is a number, never a text
        meter = Meter("meter_9", "m", aggregation, "t", name)
        query = "SELECT usage_reading($1, $2, $3, $4::text::json), usage_text($2, $4::text::json)"
        ((number, shown),) = await shop.fetch(query, aggregation.value, name, value, text)
        measured = value_of(meter, value, {'a "b"': found})
        assert number == (measured.value if isinstance(measured, Measured) else None)
        if aggregation is Aggregation.UNIQUE:
            assert shown == (measured.text if isinstance(measured, Measured) else None)
