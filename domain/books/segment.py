"""Segments: a subscription, or one of its add-ons, while its terms do not change. They tile the paid part of its
life."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.catalog import BillingMode, Price
from domain.period import Cadence, period_at
from domain.policy import ChangesBilled, TrialUsage


class BillingSegment(Struct, frozen=True, omit_defaults=True):
    """From `start` up to, but not including, `end` (None: it runs).

    `prices` are those that apply: of the customer's currency and the chosen cadence, overrides in place; `once` those
    due at its start, unless an earlier segment had them already. `quantity` is seats; of an add-on how often it was
    bought. On `trial` nothing recurs, and usage follows `trial_usage`. `minimum` is the least that a period of
    `cadence` costs (of the plan, so not of add-ons). `usage_anchor` and `usage_since` are the subscription's.
    `because`: the number, in its customer's journal, of the event that began it (None: it began under a release that
    did not keep it).
    """

    subscription_id: str
    plan_key: str
    plan_name: str
    version_id: str
    currency: str
    prices: tuple[Price, ...]
    mode: BillingMode
    anchor: datetime
    cadence: Cadence
    zone: str
    quantity: int
    start: datetime
    end: datetime | None = None
    once: tuple[Price, ...] = ()
    add_on: bool = False
    trial: bool = False
    trial_usage: TrialUsage = TrialUsage.FREE
    changes_billed: ChangesBilled = ChangesBilled.AT_ONCE
    minimum: Decimal | None = None
    draft_hours: int = 1
    because: int | None = None
    usage_anchor: datetime | None = None
    usage_since: datetime | None = None

    def anchor_of(self, price: Price) -> datetime:
        """Where the price's periods begin: usage has an anchor of its own."""
        return self.anchor if price.meter_key is None else self.usage_anchor or self.anchor

    def counting_since(self, closed_until: datetime) -> dict[str, datetime]:
        """By meter, when the first usage period began that ends after that instant."""
        found: dict[str, datetime] = {}
        for price in self.prices:
            if price.meter_key is not None:
                at = max(self.start, closed_until)
                at = at if self.end is None else min(at, self.end - datetime.resolution)
                start = period_at(self.anchor_of(price), price.cadence, self.zone, at).start
                found[price.meter_key] = min(start, found.get(price.meter_key, start))
        return found

    def looked_at(self, closed_until: datetime) -> bool:
        """Whether anything it is charged for ends after that instant."""
        if self.end is None:
            return True
        last = self.end - datetime.resolution
        rhythms = {(self.anchor, self.cadence)} | {(self.anchor_of(price), price.cadence) for price in self.prices}
        return any(period_at(anchor, cadence, self.zone, last).end > closed_until for anchor, cadence in rhythms)
