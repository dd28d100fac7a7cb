"""What is wanted of one key, and what has to be read to know it."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.books.line import EventShare, LineKind, Step
from domain.books.segment import BillingSegment
from domain.catalog import Price
from domain.period import Period
from domain.policy import ChangeDay


class Count(Struct, frozen=True):
    """A figure that has to be read before a charge can be worked out: what the meter read in the period; with
    `subscription_id` only off events that name it."""

    meter_key: str
    period: Period
    subscription_id: str | None = None


class Charge(Struct, frozen=True):
    """`amount` is rounded, once. `period` is what is paid for of the `whole`; `changed_at`: since when the present
    quantity holds. `continues`: another price was charged for the beginning of the same period. `events`: of
    usage, which events. `end_day`: OLD, if the local day on which `period` ends is charged for."""

    key: str
    kind: LineKind
    description: str
    currency: str
    quantity: Decimal
    amount: Decimal
    period: Period
    changed_at: datetime
    segment: BillingSegment
    whole: Period
    continues: bool = False
    price: Price | None = None
    tax_category: str = "standard"
    tax_inclusive: bool = False
    usage: Period | None = None
    events: tuple[EventShare, ...] = ()
    steps: tuple[Step, ...] = ()
    end_day: ChangeDay = ChangeDay.NEW
