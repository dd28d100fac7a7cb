"""When deferred revenue is earned: over its period, by elapsed time, month after month of the seller's calendar."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from domain.exact import EXACT, ZERO, divided
from domain.ledger.posting import LedgerAccount, Posting
from domain.money import Money, digits
from domain.period import Grain, Period, bucket, midnight

_MICROSECOND = timedelta(microseconds=1)


def month_of(day: date, zone: str) -> Period:
    """The calendar month that contains the day, in the seller's zone."""
    return bucket(midnight(day, zone), Grain.MONTH, zone)


def recognized(deferred: Posting, at: datetime, month: Period) -> tuple[Posting, ...]:
    """The entry by which the month earns its part of what was deferred at the instant `at`; () if it earns none.

    It is the difference of two rounded running totals, so the months sum to the deferred amount exactly: 100.00 over a
    quarter of 92 days is 33.70 in its first 31, 66.30 after 61, 100.00 at its end, whatever each month rounds to. What
    was over when the invoice was issued is earned in that month. A reversal runs the same way with the other sign.
    """
    part = _earned(deferred, at, month.end) - _earned(deferred, at, month.start)
    if not part:
        return ()
    return (
        Posting(LedgerAccount.REVENUE, deferred.currency, part, deferred.about, deferred.document),
        Posting(LedgerAccount.DEFERRED_REVENUE, deferred.currency, -part, deferred.about, deferred.document),
    )


def _earned(deferred: Posting, at: datetime, until: datetime) -> Decimal:
    """How much of it is earned before `until`; of the sign of its amount."""
    period = deferred.period
    assert deferred.account is LedgerAccount.DEFERRED_REVENUE
    assert period is not None, "what is deferred names its period"
    if until <= max(at, period.start):
        return ZERO
    if until >= period.end:
        return deferred.amount
    elapsed = Decimal((until - period.start) // _MICROSECOND)
    length = Decimal((period.end - period.start) // _MICROSECOND)
    exact = EXACT.multiply(deferred.amount, elapsed)
    return Money(divided(exact, length, digits(deferred.currency), ROUND_HALF_UP), deferred.currency).rounded().amount
