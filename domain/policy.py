"""Policies as data: the names by which a plan, a price or the seller's settings choose a convention.

Each is carried out by a small pure function where it belongs (`pricing`, `books`, `billing`); the mechanism around it
does not know which one it runs. Where systems differ, both conventions are here, with who holds the other one.
"""

from enum import StrEnum


class Rounding(StrEnum):
    """How the exact amount of a line becomes one with the currency's digits."""

    HALF_UP = "HALF_UP"  # ties away from zero: commercial rounding, the default
    HALF_EVEN = "HALF_EVEN"  # Python's round(), as Polar uses it
    UP = "UP"
    DOWN = "DOWN"


class ZeroUsage(StrEnum):
    """Whether the flat fee of the first tier is due in a period that used nothing."""

    CHARGED = "CHARGED"  # Stripe, Lago, OpenMeter
    FREE = "FREE"


class ChangeDay(StrEnum):
    """Whose the local day of a change is, where days are counted (BY_DAY)."""

    NEW = "NEW"  # of what begins on it; the day of a cancellation is nobody's
    OLD = "OLD"  # of what ends on it: a cancellation on the 18th pays for the 18th (Lago)


class TrialUsage(StrEnum):
    """What becomes of usage during a trial."""

    FREE = "FREE"
    BILLED = "BILLED"


class ChangeTiming(StrEnum):
    """When a change takes effect. (A plan's own policy knows the first two.)"""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"
    AT = "AT"


class ChangesBilled(StrEnum):
    """When the difference that a change makes is billed."""

    AT_ONCE = "AT_ONCE"
    NEXT_INVOICE = "NEXT_INVOICE"


class BurnBy(StrEnum):
    """One criterion of the order in which credits are used up. Systems differ in the sequence only (published case
    C16)."""

    PRIORITY = "PRIORITY"  # lower first
    EXPIRY = "EXPIRY"  # soonest first, never last
    PROMOTIONAL = "PROMOTIONAL"  # what was given before what was bought
    AGE = "AGE"  # oldest first


class LastStep(StrEnum):
    """What dunning ends with."""

    SUSPEND = "SUSPEND"
    CANCEL = "CANCEL"
    LEAVE = "LEAVE"
