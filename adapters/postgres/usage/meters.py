"""The row of each customer and meter: the lock that writers wait for, and the roll-up of the period last asked for."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import asyncpg
from msgspec import Struct

from adapters.postgres.driver import Driver
from adapters.postgres.usage.json_rows import as_json, figures
from domain.period import Period
from domain.usage import HourRollup

CustomerMeter = tuple[str, str]
"""Customer id and meter key."""


class MeterRow(NamedTuple):
    """`rollup` holds the readings of `period` (None: it has none), `texts` how many different texts a UNIQUE meter
    saw in it, `level_before` the last level read before it. Without a period nothing is remembered.

    Not `complete`: the hours do not hold the events that were recorded before the meter was made.
    """

    customer_id: str
    meter_key: str
    complete: bool = False
    period: Period | None = None
    level_before: Decimal | None = None
    texts: int = 0
    rollup: HourRollup | None = None

    @property
    def key(self) -> CustomerMeter:
        return self.customer_id, self.meter_key

    def forgetting(self) -> "MeterRow":
        """The row without its period: whoever needs one adds it up again."""
        return MeterRow(self.customer_id, self.meter_key, self.complete)


class _MeterJson(Struct):
    customer_id: str
    meter_key: str
    complete: bool
    period_start: datetime | None
    period_end: datetime | None
    level_before: Decimal | None
    texts: int
    count: int
    sum: Decimal | None = None
    max: Decimal | None = None
    first_time: datetime | None = None
    last_time: datetime | None = None
    last_value: Decimal | None = None
    area: Decimal | None = None


_COLUMNS = (
    "m.customer_id, m.meter_key, m.complete, m.period_start, m.period_end, m.level_before, m.texts,"
    " m.count, m.sum, m.max, m.first_time, m.last_time, m.last_value, m.area"
)
_FROM = "FROM unnest($1::text[], $2::text[]) AS wanted (customer_id, meter_key) JOIN usage_meters m"
_READ = f"SELECT {_COLUMNS} {_FROM} USING (customer_id, meter_key)"
_LOCK = f"{_READ} ORDER BY m.customer_id, m.meter_key FOR UPDATE OF m"
_ENSURE = """
    INSERT INTO usage_meters (customer_id, meter_key)
    SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
"""
_WRITE = """
    UPDATE usage_meters m SET complete = n.complete, period_start = n.period_start, period_end = n.period_end,
        level_before = n.level_before, texts = n.texts, count = n.count, sum = n.sum, max = n.max,
        first_time = n.first_time, last_time = n.last_time, last_value = n.last_value, area = n.area
    FROM json_to_recordset($1::text::json) AS n (customer_id text, meter_key text, complete boolean,
        period_start timestamptz, period_end timestamptz, level_before numeric, texts bigint, count bigint, sum numeric,
        max numeric, first_time timestamptz, last_time timestamptz, last_value numeric, area numeric)
    WHERE m.customer_id = n.customer_id AND m.meter_key = n.meter_key
"""


async def ensure(driver: Driver, keys: Collection[CustomerMeter]) -> None:
    """Make the rows that are missing. Outside a transaction: within one, two writers could wait for each other's new
    rows. An empty row says nothing, so it does no harm if what it was made for is refused."""
    await driver.execute(_ENSURE, *_columns(sorted(keys)))


async def lock(driver: Driver, keys: Collection[CustomerMeter]) -> dict[CustomerMeter, MeterRow]:
    """Take the rows until the transaction ends, always in one order. Keys without a row are left out."""
    return {row.key: row for row in map(_row, await driver.fetch(_LOCK, *_columns(keys)))}


async def read(driver: Driver, keys: Collection[CustomerMeter]) -> dict[CustomerMeter, MeterRow]:
    """The rows as they stand, unlocked."""
    return {row.key: row for row in map(_row, await driver.fetch(_READ, *_columns(keys)))}


async def write(driver: Driver, rows: Sequence[MeterRow]) -> None:
    """Store rows that this transaction has locked."""
    if rows:
        await driver.execute(_WRITE, as_json([_stored(row) for row in rows]))


def _columns(keys: Iterable[CustomerMeter]) -> tuple[list[str], list[str]]:
    pairs = list(keys)
    return [customer_id for customer_id, _ in pairs], [meter_key for _, meter_key in pairs]


def _row(row: asyncpg.Record) -> MeterRow:
    customer_id, meter_key, complete, start, end, level_before, texts, count, *rest = row
    period = None if start is None else Period(start, end)
    rollup = HourRollup(count, *rest) if count else None
    return MeterRow(customer_id, meter_key, complete, period, level_before, texts, rollup)


def _stored(row: MeterRow) -> "_MeterJson":
    start, end = (row.period.start, row.period.end) if row.period else (None, None)
    of_period = figures(row.rollup) if row.rollup else (0,)
    return _MeterJson(row.customer_id, row.meter_key, row.complete, start, end, row.level_before, row.texts, *of_period)
