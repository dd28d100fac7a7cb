"""Revenue paid in advance is earned over its period, month by month, and is all earned when the period is over."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from timeline import D, on

from domain.ledger import LedgerAccount, Posting, month_of, recognized
from domain.period import Period

YEAR = Period(on("2026-01-01"), on("2027-01-01"))


def deferred(amount: str, period: Period, currency: str = "EUR") -> Posting:
    """Deferring credits the account: 1200.00 paid for later is −1200.00."""
    return Posting(LedgerAccount.DEFERRED_REVENUE, currency, -D(amount), "invoice_1", "INV-1", period)


def earned(posting: Posting, at: str, month: str, zone: str = "UTC") -> Decimal:
    """What that month adds to revenue."""
    entry = recognized(posting, on(at), month_of(date.fromisoformat(f"{month}-01"), zone))
    if not entry:
        return D(0)
    revenue, out = entry
    assert (revenue.account, out.account) == (LedgerAccount.REVENUE, LedgerAccount.DEFERRED_REVENUE)
    assert revenue.amount + out.amount == 0
    assert (revenue.about, revenue.document) == ("invoice_1", "INV-1")
    return -revenue.amount


def months(posting: Posting, at: str, *names: str) -> list[Decimal]:
    return [earned(posting, at, name) for name in names]


def test_a_year_is_earned_by_the_days_of_its_months() -> None:
    year = [f"2026-{month:02}" for month in range(1, 13)]
    figures = months(deferred("365.00", YEAR), "2026-01-01", *year)
    assert figures == [D(days) for days in (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)]


def test_nothing_is_earned_outside_the_period() -> None:
    assert months(deferred("365.00", YEAR), "2026-01-01", "2025-12", "2027-01") == [0, 0]


def test_months_are_rounded_so_that_they_add_up() -> None:
    quarter = Period(on("2026-10-01"), on("2027-01-01"))  # 92 days: 33.695… 66.304… 100
    figures = months(deferred("100.00", quarter), "2026-10-01", "2026-10", "2026-11", "2026-12")
    assert figures == [D("33.70"), D("32.60"), D("33.70")]


def test_a_currency_without_cents_earns_whole_units() -> None:
    quarter = Period(on("2026-10-01"), on("2027-01-01"))
    figures = months(deferred("100", quarter, "JPY"), "2026-10-01", "2026-10", "2026-11", "2026-12")
    assert figures == [34, 32, 34]


def test_what_was_over_when_it_was_billed_is_earned_in_that_month() -> None:
    late = deferred("365.00", YEAR)
    assert months(late, "2026-03-10", "2026-01", "2026-02", "2026-03", "2026-04") == [0, 0, 90, 30]


def test_billed_ahead_it_is_earned_from_when_the_period_begins() -> None:
    assert months(deferred("365.00", YEAR), "2025-12-15", "2025-12", "2026-01") == [0, 31]


def test_billed_at_the_first_instant_of_a_month_it_belongs_to_that_month() -> None:
    late = deferred("365.00", YEAR)
    assert months(late, "2026-03-01", "2026-02", "2026-03") == [0, 90]


def test_a_reversal_takes_back_at_once_what_was_earned_and_then_month_by_month_the_rest() -> None:
    """A year, voided at half time: from then on the two cancel each other out."""
    year, back = deferred("365.00", YEAR), deferred("-365.00", YEAR)
    assert months(back, "2026-07-01", "2026-06", "2026-07", "2026-08") == [0, -181 - 31, -31]
    assert months(year, "2026-01-01", "2026-06", "2026-07", "2026-08") == [30, 31, 31]


def test_a_month_is_the_sellers_own() -> None:
    """In Paris, 2026 begins on 31 December at 23:00 UTC: the last hour of the year here is the first of theirs."""
    hour = Period(on("2025-12-31 22:00"), on("2026-01-01 00:00"))
    posting = deferred("10.00", hour)
    assert earned(posting, "2025-12-31", "2025-12", "Europe/Paris") == D("5.00")
    assert earned(posting, "2025-12-31", "2026-01", "Europe/Paris") == D("5.00")
    assert earned(posting, "2025-12-31", "2025-12", "UTC") == D("10.00")


instants = st.integers(0, 3 * 365 * 86_400).map(lambda seconds: on("2026-01-01") + timedelta(seconds=seconds))


@given(
    ends=st.tuples(instants, instants).filter(lambda two: two[0] != two[1]),
    after=st.integers(0, 900),
    cents=st.integers(-(10**9), 10**9),
    zone=st.sampled_from(("UTC", "Europe/Paris", "Pacific/Apia", "America/New_York")),
)
def test_all_of_it_is_earned_in_the_end_and_never_more(
    ends: tuple[datetime, datetime], after: int, cents: int, zone: str
) -> None:
    start, end = sorted(ends)
    posting = Posting(LedgerAccount.DEFERRED_REVENUE, "EUR", D(cents).scaleb(-2), "i", period=Period(start, end))
    at = start + timedelta(days=after)
    total = D(0)
    for number in range(12 * 7):
        entry = recognized(posting, at, month_of(date(2025 + number // 12, number % 12 + 1, 1), zone))
        assert sum(posting.amount for posting in entry) == 0
        part = entry[0].amount if entry else D(0)
        assert part * cents >= 0, "it is earned, or taken back, in one direction"
        total += part
        assert abs(total) <= abs(posting.amount)
    assert total == posting.amount
