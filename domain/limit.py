"""Limits: what a subscription gave of a metered feature, and from when to when. The history that allowances are told
from, by the gate and by billing alike."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.catalog import Feature
from domain.period import Cadence


class Limit(Struct, frozen=True, omit_defaults=True):
    """Of the plan of a subscription, or of one of its add-ons (`add_on`: that plan's key), from `start` up to, not
    including, `end` (None: it still does). Another version of the plan that changes nothing of it goes on with it.

    `limit` is in units a period, times the add-on's quantity; None: unlimited. `anchor`, `since` and `zone` say how the
    subscription counted use then.
    """

    subscription_id: str
    feature: Feature
    start: datetime
    anchor: datetime
    since: datetime
    zone: str
    add_on: str | None = None
    end: datetime | None = None
    enabled: bool = True
    limit: Decimal | None = None
    hard: bool | None = None
    resets: Cadence | None = None
    rollover: Decimal | None = None
    trial: bool = False

    @property
    def slot(self) -> tuple[str, str | None]:
        """Whose it is: one subscription's plan, or one of its add-ons."""
        return self.subscription_id, self.add_on

    def holds(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)
