"""The right to one feature at one instant, with the sources that it is the sum of."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from domain.catalog import Feature
from domain.period import Cadence, Period
from domain.rights.source import Source
from domain.usage import carry_over


class EarlierPeriod(Struct, frozen=True):
    """A usage period before the present one: what was allowed at its end (None: unlimited), and how much of what was
    left could roll over. `rollover` None: nothing was given in it, as in a pause, so what came in goes through."""

    period: Period
    limit: Decimal | None
    rollover: Decimal | None


class Entitlement(Struct, frozen=True):
    """The right to one feature at one instant. METERED: `limit` unless `unlimited`, counted over `period`, the usage
    period that contains the instant: a tile of `anchor` that begins no earlier than `since`. `earlier`: the complete
    periods from which something may have rolled into it, oldest first.
    """

    feature: Feature
    enabled: bool
    sources: tuple[Source, ...]
    limit: Decimal | None = None
    unlimited: bool = False
    hard: bool = False
    value: Any = None
    period: Period | None = None
    resets: Cadence | None = None
    rollover: Decimal | None = None
    since: datetime | None = None
    anchor: datetime | None = None
    zone: str = "UTC"
    earlier: tuple[EarlierPeriod, ...] = ()

    def carried(self, used: Iterable[Decimal]) -> Decimal:
        """What rolled into the present period, given what each of the `earlier` ones used."""
        each = zip(self.earlier, used, strict=True)
        return carry_over((period.limit, period.rollover, figure) for period, figure in each)
