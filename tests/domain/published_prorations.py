"""The published cases of changes in mid-period, worked out by our rules. See `test_published_prices`.

A credit is wanted − billed: what the used part comes to, rounded, less what was paid.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from published_tiers import START, Figures, Work, cents, price, shown

from domain.catalog import ChargeModel, ProrationPolicy
from domain.money import rounded
from domain.period import Cadence, Period, nth
from domain.policy import ChangeDay, Rounding
from domain.pricing.proration import prorated, share

D = Decimal
BY_DAY, BY_SECOND = ProrationPolicy.BY_DAY, ProrationPolicy.BY_SECOND
NEW, OLD = ChangeDay.NEW, ChangeDay.OLD


def day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time.min, UTC)


def span(texts: Sequence[str]) -> Period:
    start, end = texts
    return Period(day(start), day(end))


def of_days(days: int, whole: int) -> tuple[Period, Period]:
    """The last so many days of a period that has so many."""
    period = Period(START, START + timedelta(whole))
    return Period(period.end - timedelta(days), period.end), period


def cost(
    amount: object,
    part: Period,
    whole: Period,
    owner: ChangeDay = NEW,
    *,
    begins: ChangeDay | None = None,
    policy: ProrationPolicy = BY_DAY,
    rounding: Rounding = Rounding.HALF_UP,
) -> Decimal:
    exact = Fraction(str(amount)) * share(policy, part, whole, "UTC", owner, begins=begins)
    return rounded(exact, "EUR", rounding)


def given_back(paid: object, whole: Period, at: datetime, owner: ChangeDay = NEW, **how: Any) -> Decimal:
    return cost(paid, Period(whole.start, at), whole, owner, **how) - D(str(paid))


def changed(old: object, new: object, whole: Period, at: datetime, **how: Any) -> tuple[Decimal, Decimal]:
    """The line of the old price and that of the new one, when a paid period is cut at an instant."""
    return given_back(old, whole, at, **how), cost(new, Period(at, whole.end), whole, **how)


def with_left(old: object, new: object, remaining: str) -> tuple[Decimal, Decimal]:
    left, whole = of_days(*(int(figure) for figure in remaining.split("/")))
    return changed(old, new, whole, left.start)


def p01(given: Figures) -> Figures:
    credit, debit = with_left(
        given["old"], given["new"], given["remaining" if "remaining" in given else "elapsed_fraction"]
    )
    return {"credit": shown(credit), "debit": shown(debit), "net": shown(credit + debit)}


def in_cents(given: Figures) -> tuple[Decimal, Decimal]:
    return D(given["old_cents"]) / 100, D(given["new_cents"]) / 100


def p04a(given: Figures) -> Figures:
    start = day(given["period_start"])
    whole = Period(start, nth(start, Cadence.MONTH, "UTC", 1))
    how: Figures = {"policy": BY_SECOND, "rounding": Rounding.HALF_EVEN}
    credit, debit = changed(*in_cents(given), whole, day(given["changed_at"]), **how)
    return {"credit_cents": cents(-credit), "debit_cents": cents(debit)}


def p05(given: Figures) -> Figures:
    """The new price begins a period of its own and is due in full."""

    def row(one: Figures) -> Figures:
        start, at = day(one["period_start"]), day(one["changed_at"])
        old = {"m": Cadence.MONTH, "y": Cadence.YEAR}[one["old_interval"]]
        new = Cadence.YEAR if old is Cadence.MONTH else Cadence.MONTH
        old_price, new_price = in_cents(one)
        how: Figures = {"policy": BY_SECOND, "rounding": Rounding.HALF_EVEN}
        credit = given_back(old_price, Period(start, nth(start, old, "UTC", 1)), at, **how)
        own = Period(at, nth(at, new, "UTC", 1))
        return {"credit_cents": cents(-credit), "debit_cents": cents(cost(new_price, own, own, **how))}

    return {"rows": [row(figures) for figures in given["rows"]]}


def p08(given: Figures) -> Figures:
    def delta(row: Figures) -> str:
        after, whole = of_days(*(int(figure) for figure in row["remaining"].split("/")))
        of = price(ChargeModel.PER_SEAT, D(row["unit_cents"]) / 100, proration=BY_SECOND)
        wanted = prorated(of, [(Period(whole.start, after.start), row["from"]), (after, row["to"])], whole, "UTC")
        billed = prorated(of, [(whole, row["from"])], whole, "UTC")
        return cents(rounded(wanted.exact, "EUR") - rounded(billed.exact, "EUR"))

    return {"delta_cents": [delta(row) for row in given["rows"]]}


def p10(given: Figures) -> Figures:
    """The yearly period ends with 28 June 2024 and began a year before: 366 days."""
    end = day(given["new_period"][1]) + timedelta(days=1)
    whole = Period(nth(end, Cadence.YEAR, "UTC", -1), end)
    assert (whole.end - whole.start).days == given["days_in_year_period"]
    fee = cost(D(given["new_yearly_cents"]) / 100, Period(day(given["changed_on"]), end), whole)
    return {"new_fee_cents": cents(fee)}


def p11(given: Figures) -> Figures:
    return {"fee_cents": cents(cost(D(given["yearly_cents"]) / 100, *of_days(given["days"], given["period_days"])))}


def p13(given: Figures) -> Figures:
    def fee(inclusive: Sequence[str]) -> str:
        whole = Period(day(inclusive[0]), day(inclusive[1]) + timedelta(days=1))
        stay = span([given["started"], given["terminated"]])
        return cents(cost(D(given["quarter_cents"]) / 100, stay, whole, OLD, begins=NEW))

    return {
        "anniversary_cents": fee(given["anniversary_period"]),
        "calendar_cents": fee(given["calendar_period"]),
    }


def p14b(given: Figures) -> Figures:
    """Lago #4760. In December the old price had been paid for the last 22 days."""
    august, december = given["aug"], given["dec"]
    old, new = D(august["already_paid_full_month_cents"]) / 100, D(december["new_cents"]) / 100
    in_august = with_left(old, new, f"{august['days']}/{august['of']}")
    paid, whole = of_days(december["paid_days"], december["of"])
    left, _ = of_days(december["days"], december["of"])
    billed = cost(old, paid, whole)
    assert cents(billed) == str(december["already_paid_cents"])
    credit = cost(old, Period(paid.start, left.start), whole) - billed
    return {"aug_cents": cents(sum(in_august, D(0))), "dec_cents": cents(cost(new, left, whole) + credit)}


def p15(given: Figures) -> Figures:
    """Lago gives the day to a new plan but not to a cancellation; with us each is a policy, and a price has one."""
    start, monthly = day(given["started"]), D(given["monthly_cents"]) / 100
    whole = Period(start, nth(start, Cadence.MONTH, "UTC", 1))
    stay = Period(start, day(given["event_on"]))
    return {
        "if_terminated_cents": cents(cost(monthly, stay, whole, OLD)),
        "if_upgraded_cents": cents(cost(monthly, stay, whole, NEW)),
    }


def p17(given: Figures) -> Figures:
    at, february = day(given["changed_on"]), span(["2024-02-01", "2024-03-01"])
    old, new, usage = (D(given[key]) / 100 for key in ("old_cents", "new_cents", "usage_cents"))
    credit, debit = changed(old, new, february, at)
    before, after = cost(usage, Period(february.start, at), february), cost(usage, Period(at, february.end), february)
    return {
        "credit_note_cents": cents(-credit),
        "new_fee_cents": cents(debit),
        "usage_fee_cents": cents(before),
        "invoice_total_cents": cents(debit + before + credit),
        "march_invoice_cents": cents(new + after),
    }


def p18(given: Figures) -> Figures:
    at, february = day(given["terminated"]), span(["2024-02-01", "2024-03-01"])
    monthly, usage = D(given["monthly_cents"]) / 100, D(given["usage_cents"]) / 100
    same_day = given_back(monthly, february, february.start + timedelta(hours=1), OLD)
    return {
        "credit_note_cents": cents(-given_back(monthly, february, at, OLD)),
        "usage_fee_cents": cents(cost(usage, Period(february.start, at), february, OLD)),
        "same_day_credit_note_cents": cents(-same_day),
    }


def p44(given: Figures) -> Figures:
    _, debit = with_left(0, given["price"], given["fraction"])
    return {"amount": shown(debit)}


def p45(given: Figures) -> Figures:
    remaining = f"{given['remaining']}/{given['period_days']}"
    credit, debit = with_left(given["old_monthly"], given["new_monthly"], remaining)
    return {"credit": shown(-credit), "or_charge": shown(credit + debit)}


def p48(given: Figures) -> Figures:
    whole, at = span(given["period"]), day(given["changed_on"])
    credit, debit = changed(given["old_yearly"], given["new_yearly"], whole, at)
    days = share(BY_DAY, Period(at, whole.end), whole, "UTC", NEW) * 365
    return {"days_left": str(days), "next_invoice": shown(D(given["new_yearly"]) + debit + credit)}


def p49(given: Figures) -> Figures:
    credit, charge = with_left(given["old"], given["new"], given["remaining"])
    _, once = with_left(0, D(given["new"]) - D(given["old"]), given["remaining"])
    return {
        "credit": shown(-credit),
        "charge": shown(charge),
        "net": shown(credit + charge),
        "if_rounded_once": shown(once),
    }


def p51(given: Figures) -> Figures:
    credit, charge = with_left(given["old"], given["new"], given["remaining"])
    return {"credit": shown(-credit), "charge": shown(charge), "net": shown(credit + charge)}


def p52(given: Figures) -> Figures:
    def moved(old: str, new: str) -> Figures:
        adjustment = sum(with_left(old, new, given["remaining"]), D(0))
        return {"adjustment": shown(adjustment), "next_invoice": shown(D(new) + adjustment)}

    return {"up": moved(given["low"], given["high"]), "down": moved(given["high"], given["low"])}


REPRODUCED: dict[str, Work] = {
    "P01": p01,
    "P02": p01,
    "P04a": p04a,
    "P05": p05,
    "P08": p08,
    "P10": p10,
    "P11": p11,
    "P13": p13,
    "P14b": p14b,
    "P15": p15,
    "P17": p17,
    "P18": p18,
    "P44": p44,
    "P45": p45,
    "P48": p48,
    "P49": p49,
    "P51": p51,
    "P52": p52,
}

_BUG = "the figure of the bug"
_LONGER = "we charge the difference; we do not lengthen the period instead"
PARTS: dict[tuple[str, str], str] = {
    ("P13", "bug_calendar_cents"): _BUG,
    ("P13", "bug_anniversary_cents"): _BUG,
    **{("P45", key): _LONGER for key in ("new_daily", "extra_days", "new_end")},
}

# ── where we hold another convention: what we get instead ──


def ours_p50(given: Figures) -> Figures:
    refund, charge = with_left(given["old"], given["new"], f"{given['days_left']}/{given['of']}")
    assert shown(charge) == "49.5", "3.30 a day is exact"
    assert shown(-refund) == "5"
    return {"refund": shown(-refund)}


DIFFERS: dict[str, tuple[Work, Figures, str]] = {
    "P50": (
        ours_p50,
        {"refund": "5"},
        "A daily rate rounded to cents loses five of them. We round the amount, once.",
    ),
}
