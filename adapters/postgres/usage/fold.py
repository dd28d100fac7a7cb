"""Folds new readings into the hours, the texts and the meters' rows: in the transaction that wrote the events, with the
rows locked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise

from adapters.postgres.driver import Driver
from adapters.postgres.usage import distinct, hours, meters, readings
from adapters.postgres.usage.distinct import DistinctText
from adapters.postgres.usage.hours import MeterHour
from adapters.postgres.usage.meters import CustomerMeter, MeterRow
from adapters.postgres.usage.periods import LEVELS
from adapters.postgres.usage.readings import MeterSpan
from domain.catalog import Aggregation, Meter
from domain.period import BEGINNING, FOREVER, Period
from domain.usage import ADDS_UP, HourRollup, Reading, joins, merge, roll_up

_HOUR = timedelta(hours=1)
SubscriptionMeter = tuple[str, str, str]
"""Customer id, meter key and the id of the subscription that events name."""


async def lock_complete(driver: Driver, wanted: Mapping[CustomerMeter, Meter]) -> dict[CustomerMeter, MeterRow]:
    """The locked rows of these meters. Their hours then hold all events so far: whoever locks a meter first rolls up
    the events that were recorded before it was made."""
    rows = await meters.lock(driver, list(wanted))
    assert len(rows) == len(wanted), "meters.ensure makes the rows first"
    new = [row for row in rows.values() if not row.complete]
    if not new:
        return rows
    spans = [MeterSpan(row.customer_id, wanted[row.key], BEGINNING, FOREVER) for row in new]
    found = await readings.by_hour(driver, spans)
    busy = [span for span, by_hour in zip(spans, found, strict=True) if by_hour]
    named = await readings.by_subscription(driver, [span for span in busy if span.meter.aggregation in ADDS_UP])
    await hours.put(driver, _hours(spans, found) + _hours(named, await readings.by_hour(driver, named)))
    await distinct.rebuild(driver, [span for span in busy if span.meter.aggregation is Aggregation.UNIQUE])
    rows |= {row.key: row.forgetting()._replace(complete=True) for row in new}
    await meters.write(driver, [rows[row.key] for row in new])
    return rows


async def fold(
    driver: Driver,
    wanted: Mapping[CustomerMeter, Meter],
    rows: dict[CustomerMeter, MeterRow],
    new: Mapping[CustomerMeter, Sequence[Reading]],
    named: Mapping[SubscriptionMeter, Sequence[Reading]],
) -> None:
    """Count the `new` readings, whose events have been written. `named`: those of them that name a subscription.
    `rows` are brought up to date."""
    flows: list[MeterHour] = []
    timed: list[MeterHour] = []
    changed: list[CustomerMeter] = []
    for key, group in new.items():
        aggregation = wanted[key].aggregation
        by_hour = _by_hour(aggregation, group)
        into = timed if aggregation is Aggregation.TIME_WEIGHTED else flows
        into += [MeterHour(*key, hour, rollup) for hour, rollup in by_hour.items()]
        after = _remembering(aggregation, rows[key], group, by_hour.values())
        if after != rows[key]:
            rows[key] = after
            changed.append(key)
    for (customer_id, meter_key, subscription_id), group in named.items():
        by_hour = _by_hour(wanted[customer_id, meter_key].aggregation, group)
        own_key = hours.key_of(meter_key, subscription_id)
        flows += [MeterHour(customer_id, own_key, hour, rollup) for hour, rollup in by_hour.items()]
    unique = {key: group for key, group in new.items() if wanted[key].aggregation is Aggregation.UNIQUE}
    if unique:
        for key, texts in (await _new_texts(driver, rows, unique)).items():
            rows[key] = rows[key]._replace(texts=texts)
        await distinct.add(driver, _distinct_texts(unique))
    await hours.add(driver, flows)
    await _put_timed(driver, wanted, timed)
    await meters.write(driver, [rows[key] for key in changed])


async def fold_again(
    driver: Driver,
    wanted: Mapping[CustomerMeter, Meter],
    rows: dict[CustomerMeter, MeterRow],
    at: datetime,
    subscription_id: str | None,
) -> None:
    """Roll up the hour of `at` once more from its events, because one of them was corrected or retracted. That event
    names `subscription_id`, whose hours are rolled up again too."""
    hour = _hour(at)
    spans = [MeterSpan(customer_id, meter, hour, hour + _HOUR) for (customer_id, _), meter in wanted.items()]
    if subscription_id is not None:
        spans += [span._replace(subscription_id=subscription_id) for span in spans if span.meter.aggregation in ADDS_UP]
    found = await readings.by_hour(driver, spans)
    await hours.put(driver, _hours(spans, found))
    empty = [span for span, by_hour in zip(spans, found, strict=True) if not by_hour]
    await hours.remove(driver, [(*_kept_under(span), hour) for span in empty])
    await distinct.rebuild(driver, [span for span in spans if span.meter.aggregation is Aggregation.UNIQUE])
    for key in wanted:
        rows[key] = rows[key].forgetting()
    await meters.write(driver, [rows[key] for key in wanted])


def _hours(spans: Sequence[MeterSpan], found: Sequence[Sequence[tuple[datetime, HourRollup]]]) -> list[MeterHour]:
    """The roll-ups found in each span, as the rows of `usage_hours` that keep them."""
    return [
        MeterHour(*_kept_under(span), *hour) for span, by_hour in zip(spans, found, strict=True) for hour in by_hour
    ]


def _kept_under(span: MeterSpan) -> CustomerMeter:
    return span.customer_id, hours.key_of(span.meter.key, span.subscription_id)


def _by_hour(aggregation: Aggregation, group: Sequence[Reading]) -> dict[datetime, HourRollup]:
    by_hour: defaultdict[datetime, list[Reading]] = defaultdict(list)
    for reading in group:
        by_hour[_hour(reading.time)].append(reading)
    return {hour: roll_up(aggregation, part) for hour, part in by_hour.items()}


def _remembering(
    aggregation: Aggregation, row: MeterRow, group: Sequence[Reading], by_hour: Iterable[HourRollup]
) -> MeterRow:
    """The row with those readings merged in that lie in its period. Where the merge cannot be told from the row alone
    it forgets its period, to be added up again."""
    period = row.period
    if period is None:
        return row
    inside = [part for part in by_hour if period.start <= part.first_time and part.last_time < period.end]
    if sum(part.count for part in inside) < len(group):  # some lie outside
        if aggregation in LEVELS and any(reading.time < period.start for reading in group):
            return row.forgetting()  # the level before the period may have changed
        within = [reading for reading in group if period.contains(reading.time)]
        inside = [roll_up(aggregation, within)] if within else []
    if not inside:
        return row
    parts = [row.rollup, *inside] if row.rollup else inside
    if aggregation is Aggregation.TIME_WEIGHTED:
        parts = sorted(parts, key=lambda part: part.first_time)
        if not all(joins(aggregation, a, b) for a, b in pairwise(parts)):
            return row.forgetting()
    return row._replace(rollup=reduce(lambda a, b: merge(aggregation, a, b), parts))


async def _put_timed(driver: Driver, wanted: Mapping[CustomerMeter, Meter], new: Sequence[MeterHour]) -> None:
    """Hours of time-weighted levels: merged where the new readings lie beside the old ones, else read again."""
    there = await hours.get(driver, [hour[:3] for hour in new])
    put: list[MeterHour] = []
    again: list[MeterSpan] = []
    for hour in new:
        key = (hour.customer_id, hour.meter_key)
        old = there.get((key, hour.hour))
        if old is None:
            put.append(hour)
        elif joins(Aggregation.TIME_WEIGHTED, old, hour.rollup):
            put.append(hour._replace(rollup=merge(Aggregation.TIME_WEIGHTED, old, hour.rollup)))
        else:
            again.append(MeterSpan(hour.customer_id, wanted[key], hour.hour, hour.hour + _HOUR))
    for span, by_hour in zip(again, await readings.by_hour(driver, again), strict=True):
        put += [MeterHour(span.customer_id, span.meter.key, hour, rollup) for hour, rollup in by_hour]
    await hours.put(driver, put)


async def _new_texts(
    driver: Driver, rows: Mapping[CustomerMeter, MeterRow], unique: Mapping[CustomerMeter, Sequence[Reading]]
) -> dict[CustomerMeter, int]:
    """How many texts the period of each row has once the new ones are in it."""
    texts: list[tuple[str, str, str, Period]] = []
    for key, group in unique.items():
        if (period := rows[key].period) is not None:
            fresh = {reading.text for reading in group if reading.text is not None and period.contains(reading.time)}
            texts += [(*key, text, period) for text in fresh]
    known = await distinct.known(driver, texts)
    counts = {key: rows[key].texts - known.get(key, 0) for key in {text[:2] for text in texts}}
    for text in texts:
        counts[text[:2]] += 1
    return counts


def _distinct_texts(unique: Mapping[CustomerMeter, Sequence[Reading]]) -> list[DistinctText]:
    spans: dict[tuple[str, str, str, datetime], tuple[datetime, datetime]] = {}
    for key, group in unique.items():
        for reading in group:
            assert reading.text is not None
            at = (*key, reading.text, _hour(reading.time))
            first, last = spans.get(at, (reading.time, reading.time))
            spans[at] = (min(first, reading.time), max(last, reading.time))
    return [DistinctText(*at, *span) for at, span in spans.items()]


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)
