"""What consuming a quantity means to each kind of meter, and the events that say so."""

from datetime import datetime
from decimal import Decimal

from adapters.postgres.usage.events import EventRow
from adapters.postgres.usage.meters import MeterRow
from adapters.postgres.usage.periods import LEVELS
from domain.catalog import Aggregation, Meter
from domain.errors import invalid
from domain.usage import FRACTION_DIGITS
from service.ids import new_id
from service.usage.check import OWN_SOURCE, is_number, to_json

COUNTED_MAX = Decimal(10_000)
"""A COUNT meter counts events, so a quantity of n is n events."""


def check_quantity(meter: Meter, quantity: Decimal) -> None:
    """Raises Refusal."""
    if not is_number(quantity) or quantity <= 0:
        raise invalid(
            f"must be above 0, with at most 18 digits before the point and {FRACTION_DIGITS} after", "quantity"
        )
    if meter.aggregation is Aggregation.UNIQUE:
        raise invalid(f"the meter {meter.key} counts different texts: record events that name them", "feature")
    if meter.aggregation is Aggregation.COUNT and (quantity % 1 or quantity > COUNTED_MAX):
        raise invalid(f"the meter {meter.key} counts events: a whole number, at most {COUNTED_MAX}", "quantity")


def adds(meter: Meter, quantity: Decimal, used: Decimal) -> Decimal:
    """How much more will be used: of a MAX only what lies above the highest so far. A TIME_WEIGHTED level is checked as
    if it were kept for an hour."""
    return max(Decimal(0), quantity - used) if meter.aggregation is Aggregation.MAX else quantity


def events(meter: Meter, quantity: Decimal, row: MeterRow, at: datetime, subscription_id: str | None) -> list[EventRow]:
    """The events that use up the quantity, and name the subscription. A level rises by it; `row` tells where that
    stands."""
    value, times = quantity, 1
    if meter.aggregation is Aggregation.COUNT:
        value, times = Decimal(1), int(quantity)
    elif meter.aggregation in LEVELS:
        level = row.rollup.last_value if row.rollup else row.level_before or Decimal(0)
        value = level + quantity
        at = max(at, row.rollup.last_time) if row.rollup else at  # else the new level would not be the last one
        if not is_number(value):
            raise invalid("the level would have more than 18 digits", "quantity")
    properties = None if meter.property is None else to_json({meter.property: value})
    shown = value if meter.property is None else None
    ids = sorted(new_id("usage") for _ in range(times))
    return [
        EventRow(row.customer_id, OWN_SOURCE, id, meter.event_type, at, b"", shown, properties, subscription_id)
        for id in ids
    ]
