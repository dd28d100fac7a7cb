"""What is wanted, by what it is for."""

from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from domain.catalog import Price

from .spread import Spread


class Key(NamedTuple):
    """A price, in one of its own periods, of one subscription."""

    subscription: str
    price: str
    start: datetime | None  # None: once


class Want(NamedTuple):
    """`amount` is rounded once. `since`: from when it is charged; `until`: up to when; `ends`: where its period does.
    `spread`: where in its period it belongs, exactly."""

    amount: Fraction
    version: str
    price: Price | None
    since: datetime
    until: datetime
    ends: datetime
    spread: Spread
